"""A limit of the user as a step of the stage `gates`."""

from __future__ import annotations

from heroci_action.results.records import Status, StepResult


def limit(name: str, *, met: bool, words: str) -> StepResult:
    """Return the step of a limit; `words` state the measured figure, and the limit if it is not met."""
    if met:
        return StepResult(name=name, status=Status.PASSED, facts={"measured": words})
    return StepResult(name=name, status=Status.FAILED, reason=words)


def skipped_limit(name: str, reason: str) -> StepResult:
    """Return the step of a limit that was not checked."""
    return StepResult(name=name, status=Status.SKIPPED, reason=reason)
