"""Read what failed in the last run, for `heroci run --failed`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from heroci_action.errors import UsageError
from heroci_action.output_directory import RESULT
from heroci_action.pipeline.tests import NAME as TESTS
from heroci_action.pipeline.tests import run_names
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES
from heroci_action.project import ProjectConfig
from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.results.serialise import load
from heroci_action.text import count


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFailures:
    """The stages to run again, and the tests by step as in `RunContext.only`; `summary` describes both."""

    stages: tuple[str, ...]
    tests: Mapping[str, tuple[tuple[str, str], ...]] | None
    summary: str


def read_last_failures(output: Path, project: ProjectConfig) -> LastFailures:
    """Read the result in the output directory. Raise UsageError if there is none, or if nothing failed."""
    result = _load(output / RESULT)
    known = {*BUILT_IN_STAGES, *project.config.stages, "publish"}
    stages = tuple(
        stage.name
        for stage in result.stages
        if stage.status.is_unsuccessful and stage.name in known
    )
    if result.project != project.root.name:
        raise UsageError(
            f"the last run in {output.as_posix()!r} is of the project {result.project!r}",
            remedy="name its directory with --output, or run without --failed",
        )
    if not stages:
        raise UsageError(
            f"nothing failed in the last run in {output.as_posix()!r}",
            remedy="run without --failed",
        )
    tests = next((_tests(stage, project) for stage in result.stages if stage.name == TESTS), None)
    return LastFailures(stages=stages, tests=tests, summary=_summary(stages, tests))


def _load(path: Path) -> Result:
    try:
        return load(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"--failed needs the result of the last run, but {path.as_posix()!r} cannot be read: {error.strerror}",
            remedy="run once without --failed, or name the directory of its reports with --output",
        ) from error


def _tests(
    stage: StageResult, project: ProjectConfig
) -> dict[str, tuple[tuple[str, str], ...]] | None:
    """Return the tests to run by step; None if failed tests alone do not explain the failure of the stage."""
    steps = {step.name: step for step in stage.steps}
    names = run_names(project)
    runs = [steps[name] for name in names if name in steps]
    others = (step for step in stage.steps if step.name not in names)
    if len(runs) != len(names) or any(step.status.is_unsuccessful for step in others):
        return None
    return dict(_failed(runs)) or None


def _failed(runs: list[StepResult]) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    for step in runs:
        failed = tuple(
            (test.classname, test.name) for test in step.tests if test.status.is_unsuccessful
        )
        if step.status is not Status.PASSED:
            yield step.name, failed if _is_complete(step) else ()


def _is_complete(step: StepResult) -> bool:
    """Return whether every test ran, so that all others have passed."""
    return step.status is Status.FAILED and not step.incomplete and not step.problems


def _summary(stages: tuple[str, ...], tests: Mapping[str, tuple[object, ...]] | None) -> str:
    number = sum(map(len, tests.values())) if tests and all(tests.values()) else 0
    only = f" ({count(number, 'test')})" if number else ""
    named = (f"{name}{only}" if name == TESTS else name for name in stages)
    return f"only what failed in the last run: {', '.join(named)}"
