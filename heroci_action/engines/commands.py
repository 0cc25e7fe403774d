"""The meaning of a plan's commands and variables; shared by all engines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from heroci_action.engines.base import StepOutcome
from heroci_action.plan.placeholders import fill
from heroci_action.plan.stages import Stage, Step

COMMAND_NOT_FOUND = 127  # the shell's exit code for it (POSIX, 2.8.2)
SHELL = ("/bin/sh", "-ec")
# Entry points that execute the command they are given, so the command must go through them.
_FORWARDING = ("entrypoint", ".sh", "tini", "dumb-init", "docker-init")


def arguments_of(line: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the arguments of a command; a string is run by the shell."""
    return (*SHELL, line) if isinstance(line, str) else line


def command_not_found(program: str) -> StepOutcome:
    """Return the outcome of a command whose program does not exist."""
    return StepOutcome(
        exit_code=COMMAND_NOT_FOUND,
        cause=f"command not found: {program!r}",
        remedy="install it, or add the package that contains it to `apt` or `packages`",
    )


def declared_variables(stage: Stage, step: Step, values: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the plan declares for the step, with placeholders filled in."""
    variables = {**stage.env, **step.env}
    if "app.url" in values:
        variables.setdefault("HEROCI_BASE_URL", values["app.url"])
    return {name: fill(value, values) for name, value in variables.items()}


def forwards_command(entrypoint: Iterable[str]) -> bool:
    """Return whether a command in an image with this entry point has to go through it."""
    first = next(iter(entrypoint), "")
    return any(part in first for part in _FORWARDING)
