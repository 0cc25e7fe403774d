"""The action's inputs become options; every wrong one is reported at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from heroci_action.errors import ConfigurationError, Problem
from heroci_action.options import EngineChoice, RunOptions, Verbosity
from heroci_action.plan import suggest

T = TypeVar("T")

# The values are compared as YAML 1.2 spells booleans, no other spelling is guessed at.
BOOLEANS = {"true": True, "false": False}
VERBOSITIES = {level.name.lower(): level for level in Verbosity}


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
            self.problems.append(Problem(key=name, message=f"{text!r} {error}", origin="inputs"))
            return default


def options_from(environ: Mapping[str, str]) -> RunOptions:
    """The options that the inputs ask for. Raises ConfigurationError with every input that makes no sense."""
    inputs = Inputs(environ)
    none: bool | None = None
    number: int | None = None
    minutes: float | None = None
    options = RunOptions(
        path=inputs.read("working-directory", _directory, Path()),
        engine=inputs.read(
            "engine", _one_of({choice.value: choice for choice in EngineChoice}), EngineChoice.AUTO
        ),
        stages=inputs.read("stages", _names, ()),
        skip=inputs.read("skip", _names, ()),
        fail_fast=inputs.read("fail-fast", _one_of(BOOLEANS), none),
        max_parallel=inputs.read("max-parallel", _count, number),
        timeout=inputs.read("timeout-minutes", _minutes, minutes),
        output=inputs.read("output", Path, RunOptions().output),
        verbosity=inputs.read("log-level", _one_of(VERBOSITIES), Verbosity.NORMAL),
        runner_host=inputs.text("runner-host") or None,
        install_system_packages=True,  # the action's container belongs to the run, and is root's
    )
    if inputs.problems:
        raise ConfigurationError(tuple(inputs.problems))
    return options


def _one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    def convert(text: str) -> T:
        if text not in values:
            message = f"is not one of {', '.join(values)}{suggest(text, values)}"
            raise ValueError(message)
        return values[text]

    return convert


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in re.split(r"[,\s]+", text) if name)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("is not a whole number from 1")
    return int(text)


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ValueError("is not a number of minutes above 0")
    return value * 60


def _directory(text: str) -> Path:
    if not Path(text).is_dir():
        raise ValueError("is not a directory of the workspace")
    return Path(text)
