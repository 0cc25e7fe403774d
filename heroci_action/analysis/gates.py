"""Judge a result by the limits of the user; each limit becomes a step with a status and a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heroci_action.analysis.coverage_gates import coverage_limits
from heroci_action.analysis.limits import limit, skipped_limit
from heroci_action.analysis.unexplained import describe_failures
from heroci_action.options import FailOn, Gates
from heroci_action.results.records import Result, Severity, StageResult, Status, StepResult
from heroci_action.text import seconds

STAGE = "gates"


def judge(result: Result, gates: Gates) -> Result:
    """Return the result with its verdict.

    A stage whose failure does not count becomes optional. Every limit becomes a step of the stage `gates`; a limit for
    something that was not measured is not met.
    """
    stages = tuple(
        stage if _counts(stage, result, gates.fail_on) else replace(stage, optional=True)
        for stage in result.stages
    )
    steps = tuple(_limits(result, gates))
    if steps:
        ends = {step.status for step in steps}
        order = (Status.FAILED, Status.PASSED, Status.SKIPPED)
        status = next(status for status in order if status in ends)
        reason = steps[0].reason if status is Status.SKIPPED else None
        gate = StageResult(name=STAGE, emoji="🚦", status=status, reason=reason, steps=steps)
        stages = (*stages, gate)
    return verdict(replace(result, stages=stages))


def judge_run(result: Result, gates: Gates) -> Result:
    """Judge a run of HeroCI itself: no gate accepts anything graver than a failure, or a run in which nothing ran."""
    judged = judge(result, gates)
    explained = any(stage.status is Status.FAILED and not stage.optional for stage in result.stages)
    if result.exit_code > 1 or (result.exit_code and not explained):
        return replace(judged, status=result.status, exit_code=result.exit_code)
    return judged


def verdict(result: Result) -> Result:
    """Return the result with the status and exit code that follow from its stages."""
    ends = {stage.status for stage in result.stages if not stage.optional}
    worst = (Status.CANCELLED, Status.ERRORED, Status.FAILED)
    status = next((status for status in worst if status in ends), Status.PASSED)
    return replace(result, status=status, exit_code=int(status is not Status.PASSED))


def _counts(stage: StageResult, result: Result, fail_on: FailOn) -> bool:
    """Return whether the failure of a stage makes the report fail."""
    match fail_on:
        case FailOn.NOTHING:
            return _is_unknown(stage)
        case FailOn.ERRORS:
            errored = any(test.status is Status.ERRORED for test in stage.tests)
            return errored or _is_broken(stage)
        case FailOn.NEW_FAILURES if result.comparison:
            return _is_broken(stage) or _has_news(stage, result)
        case _:
            return True


def _is_unknown(stage: StageResult) -> bool:
    """Return whether the outcome is not known, because a report is missing or broken, or the engine failed."""
    return stage.status is Status.ERRORED or any(step.problems for step in stage.steps)


def _is_broken(stage: StageResult) -> bool:
    """Return whether more than tests and findings failed, such as a migration or the build of the image."""
    return _is_unknown(stage) or any(
        step.status.is_failure and not failures(step) for step in stage.steps
    )


def _has_news(stage: StageResult, result: Result) -> bool:
    if result.comparison is None:
        return True
    new = set(result.comparison.new)
    findings = set(result.comparison.new_findings)
    return any(test.id in new for test in stage.tests) or any(
        finding in findings and finding.severity is Severity.ERROR for finding in stage.diagnostics
    )


def _limits(result: Result, gates: Gates) -> Iterator[StepResult]:
    yield from (_unless_partial(step, result) for step in coverage_limits(result, gates))
    if gates.max_duration is not None:
        over = result.duration > gates.max_duration
        words = f"{'the run' if result.engine else 'the tests'} took {seconds(result.duration)}"
        yield limit(
            "max-duration",
            met=not over,
            words=f"{words}, more than {seconds(gates.max_duration)}" if over else words,
        )


def _unless_partial(step: StepResult, result: Result) -> StepResult:
    """Return a skipped gate if only a part of the tests was to run, because its coverage proves nothing."""
    if result.partial is None:
        return step
    return skipped_limit(step.name, f"not checked in a partial run ({result.partial})")


def failures(step: StepResult) -> str:
    """Return why a step with these tests and findings failed; empty if it did not."""
    errors = (finding for finding in step.diagnostics if finding.severity is Severity.ERROR)
    return describe_failures(step.tests, errors)
