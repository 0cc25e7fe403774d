"""The action's inputs become a call of a verb; every wrong one is reported at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

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
    RunOptions,
    Unreadable,
    Verbosity,
)
from heroci_action.repository.paths import parse_prefix
from heroci_action.sharding import Shard
from heroci_action.text import suggest

T = TypeVar("T")


class Verb(StrEnum):
    """The values of the input `command`."""

    RUN = "run"
    REPORT = "report"
    MERGE = "merge"


# The values are compared as YAML 1.2 spells booleans, no other spelling is guessed at.
BOOLEANS = {"true": True, "false": False}
VERBOSITIES = {level.name.lower(): level for level in Verbosity}
ENGINES = {choice.value: choice for choice in EngineChoice}
VERBS = {verb.value: verb for verb in Verb}
UNREADABLE = {choice.value: choice for choice in Unreadable}
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
        "cache-dir",
        "publish",
    ),
    Verb.REPORT: ("junit", "coverage", "lint", "path-prefix"),
    Verb.MERGE: ("results",),
}
"""The inputs that make sense with one command alone; all others do with every one."""

UNTOUCHED = {"engine": EngineChoice.AUTO.value, "publish": "false"}
"""The defaults in action.yml of those of them that do not come empty when the workflow does not set them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the action is asked to do; RunOptions are those of `run`. `cache` is where a run keeps environments."""

    verb: Verb
    options: RunOptions | ReportOptions
    cache: Path | None = None


class Inputs:
    """Reads inputs by name and collects what is wrong with them.

    The runner hands an input over as INPUT_ and its name in capitals, blanks as underscores, dashes kept; one that is
    not set is empty (actions/runner, ContainerActionHandler).
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def text(self, name: str) -> str:
        """The text without blanks around it."""
        return self._environ.get(f"INPUT_{name.upper()}", "").strip()

    def read(self, name: str, convert: Callable[[str], T], default: T) -> T:
        """The converted value, the default for an empty input; `convert` raises ValueError with what it wants."""
        text = self.text(name)
        if not text:
            return default
        try:
            return convert(text)
        except ValueError as error:
            self.refuse(name, f"{text!r} {error}")
            return default

    def given(self, name: str, convert: Callable[[str], T]) -> T | None:
        """The converted value, None for an empty input."""
        return self.read(name, convert, None)

    def flag(self, name: str, *, default: bool) -> bool:
        """The value of a boolean."""
        return self.read(name, _one_of(BOOLEANS), default)

    def refuse(self, name: str, message: str, *, remedy: str | None = None) -> None:
        """Note what is wrong with an input."""
        self.problems.append(Problem(key=name, message=message, remedy=remedy, origin="inputs"))


def call_from(environ: Mapping[str, str]) -> Call:
    """The call that the inputs ask for. Raises ConfigurationError with every input that makes no sense."""
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
        return Call(verb=Verb.RUN, options=run, cache=cache)
    return Call(verb=verb, options=report)


def _shared(inputs: Inputs) -> Options:
    return Options(
        path=inputs.read("working-directory", _directory, Path()),
        verbosity=inputs.read("log-level", _one_of(VERBOSITIES), Verbosity.NORMAL),
        unreadable=inputs.given("unreadable", _one_of(UNREADABLE)),
        reference=Reference(baseline=inputs.given("baseline", Path)),
        gates=Gates(
            fail_on=inputs.read("fail-on", _one_of(FAIL_ON), FailOn.FAILURES),
            coverage_minimum=inputs.given("coverage-minimum", _percent),
            coverage_minimum_diff=inputs.given("coverage-minimum-diff", _percent),
        ),
        destination=Destination(
            output=inputs.read("output", Path, DEFAULT_OUTPUT),
            annotations=inputs.flag("annotations", default=True),
            summary=inputs.flag("summary", default=True),
            api=_api(inputs),
        ),
    )


def _api(inputs: Inputs) -> GitHubApi | None:
    """Nothing is asked of the API without a token, which a workflow may not have: on a fork, secrets are empty."""
    token = inputs.text("token")
    check_run = inputs.flag("check-run", default=False)
    comment = inputs.flag("comment", default=False)
    if token and not (check_run or comment):
        inputs.refuse(
            "token", "is given, but nothing needs it", remedy="set check-run or comment to true"
        )
    asked = token and (check_run or comment)
    return GitHubApi(token=token, check_run=check_run, comment=comment) if asked else None


def _run_options(inputs: Inputs, shared: Options) -> RunOptions:
    return RunOptions(
        **_fields(shared),
        config=inputs.given("config", _file),
        engine=inputs.read("engine", _one_of(ENGINES), EngineChoice.AUTO),
        stages=inputs.read("stages", _names, ()),
        skip=inputs.read("skip", _names, ()),
        fail_fast=inputs.given("fail-fast", _one_of(BOOLEANS)),
        max_parallel=inputs.given("max-parallel", _count),
        timeout=inputs.given("timeout-minutes", _minutes),
        shard=inputs.given("shard", Shard.parse),
        runner_host=inputs.text("runner-host") or None,
        # The workflow decides: a pull request can change the configuration, but not the workflow of a push.
        publish=inputs.flag("publish", default=False),
        install_system_packages=True,  # the action's container belongs to the run, and is root's
    )


def _report_options(inputs: Inputs, shared: Options) -> ReportOptions:
    return ReportOptions(
        **_fields(shared),
        results=_lines(inputs.text("results")) or _lines(inputs.text("junit")),
        coverage=_lines(inputs.text("coverage")),
        lint=_lines(inputs.text("lint")),
        path_prefixes=inputs.read("path-prefix", _prefixes, ()),
    )


def _fields(shared: Options) -> dict[str, Any]:
    return {name: getattr(shared, name) for name in Options.__dataclass_fields__}


def _check_verb(inputs: Inputs, verb: Verb) -> None:
    """Say which inputs the command does nothing with, and which of its own are missing."""
    for other, names in OF_ONE_VERB.items():
        for name in names:
            if other is not verb and inputs.text(name) not in ("", UNTOUCHED.get(name)):
                inputs.refuse(
                    name,
                    f"makes no sense with command {verb.value!r}",
                    remedy=f"leave it out, or set command to {other.value}",
                )
    own = OF_ONE_VERB[verb]
    files = tuple(name for name in own if name != "path-prefix")
    if verb is not Verb.RUN and not any(map(inputs.text, files)):
        inputs.refuse(
            own[0], f"is missing: command {verb.value!r} needs {' or '.join(files)}", remedy=_FILES
        )


_FILES = "give names or globs of files, one a line"


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
    """A path may hold blanks and commas, so each has a line of its own."""
    return tuple(line for line in map(str.strip, text.splitlines()) if line)


def _prefixes(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(map(parse_prefix, _lines(text)))


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("is not a whole number from 1")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _minutes(text: str) -> float:
    value = _number(text)
    if not 0 < value < math.inf:
        raise ValueError("is not a number of minutes above 0")
    return value * 60


def _percent(text: str) -> float:
    value = _number(text)
    if not 0 <= value <= 100:  # noqa: PLR2004  percent
        raise ValueError("is not a percentage from 0 to 100")
    return value


def _directory(text: str) -> Path:
    if not Path(text).is_dir():
        raise ValueError("is not a directory of the workspace")
    return Path(text)


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise ValueError("is not a file of the workspace")
    return Path(text)
