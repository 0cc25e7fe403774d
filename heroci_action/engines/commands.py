"""What commands and variables of a plan mean, the same on every engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from heroci_action.engines.base import StepOutcome
from heroci_action.plan.placeholders import fill
from heroci_action.plan.stages import Stage, Step

COMMAND_NOT_FOUND = 127  # the shell's exit code for it (POSIX, 2.8.2)
SHELL = ("/bin/sh", "-ec")
# Programs in an image that pass on the command they are given, so that it must go through them.
PASSING_ON = ("entrypoint", ".sh", "tini", "dumb-init", "docker-init")


def arguments_of(line: str | tuple[str, ...]) -> tuple[str, ...]:
    """The arguments for a command in either of its forms: a string goes to the shell."""
    return (*SHELL, line) if isinstance(line, str) else line


def not_there(program: str) -> StepOutcome:
    """What comes of a command whose program is missing."""
    return StepOutcome(
        exit_code=COMMAND_NOT_FOUND,
        cause=f"{program!r} is not there",
        remedy="install it, or name the package that brings it in `apt` or `packages`",
    )


def declared(stage: Stage, step: Step, values: Mapping[str, str]) -> dict[str, str]:
    """The variables that the plan declares for the step, filled in."""
    variables = {**stage.env, **step.env}
    if "app.url" in values:
        variables.setdefault("HEROCI_BASE_URL", values["app.url"])
    return {name: fill(value, values) for name, value in variables.items()}


def passes_on(entrypoint: Iterable[str]) -> bool:
    """Whether a command in an image with this entry point has to go through it."""
    first = next(iter(entrypoint), "")
    return any(part in first for part in PASSING_ON)
