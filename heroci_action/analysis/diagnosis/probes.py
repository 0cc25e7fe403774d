"""Recognize a crash of HeroCI's own probes, which is a bug of HeroCI and no failure of the project."""

from __future__ import annotations

import re

from heroci_action.analysis.diagnosis.exceptions import last_exception

_PLUGIN = "INTERNALERROR> "
# Probes call Python's own functions for the project in functions of that name; their exceptions are the project's.
_FRAME = re.compile(r'^ +File "([^"\n]+)", line \d+, in (?!forward_)', re.MULTILINE)
_PROBE = re.compile(r"(?:^|/)(heroci_\w+\.py)$")


def crashed_probe(output: str, *, is_probe: bool) -> str | None:
    """Return the probe whose crash ended a step, and its exception; None if the project's code or nothing crashed.

    `is_probe`: the step runs a probe. In other steps, only a crash of HeroCI's plugin is distinguished from one of
    the project, whose code the hooks call.
    """
    lines = [line for line in output.splitlines() if line.startswith(_PLUGIN)]
    if not (lines or is_probe):
        return None
    text = "\n".join(line.removeprefix(_PLUGIN) for line in lines) if lines else output
    frames = _FRAME.findall(text)
    probe = _PROBE.search(frames[-1]) if frames else None
    return f"{probe[1]}: {last_exception(text)}" if probe else None
