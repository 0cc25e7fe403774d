"""Problems while publishing, with their remedies."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from heroci_action.errors import ExitCode
from heroci_action.output_directory import ANOTHER
from heroci_action.results.records import Result, StageResult, Status, StepResult

STAGE = "reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishProblem:
    """A report that could not be published."""

    report: str
    cause: str
    remedy: str


def attempt(
    report: str, action: Callable[[], None], *, remedy: str | None = None
) -> PublishProblem | None:
    """Run an action and return its problem, if any; without `remedy`, it is one for the output directory."""
    try:
        action()
    except OSError as error:
        cause = f"cannot write {report}: {error.strerror or error}"
        remedy = remedy or _REMEDIES.get(error.errno or 0, ANOTHER)
        return PublishProblem(report=report, cause=cause, remedy=remedy)
    except Exception as error:  # noqa: BLE001  a bug in one report must not suppress the others
        cause = f"cannot create {report}: {type(error).__name__}: {error}"
        remedy = "this is a bug in HeroCI, please report it"
        return PublishProblem(report=report, cause=cause, remedy=remedy)
    return None


def lost_process(report: str, error: Exception) -> PublishProblem:
    """Return the problem of a report whose process ended early."""
    cause = f"cannot create {report}: {error}"
    return PublishProblem(report=report, cause=cause, remedy=_REMEDIES[errno.ENOMEM])


def with_problems(result: Result, problems: tuple[PublishProblem, ...]) -> Result:
    """Return the result with its problems as a stage: a run without its reports has not passed."""
    if not problems:
        return result
    steps = tuple(
        StepResult(
            name=problem.report,
            status=Status.ERRORED,
            reason=problem.cause,
            remedy=problem.remedy,
        )
        for problem in problems
    )
    stage = StageResult(name=STAGE, emoji="📄", status=Status.ERRORED, steps=steps)
    stages = (*(one for one in result.stages if one.name != STAGE), stage)
    if result.exit_code:
        return replace(result, stages=stages)
    return replace(result, stages=stages, status=Status.ERRORED, exit_code=ExitCode.ENGINE)


_FULL = f"free some space, or {ANOTHER} on a larger disk"
_DENIED = f"allow user {os.getuid()} to write there, or {ANOTHER}"
_OCCUPIED = f"a file has the name of the directory: {ANOTHER}"

_REMEDIES = {
    errno.ENOMEM: "give the machine more memory, or report fewer files at a time",
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: f"the file system is read-only: {ANOTHER}",
    errno.EEXIST: _OCCUPIED,
    errno.ENOTDIR: _OCCUPIED,
}
