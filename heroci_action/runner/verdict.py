"""Judge steps, stages and runs; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from heroci_action.analysis.diagnosis import Diagnosis, Tree, diagnose, last_exception
from heroci_action.analysis.skipped import all_skipped, describe_skipped
from heroci_action.analysis.unexplained import describe_failures
from heroci_action.engines.base import StepOutcome
from heroci_action.errors import ExitCode, HeroCIError
from heroci_action.plan.actions import (
    BuildImage,
    CollectReports,
    InstallDependencies,
    InstallSystemPackages,
)
from heroci_action.plan.report_kinds import RECORDS
from heroci_action.plan.stages import Stage, Step
from heroci_action.readers import Readings
from heroci_action.results.records import StageResult, Status, StepResult, TestCase
from heroci_action.runner.completeness import (
    Ended,
    early_end,
    excuse_failfast,
    ran_completely,
    signal_name,
    unfinished_tests,
)
from heroci_action.text import count, seconds, some

# Work of the engine itself: a full disk or a dead network is not the project's fault there.
_OF_THE_ENGINE = (InstallSystemPackages, InstallDependencies, BuildImage)

_SIGNALLED = 128
"""An exit code above this is 128 plus the number of a signal, by the shell's convention."""

_COMPARED = 1_000
"""Failed tests that are compared to find their common cause."""

_EXAMINED = 16_000
"""Characters of the details of each, from the end."""

