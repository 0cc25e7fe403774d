"""A model of GitHub's runner: how it interprets what a step prints and writes.

Lines end at LF, CR or both. A command is `::name properties::message` after blanks, or `##[name properties]message`
anywhere; after `stop-commands` only the token counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NEW = re.compile(
    r"\s*::(?P<name>[^\s:]+)(?: (?P<properties>[^:]*(?::(?!:)[^:]*)*))?::(?P<message>.*)", re.DOTALL
)
_OLD = re.compile(r"##\[(?P<name>[^\s\]]+)(?: (?P<properties>[^\]]*))?\](?P<message>.*)", re.DOTALL)
_ESCAPES = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}
_SPECIAL = re.compile("|".join(_ESCAPES))


@dataclass(frozen=True)
class Obeyed:
    """A command that the runner executes."""

    name: str
    message: str
    properties: dict[str, str] = field(default_factory=dict)


def obeyed(text: str) -> list[Obeyed]:
    """Return the commands in a step's output, in order."""
    found: list[Obeyed] = []
    token: str | None = None
    for line in re.split(r"\r\n|\r|\n", text):
        match = _NEW.match(line) or _OLD.search(line)
        if not match:
            continue
        command = _command(match)
        if token is not None:
            if command.name == token:
                token = None
            continue
        if command.name == "stop-commands":
            token = command.message
        else:
            found.append(command)
    assert token is None, "commands were never let in again"
    return found


def _command(match: re.Match[str]) -> Obeyed:
    pairs = (pair.split("=", 1) for pair in (match["properties"] or "").split(",") if "=" in pair)
    properties = {key.strip(): _unescaped(value) for key, value in pairs}
    return Obeyed(match["name"], _unescaped(match["message"]), properties)


def _unescaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text)


def outputs(text: str) -> dict[str, str]:
    """Return the pairs in an output file: `name=value`, or a value between delimiters."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if "<<" in line and ("=" not in line or line.index("<<") < line.index("=")):
            name, delimiter = line.split("<<", 1)
            value: list[str] = []
            for inner in lines:
                if inner == delimiter:
                    break
                value.append(inner)
            else:
                raise AssertionError(f"the delimiter of {name!r} never came")
            found[name] = "\n".join(value)
        elif line:
            name, value_text = line.split("=", 1)
            found[name] = value_text
    return found
