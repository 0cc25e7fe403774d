"""Convert the inputs of the action into a call; all wrong inputs are reported at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from heroci_action.cli.python_versions import is_python_version
from heroci_action.errors import ConfigurationError, Problem
from heroci_action.options import (
    DEFAULT_OUTPUT,
    Destination,
    EngineChoice,
    FailOn,
    Gates,
    GitHubApi,
    Options,
    Reference,
    ReportOptions,
    Reruns,
    RunOptions,
    Unreadable,
    Verbosity,
)
from heroci_action.repository.path_prefixes import PathPrefix
from heroci_action.sharding import Shard
from heroci_action.text import suggest

T = TypeVar("T")


class Verb(StrEnum):
    """The values of the input `command`."""

    RUN = "run"
    REPORT = "report"
    MERGE = "merge"


# Booleans as in YAML 1.2; no other spelling is accepted.
BOOLEANS = {"true": True, "false": False}
VERBOSITIES = {level.name.lower(): level for level in Verbosity}
ENGINES = {choice.value: choice for choice in EngineChoice}
VERBS = {verb.value: verb for verb in Verb}
UNREADABLE = {choice.value: choice for choice in Unreadable}
RERUNS = {choice.value: choice for choice in Reruns}
FAIL_ON = {choice.value: choice for choice in FailOn}

OF_ONE_VERB: dict[Verb, tuple[str, ...]] = {
    Verb.RUN: (
        "engine",
        "runner-host",
        "config",
        "stages",
        "skip",
        "fail-fast",
        "max-parallel",
        "timeout-minutes",
        "shard",
        "python",
        "cell",
        "cache-dir",
        "cache",
        "refresh",
        "publish",
    ),
    Verb.REPORT: ("junit", "coverage", "lint", "path-prefix"),
    Verb.MERGE: ("results",),
}
"""The inputs that only one command uses; every command uses all others."""

UNTOUCHED = {
    "engine": EngineChoice.AUTO.value,
    "cache": "true",
    "refresh": "false",
    "publish": "false",
}
"""Inputs that have a default in action.yml, so that they are never empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The requested verb with its options.

    `cache` is the directory for results and environments, `cells` are names or values of cells of the matrix.
    """

    verb: Verb
    options: RunOptions | ReportOptions
    cache: Path | None = None
    cells: tuple[str, ...] = ()


class Inputs:
    """Reads inputs by name and collects all errors.

    The runner passes an input as INPUT_ and its name in capitals; dashes are kept, and an unset input is empty
    (actions/runner, ContainerActionHandler).
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def text(self, name: str) -> str:
        """Return the text without surrounding blanks."""
        return self._environ.get(f"INPUT_{name.upper()}", "").strip()

    def read(self, name: str, convert: Callable[[str], T], default: T) -> T:
        """Return the converted value, or the default for an empty input; `convert` raises ValueError."""
        text = self.text(name)
        if not text:
            return default
        try:
            return convert(text)
        except ValueError as error:
            self.refuse(name, f"{text!r} {error}")
            return default

    def given(self, name: str, convert: Callable[[str], T]) -> T | None:
        """Return the converted value, or None for an empty input."""
        return self.read(name, convert, None)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return the value of a boolean."""
        return self.read(name, _one_of(BOOLEANS), default)

    def refuse(self, name: str, message: str, *, remedy: str | None = None) -> None:
        """Record an error in an input."""
        self.problems.append(Problem(key=name, message=message, remedy=remedy, origin="inputs"))


def call_from(environ: Mapping[str, str]) -> Call:
    """Return the requested call. Raises ConfigurationError with every wrong input."""
    inputs = Inputs(environ)
    verb = inputs.given("command", _one_of(VERBS))
    shared = _shared(inputs)
    run = _run_options(inputs, shared)
    report = _report_options(inputs, shared)
    if verb or not inputs.text("command"):
        _check_verb(inputs, verb or Verb.RUN)
    cache = inputs.given("cache-dir", Path)
    if inputs.problems:
        raise ConfigurationError(tuple(inputs.problems))
    if verb in (None, Verb.RUN):
        cells = _lines(inputs.text("cell"))
        return Call(verb=Verb.RUN, options=run, cache=cache, cells=cells)
    return Call(verb=verb, options=report)


def _shared(inputs: Inputs) -> Options:
    return Options(
        path=inputs.read("working-directory", _directory, Path()),
        verbosity=inputs.read("log-level", _one_of(VERBOSITIES), Verbosity.NORMAL),
        unreadable=inputs.given("unreadable", _one_of(UNREADABLE)),
        reruns=inputs.given("reruns", _one_of(RERUNS)),
        reference=Reference(baseline=inputs.given("baseline", Path)),
        gates=Gates(
            fail_on=inputs.read("fail-on", _one_of(FAIL_ON), FailOn.FAILURES),
            coverage_minimum=inputs.given("coverage-minimum", _percent),
            coverage_minimum_lines=inputs.given("coverage-minimum-lines", _percent),
            coverage_minimum_branches=inputs.given("coverage-minimum-branches", _percent),
            coverage_minimum_diff=inputs.given("coverage-minimum-diff", _percent),
            coverage_maximum_drop=inputs.given("coverage-maximum-drop", _percent),
        ),
        destination=Destination(
            output=inputs.read("output", Path, DEFAULT_OUTPUT),
            title=inputs.text("title"),
            annotations=inputs.flag("annotations", default=True),
            summary=inputs.flag("summary", default=True),
            api=_api(inputs),
        ),
    )


def _api(inputs: Inputs) -> GitHubApi | None:
    """Return what to publish through the API; nothing without a token, because secrets are empty on a fork."""
    token = inputs.text("token")
    check_run = inputs.flag("check-run", default=False)
    comment = inputs.flag("comment", default=False)
    if token and not (check_run or comment):
        inputs.refuse(
            "token", "is set, but nothing uses it", remedy="set check-run or comment to true"
        )
    asked = token and (check_run or comment)
    return GitHubApi(token=token, check_run=check_run, comment=comment) if asked else None


def _run_options(inputs: Inputs, shared: Options) -> RunOptions:
    return RunOptions(
        **shared.shared_fields(),
        config=inputs.given("config", _file),
        engine=inputs.read("engine", _one_of(ENGINES), EngineChoice.AUTO),
        stages=inputs.read("stages", _names, ()),
        skip=inputs.read("skip", _names, ()),
        fail_fast=inputs.given("fail-fast", _one_of(BOOLEANS)),
        max_parallel=inputs.given("max-parallel", _count),
        timeout=inputs.given("timeout-minutes", _minutes),
        shard=inputs.given("shard", Shard.parse),
        python=inputs.given("python", _python),
        runner_host=inputs.text("runner-host") or None,
        # The workflow decides, because a pull request can change the configuration.
        publish=inputs.flag("publish", default=False),
        use_cache=inputs.flag("cache", default=True),
        refresh=inputs.flag("refresh", default=False),
        # The container belongs to the run, and the user is root.
        install_system_packages=True,
    )


def _report_options(inputs: Inputs, shared: Options) -> ReportOptions:
    return ReportOptions(
        **shared.shared_fields(),
        results=_lines(inputs.text("results")) or _lines(inputs.text("junit")),
        coverage=_lines(inputs.text("coverage")),
        lint=_lines(inputs.text("lint")),
        path_prefixes=inputs.read("path-prefix", _prefixes, ()),
    )


def _check_verb(inputs: Inputs, verb: Verb) -> None:
    """Record the inputs that the command does not use, and its own inputs that are missing."""
    for other, names in OF_ONE_VERB.items():
        for name in names:
            if other is not verb and inputs.text(name) not in ("", UNTOUCHED.get(name)):
                inputs.refuse(
                    name,
                    f"is not used by command {verb.value!r}",
                    remedy=f"remove it, or set command to {other.value}",
                )
    own = OF_ONE_VERB[verb]
    files = tuple(name for name in own if name != "path-prefix")
    if verb is not Verb.RUN and not any(map(inputs.text, files)):
        inputs.refuse(
            own[0], f"is missing: command {verb.value!r} needs {' or '.join(files)}", remedy=_FILES
        )


_FILES = "set it to file names or globs, one per line"


# Conversions


def _one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    def convert(text: str) -> T:
        if text not in values:
            message = f"is not one of {', '.join(values)}{suggest(text, values)}"
            raise ValueError(message)
        return values[text]

    return convert


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in re.split(r"[,\s]+", text) if name)


def _lines(text: str) -> tuple[str, ...]:
    """Return the lines; paths can contain blanks and commas."""
    return tuple(line for line in map(str.strip, text.splitlines()) if line)


def _prefixes(text: str) -> tuple[PathPrefix, ...]:
    return tuple(map(PathPrefix.parse, _lines(text)))


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("is not a positive whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _minutes(text: str) -> float:
    value = _number(text)
    if not 0 < value < math.inf:
        raise ValueError("is not a positive number of minutes")
    return value * 60


def _percent(text: str) -> float:
    value = _number(text)
    if not 0 <= value <= 100:  # noqa: PLR2004  percent
        raise ValueError("is not a percentage from 0 to 100")
    return value


def _python(text: str) -> str:
    if not is_python_version(text):
        raise ValueError("is not a version of Python 3 such as 3.13")
    return text


def _directory(text: str) -> Path:
    if not Path(text).is_dir():
        raise ValueError("is not a directory of the workspace")
    return Path(text)


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise ValueError("is not a file of the workspace")
    return Path(text)