_INSTALLER = re.compile(r"\b(?:pip|uv|poetry|pdm|pipenv|apt-get|apt|npm|yarn|pnpm)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a step or stage ended, why, and what to do about it."""

    status: Status
    reason: str | None = None
    remedy: str | None = None


PASSED = Verdict(status=Status.PASSED)


def judge_step(  # noqa: PLR0913  independent evidence about one step, all named
    step: Step,
    outcome: StepOutcome | HeroCIError | None,
    readings: Readings,
    *,
    tail: str,
    ended: Ended | None = None,
    tree: Tree | None = None,
) -> StepResult:
    """Return the result of a step; it has passed only if its exit code and its reports agree.

    `outcome` is None if the step was cancelled, and `ended` is the reason; `tail` is the end of its output.
    `tree` is the repository.
    """
    exit_code = outcome.exit_code if isinstance(outcome, StepOutcome) else None
    incomplete = not ran_completely(readings.run)
    readings = excuse_failfast(readings, ended)
    unfinished = unfinished_tests(readings.run, exit_code=exit_code, ended=ended)
    result = replace(
        _reported(step, readings),
        output=tail,
        tests=(*readings.tests, *unfinished),
        incomplete=incomplete,
    )
    if outcome is None:
        return result
    if isinstance(outcome, HeroCIError):
        return replace(result, status=Status.ERRORED, reason=outcome.cause, remedy=outcome.remedy)
    return _with_verdict(result, outcome, _judge(step, outcome, readings, tail=tail, tree=tree))


def _reported(step: Step, readings: Readings) -> StepResult:
    """Return what the reports of a step contain, without a verdict: as the result of a cancelled step."""
    return StepResult(
        name=step.name,
        status=Status.CANCELLED,
        command=str(step.action),
        diagnostics=readings.diagnostics,
        facts=readings.facts,
        splits=readings.splits,
        fixtures=readings.fixtures,
        problems=readings.problems,
        warnings=readings.warnings,
    )


def _with_verdict(result: StepResult, outcome: StepOutcome, verdict: Verdict) -> StepResult:
    """Add the verdict, and what the engine knows about the step, to the content of its reports."""
    return replace(
        result,
        status=verdict.status,
        reason=verdict.reason,
        remedy=verdict.remedy,
        exit_code=outcome.exit_code,
        cached=outcome.cached,
        origin=outcome.origin,
        facts={**outcome.facts, **result.facts},
        python=outcome.python,
        warnings=outcome.warnings + result.warnings,
    )


def _judge(
    step: Step, outcome: StepOutcome, readings: Readings, *, tail: str, tree: Tree | None
) -> Verdict:
    if outcome.timed_out:
        return Verdict(status=Status.CANCELLED)
    if outcome.exit_code:
        return _failure(step, outcome, readings, tail=tail, tree=tree)
    reason = early_end(readings.run, outcome.exit_code) or _contradiction(readings)
    return _failed(reason) if reason else _reports_tests(step, readings)


def _contradiction(readings: Readings) -> str | None:
    """Return how the reports contradict an exit code of 0."""
    bad = sum(test.status.is_failure for test in readings.tests)
    if bad:
        return f"exited with code 0, but its report contains {count(bad, 'failed test')}"
    if readings.run is not None and readings.run.exit_code:
        return f"pytest exited with code {readings.run.exit_code}, but the test process with code 0"
    return "; ".join(readings.problems) or None


def _reports_tests(step: Step, readings: Readings) -> Verdict:
    """Judge whether a step that exited with code 0 has run the tests that it was to run."""
    if step.sharded and not readings.splits:
        return _failed(
            "the tests were not split: the project's test runner collects them in its own way",
            remedy="run them without --shard",
        )
    if not step.must_report or readings.elsewhere:
        return PASSED
    return _has_run_tests(step, readings)


def _has_run_tests(step: Step, readings: Readings) -> Verdict:
    if not readings.tests:
        labels = "check the test labels and the names of the test files"
        collects = isinstance(step.action, CollectReports)
        return _failed("no test ran", remedy=None if collects else labels)
    if readings.run is None and any(report.kind in RECORDS for report in step.reports):
        return _failed(
            "the tests were not recorded, so nothing shows that all of them ran",
            remedy="remove what disables HeroCI's plugin, such as `-p no:heroci_pytest_plugin`",
        )
    expected_failures = readings.run.expected_failures if readings.run else 0
    if all_skipped(readings.tests) and not expected_failures:
        reason = f"no test ran: {describe_skipped(readings.tests)}"
        return _failed(reason, remedy="provide their requirements, or exclude them")
    return PASSED


def _installs(step: Step) -> bool:
    """Return whether a step installs packages or builds an image, by its action or its command."""
    return isinstance(step.action, _OF_THE_ENGINE) or bool(_INSTALLER.search(str(step.action)))


def _failed(reason: str, *, remedy: str | None = None) -> Verdict:
    return Verdict(status=Status.FAILED, reason=reason, remedy=remedy)


def _failure(
    step: Step, outcome: StepOutcome, readings: Readings, *, tail: str, tree: Tree | None
) -> Verdict:
    """Name the cause of a non-zero exit code: the engine knows it best, then the reports, then the output."""
    if outcome.cause:
        return _failed(outcome.cause, remedy=outcome.remedy)
    bad = [test for test in readings.tests if test.status.is_failure]
    known = None
    if not bad and not _explain_failure(readings):
        known = diagnose(tail, installs=_installs(step), tree=tree)
    if known is None:
        reason = _exit_reason(outcome.exit_code, len(bad), readings, tail)
        common = _common_cause(bad, tree)
        if common:
            return _failed(f"{reason}: {common.cause}", remedy=common.remedy)
        return _failed(reason, remedy=outcome.remedy)
    machine = known.machine and isinstance(step.action, _OF_THE_ENGINE)
    status = Status.ERRORED if machine else Status.FAILED
    return Verdict(status=status, reason=known.cause, remedy=known.remedy)


def _explain_failure(readings: Readings) -> bool:
    """Return whether the reports show what failed, other than a test."""
    run = readings.run
    ended_early = run is not None and (bool(run.unfinished) or run.died is not None)
    return ended_early or bool(readings.diagnostics)


def _common_cause(tests: list[TestCase], tree: Tree | None) -> Diagnosis | None:
    """Return the cause that all failed tests show, if there are several."""
    causes = {
        diagnose(f"{test.message}\n{test.details[-_EXAMINED:]}\n", installs=False, tree=tree)
        for test in tests[:_COMPARED]
    }
    return causes.pop() if len(tests) > 1 and len(causes) == 1 else None


def _exit_reason(exit_code: int, bad: int, readings: Readings, tail: str) -> str:
    early = early_end(readings.run, exit_code)
    if early and bad:
        return f"{early}; {count(bad, 'test')} failed"
    if early:
        return _with_exception(early, tail)
    if exit_code > _SIGNALLED:
        return f"ended by signal {signal_name(exit_code - 128)}"
    if bad or readings.diagnostics:
        return describe_failures(readings.tests, readings.diagnostics)
    if readings.tests:
        return f"exited with code {exit_code}, although every recorded test passed"
    return _with_exception(f"exited with code {exit_code}", tail)


def _with_exception(reason: str, tail: str) -> str:
    exception = last_exception(tail)
    return f"{reason}: {exception}" if exception else reason


def time_limit_remedy(stage: Stage) -> str:
    """Return what to do about a stage that exceeded its time limit."""
    return f"fix what hangs, or raise `stages.{stage.name}.timeout` in the configuration"


def time_limit_reason(stage: Stage) -> str:
    """Return why a stage that exceeded its time limit failed."""
    limit = seconds(stage.timeout or 0)
    return f"still running after {limit}, the time limit of stage {stage.name!r}"


def judge_stage(
    stage: Stage,
    steps: Iterable[StepResult],
    *,
    error: HeroCIError | None,
    timed_out: bool,
    complete: bool,
) -> Verdict:
    """Return the verdict on a stage: `error` was raised by its engine, `complete` means that it ran to its end."""
    if error:
        return Verdict(status=Status.ERRORED, reason=error.cause, remedy=error.remedy)
    steps = tuple(steps)
    for status in (Status.ERRORED, Status.FAILED):
        ended = [step for step in steps if step.status is status]
        if ended:
            # The steps of a parallel stage, such as linters, fail independently of each other.
            reason = some([f"{step.name}: {step.reason}" for step in ended], separator="; ")
            remedies = (step.remedy for step in ended)
            return Verdict(status=status, reason=reason, remedy=next(filter(None, remedies), None))
    if timed_out:
        return _failed(time_limit_reason(stage), remedy=time_limit_remedy(stage))
    return PASSED if complete else Verdict(status=Status.CANCELLED)


def judge_run(stages: Iterable[StageResult], errors: Collection[ExitCode]) -> ExitCode:
    """Return the exit code of a run: the gravest error decides, and a run in which nothing ran has not passed."""
    for code in (ExitCode.BUG, ExitCode.USAGE, ExitCode.ENGINE, ExitCode.FAILED):
        if code in errors:
            return code
    passed = any(stage.status is Status.PASSED for stage in stages)
    return ExitCode.PASSED if passed else ExitCode.FAILED


def status_of(exit_code: ExitCode) -> Status:
    """Return the status of a run with this exit code."""
    match exit_code:
        case ExitCode.PASSED:
            return Status.PASSED
        case ExitCode.FAILED:
            return Status.FAILED
        case ExitCode.INTERRUPTED:
            return Status.CANCELLED
        case _:
            return Status.ERRORED


def unmet_need(stage: Stage, results: Iterable[StageResult]) -> str | None:
    """Return why a stage cannot run, given the results of the stages it needs; None if it can."""
    for need in results:
        if need.name not in stage.needs:
            continue
        if need.status is Status.SKIPPED:
            return f"needs {need.name!r}, which was skipped: {need.reason}"
        if need.status is not Status.PASSED:
            return f"needs {need.name!r}, which {past_tense(need.status)}"
    return None


def past_tense(status: Status) -> str:
    """Return the status as a verb: `failed`, `was skipped`."""
    return {Status.SKIPPED: "was skipped", Status.CANCELLED: "was cancelled"}.get(
        status, status.value
    )
