"""Runs a plan on an engine: order, slots, fail-fast, timeouts, cancellation, and the results of it all."""

from __future__ import annotations

import math
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace

import anyio
import anyio.to_thread

from heroci_action.analysis.diagnosis import diagnose
from heroci_action.engines.base import (
    Engine,
    EngineSession,
    Printed,
    ReportFile,
    Sink,
    StageScope,
    StepOutcome,
    Stream,
)
from heroci_action.engines.task_errors import one_error
from heroci_action.errors import EngineError, ExitCode, HeroCIError
from heroci_action.observers.base import Observer
from heroci_action.plan.actions import BuildImage, InstallDependencies, InstallSystemPackages
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.readers import Readings
from heroci_action.results.records import Coverage, StageResult, Status, StepResult

Reader = Callable[[Step, tuple[ReportFile, ...], Printed], Readings]
"""Turns a step's report files and what it printed into records."""

TAIL_LINES = 200  # what a StepResult keeps of a step's output; the log has all of it
TAIL_LINE_LENGTH = 2_000
PRINTED_LIMIT = 64 * 1024 * 1024  # characters of output that are kept for a report on it
COLLECT_WITHIN = 60.0  # seconds that collecting report files may take

# Steps that are the engine's own work: a full disk or a dead network is no fault of the project there.
_OF_THE_ENGINE = (InstallSystemPackages, InstallDependencies, BuildImage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to: the stages in the plan's order, and why the run ended early where it did."""

    stages: tuple[StageResult, ...]
    coverage: Coverage | None
    exit_code: ExitCode
    stopped: str | None = None

    @property
    def status(self) -> Status:
        """The verdict on the whole run."""
        match self.exit_code:
            case ExitCode.PASSED:
                return Status.PASSED
            case ExitCode.FAILED:
                return Status.FAILED
            case ExitCode.INTERRUPTED:
                return Status.CANCELLED
            case _:
                return Status.ERRORED


class Interrupt:
    """Lets a signal handler end a run from outside: everything running is cancelled, reports are still made."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self._scope = anyio.CancelScope()

    def __call__(self, reason: str) -> None:
        """End the run; the first reason is kept."""
        self.reason = self.reason or reason
        self._scope.cancel()

    @property
    def scope(self) -> anyio.CancelScope:
        """The scope that the whole run happens in."""
        return self._scope


async def run_plan(
    plan: Plan,
    engine: Engine,
    *,
    observer: Observer,
    read: Reader,
    interrupt: Interrupt | None = None,
) -> Outcome:
    """Run every stage that is not skipped as soon as its needs are done.

    Raises nothing that is expected: a stage that fails is a value in the outcome, and so is one whose engine could not
    be opened.
    """
    run = _Run(plan, observer, read)
    interrupt = interrupt or Interrupt()
    with interrupt.scope, run.deadline():
        try:
            with one_error():
                async with engine.open(plan) as session:
                    await run.all_stages(session)
        except HeroCIError as error:
            await run.without_engine(error)
    return run.outcome(interrupted=interrupt.reason)


class _Run:
    """The state of one run; results are written once, by the stage's own task."""

    def __init__(self, plan: Plan, observer: Observer, read: Reader) -> None:
        self._plan = plan
        self._observer = observer
        self._read = read
        self._start = anyio.current_time()
        self._done = {stage.name: anyio.Event() for stage in plan.stages}
        self._results: dict[str, StageResult] = {}
        self._coverage: list[Coverage] = []
        self._errors: set[ExitCode] = set()
        self._stopped: str | None = None
        self._slots = anyio.CapacityLimiter(plan.max_parallel or math.inf)
        self._scope = anyio.CancelScope()

    def now(self) -> float:
        """Seconds since the run began."""
        return anyio.current_time() - self._start

    @contextmanager
    def deadline(self) -> Iterator[None]:
        """The run's own time limit."""
        with anyio.move_on_after(self._plan.timeout) as scope:
            yield
        if scope.cancelled_caught:
            self._stopped = (
                f"the run was still going after {_seconds(self._plan.timeout)} (its timeout)"
            )
            self._errors.add(ExitCode.FAILED)

    async def all_stages(self, session: EngineSession) -> None:
        """Start one task per stage; each waits for its own needs."""
        with self._scope:
            async with anyio.create_task_group() as tasks:
                for stage in self._plan.stages:
                    tasks.start_soon(self._stage_task, stage, session)

    async def without_engine(self, error: HeroCIError) -> None:
        """Let every stage that has no result yet say that the engine could not be opened, or broke on its way out."""
        self._errors.add(error.exit_code)
        if not self._results:
            await self.all_stages(_NoSession(error))

    async def _stage_task(self, stage: Stage, session: EngineSession) -> None:
        for name in stage.needs:
            await self._done[name].wait()
        reason = stage.skip or self._unmet_need(stage)
        if reason:
            self._finish(_skipped(stage, reason, self.now()))
        else:
            await self._run_stage(stage, session)
        self._done[stage.name].set()

    def _unmet_need(self, stage: Stage) -> str | None:
        """Why a stage cannot run because of the stages it needs, None where it can."""
        for name in stage.needs:
            need = self._results[name]
            if need.status is Status.SKIPPED:
                return f"needs {name!r}, which was skipped: {need.reason}"
            if need.status is not Status.PASSED:
                return f"needs {name!r}, which {_did(need.status)}"
        return None

    async def _run_stage(self, stage: Stage, session: EngineSession) -> None:
        self._observer.stage_started(stage)
        task = _StageTask(stage, self, started=self.now())
        try:
            await task.run(session)
        finally:
            # Also when the run is cancelled: what the stage did so far is part of the result.
            self._finish(task.result(self.now()))

    def _finish(self, result: StageResult) -> None:
        self._results[result.name] = result
        self._observer.stage_finished(result)
        bad = result.status in (Status.FAILED, Status.ERRORED)
        if bad and not result.optional:
            self._errors.add(ExitCode.FAILED if result.status is Status.FAILED else ExitCode.ENGINE)
            if self._plan.fail_fast and not self._stopped:
                self._stopped = f"stage {result.name!r} {_did(result.status)} (--fail-fast)"
                self._scope.cancel()

    def failed_with(self, error: HeroCIError, stage: Stage) -> None:
        """Note the exit code of an error that a stage ran into."""
        if not stage.optional:
            self._errors.add(error.exit_code)

    def outcome(self, *, interrupted: str | None) -> Outcome:
        """Everything that was learned, with a result for each stage of the plan."""
        stopped = interrupted or self._stopped
        stages = tuple(self._final(stage, stopped) for stage in self._plan.stages)
        return Outcome(
            stages=stages,
            coverage=self._coverage[-1] if self._coverage else None,
            exit_code=ExitCode.INTERRUPTED if interrupted else self._exit_code(stages),
            stopped=stopped,
        )

    def _exit_code(self, stages: tuple[StageResult, ...]) -> ExitCode:
        """The gravest error decides: configuration before engine before failure; nothing run is not a pass."""
        for code in (ExitCode.BUG, ExitCode.USAGE, ExitCode.ENGINE, ExitCode.FAILED):
            if code in self._errors:
                return code
        passed = any(stage.status is Status.PASSED for stage in stages)
        return ExitCode.PASSED if passed else ExitCode.FAILED

    def _final(self, stage: Stage, stopped: str | None) -> StageResult:
        result = self._results.get(stage.name) or _blank(stage, Status.CANCELLED, self.now())
        if result.status is Status.CANCELLED and stopped:
            return replace(result, reason=stopped)
        return result

    # What a stage's task needs of the run.

    @property
    def observer(self) -> Observer:
        """Whoever watches the run."""
        return self._observer

    @property
    def slots(self) -> anyio.CapacityLimiter:
        """As many tokens as steps may run at once."""
        return self._slots

    async def read(self, step: Step, files: tuple[ReportFile, ...], printed: Printed) -> Readings:
        """A step's reports as records; parsing a large one does not hold up the other stages."""
        try:
            readings = await anyio.to_thread.run_sync(self._read, step, files, printed)
        except Exception as error:  # noqa: BLE001  a bug of ours must not cost the others
            self._errors.add(ExitCode.BUG)
            self._observer.note(traceback.format_exc())
            return Readings(
                warnings=(f"a bug in HeroCI: the reports could not be read: {error!r}",)
            )
        if readings.coverage:
            self._coverage.append(readings.coverage)
        return readings


class _NoSession:
    """Stands in for the session with an engine that could not be opened."""

    def __init__(self, error: HeroCIError) -> None:
        self._error = error

    def stage(self, stage: Stage, sink: Sink) -> AbstractAsyncContextManager[StageScope]:
        """Raise what went wrong."""
        del stage, sink
        raise self._error


class _StageTask:
    """One stage on its way: opens the scope, takes the steps, remembers what became of each."""

    def __init__(self, stage: Stage, run: _Run, *, started: float) -> None:
        self._stage = stage
        self._run = run
        self._started = started
        self._steps: dict[str, StepResult] = {}
        self._error: HeroCIError | None = None
        self._timed_out = False
        self._warnings: tuple[str, ...] = ()
        self._complete = False

    async def run(self, session: EngineSession) -> None:
        """Run the stage within its time limit; an EngineError ends the stage, not the run."""
        with anyio.move_on_after(self._stage.timeout) as limit:
            try:
                async with session.stage(self._stage, self._service_sink()) as scope:
                    self._warnings = scope.warnings
                    await self._all_steps(scope)
            except HeroCIError as error:
                self._fail(error)
            self._complete = not limit.cancel_called
        self._timed_out = limit.cancelled_caught or (limit.cancel_called and not self._complete)

    def _fail(self, error: HeroCIError) -> None:
        self._error = error
        self._run.failed_with(error, self._stage)

    def _service_sink(self) -> Sink:
        return lambda stream, line: self._run.observer.output(
            self._stage.name, "services", stream, line
        )

    async def _all_steps(self, scope: StageScope) -> None:
        side_by_side = [
            step for step in self._stage.steps if self._stage.parallel and not step.always
        ]
        async with anyio.create_task_group() as tasks:
            for step in side_by_side:
                tasks.start_soon(self._step_task, step, scope)
        for step in self._stage.steps:
            if step not in side_by_side:
                await self._step_task(step, scope)

    async def _step_task(self, step: Step, scope: StageScope) -> None:
        reason = self._blocked_by(step)
        if reason:
            self._record(
                StepResult(
                    name=step.name, status=Status.SKIPPED, reason=reason, started=self._run.now()
                )
            )
            return
        async with self._run.slots:
            await self._take(step, scope)

    def _blocked_by(self, step: Step) -> str | None:
        owner = self._steps.get(step.belongs_to) if step.belongs_to else None
        if owner and owner.status is Status.SKIPPED:
            return f"{owner.name!r} did not run"
        if step.always or self._stage.parallel:
            return None
        blocking = {step.name for step in self._stage.steps if step.blocking}
        for result in self._steps.values():
            if (
                result.name in blocking
                and result.status is not Status.PASSED
                and result.status is not Status.SKIPPED
            ):
                return f"{result.name!r} {_did(result.status)}"
        return None

    async def _take(self, step: Step, scope: StageScope) -> None:
        self._run.observer.step_started(self._stage, step)
        output = _Output(self._stage.name, step, self._run.observer)
        started = self._run.now()
        outcome: StepOutcome | HeroCIError | None = None
        try:
            outcome = await scope.run(step, output)
        except HeroCIError as error:
            outcome = error
            self._run.failed_with(error, self._stage)
        finally:
            ended = self._run.now()
            with anyio.CancelScope(shield=True):
                readings = await self._collect(step, scope, output)
            result = _judge(step, outcome, readings, output.tail)
            self._record(replace(result, started=started, duration=ended - started))

    async def _collect(self, step: Step, scope: StageScope, output: _Output) -> Readings:
        files: tuple[ReportFile, ...] = ()
        warnings: tuple[str, ...] = ()
        with anyio.move_on_after(COLLECT_WITHIN) as limit:
            try:
                files = await scope.collect(step)
            except EngineError as error:
                warnings = (f"the reports of {step.name!r} could not be collected: {error.cause}",)
        if limit.cancelled_caught:
            warnings = (
                f"the reports of {step.name!r} could not be collected within {_seconds(COLLECT_WITHIN)}",
            )
        readings = await self._run.read(step, files, output.printed)
        return replace(readings, warnings=warnings + readings.warnings)

    def _record(self, result: StepResult) -> None:
        self._steps[result.name] = result
        self._run.observer.step_finished(self._stage, result)

    def result(self, now: float) -> StageResult:
        """The stage as it stands now."""
        steps = tuple(self._final(step) for step in self._stage.steps)
        status, reason, remedy = self._verdict(steps)
        return replace(
            _blank(self._stage, status, self._started),
            duration=now - self._started,
            reason=reason,
            remedy=remedy,
            steps=steps,
            warnings=self._warnings,
        )

    def _final(self, step: Step) -> StepResult:
        result = self._steps.get(step.name)
        if result is None:
            return StepResult(
                name=step.name,
                status=Status.SKIPPED,
                reason="the stage ended before it",
                started=0.0,
            )
        if result.status is Status.CANCELLED and self._timed_out:
            return replace(result, status=Status.FAILED, reason=self._timeout_reason())
        return result

    def _timeout_reason(self) -> str:
        return f"still running after {_seconds(self._stage.timeout)}, the timeout of stage {self._stage.name!r}"

    def _verdict(self, steps: tuple[StepResult, ...]) -> tuple[Status, str | None, str | None]:
        if self._error:
            return Status.ERRORED, self._error.cause, self._error.remedy
        for status in (Status.ERRORED, Status.FAILED):
            for step in steps:
                if step.status is status:
                    return status, f"{step.name}: {step.reason}", step.remedy
        if self._timed_out:
            return Status.FAILED, self._timeout_reason(), None
        if not self._complete:
            return Status.CANCELLED, None, None
        return Status.PASSED, None, None


class _Output:
    """A sink that keeps the end of the output, and all of it where a report is read from it."""

    def __init__(self, stage: str, step: Step, observer: Observer) -> None:
        self._names = (stage, step.name)
        self._observer = observer
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._keep = any(report.path is None for report in step.reports)
        self._lines: dict[Stream, list[str]] = {stream: [] for stream in Stream}
        self._size = 0

    def __call__(self, stream: Stream, line: str) -> None:
        self._tail.append(line[:TAIL_LINE_LENGTH])
        if self._keep and self._size < PRINTED_LIMIT:
            self._size += len(line) + 1
            self._lines[stream].append(line)
        self._observer.output(*self._names, stream, line)

    @property
    def tail(self) -> str:
        """The last lines of both streams in the order they came."""
        return "\n".join(self._tail)

    @property
    def printed(self) -> Printed:
        """What a report on the output is read from."""
        return Printed(
            stdout="\n".join(self._lines[Stream.STDOUT]),
            stderr="\n".join(self._lines[Stream.STDERR]),
        )


def _judge(
    step: Step, outcome: StepOutcome | HeroCIError | None, readings: Readings, tail: str
) -> StepResult:
    """The step's result by its exit code and its reports; both must agree that it passed."""
    base = StepResult(
        name=step.name,
        status=Status.CANCELLED,
        command=str(step.action),
        output=tail,
        diagnostics=readings.diagnostics,
        tests=readings.tests,
        facts=readings.facts,
        warnings=readings.warnings,
    )
    if outcome is None:
        return base
    if isinstance(outcome, HeroCIError):
        return replace(base, status=Status.ERRORED, reason=outcome.cause, remedy=outcome.remedy)
    status, reason, remedy = _verdict(step, outcome, readings, tail)
    return replace(
        base,
        status=status,
        reason=reason,
        remedy=remedy,
        exit_code=outcome.exit_code,
        cached=outcome.cached,
        facts={**outcome.facts, **readings.facts},
        warnings=outcome.warnings + readings.warnings,
    )


def _verdict(
    step: Step, outcome: StepOutcome, readings: Readings, tail: str
) -> tuple[Status, str | None, str | None]:
    bad = sum(test.status in (Status.FAILED, Status.ERRORED) for test in readings.tests)
    if outcome.exit_code:
        return _failure(step, outcome, readings, tail=tail, bad=bad)
    if bad:
        return (
            Status.FAILED,
            f"the exit code is 0, but {_count(bad, 'test')} failed by its report",
            None,
        )
    if step.sharded and "shard" not in readings.facts:
        return (
            Status.FAILED,
            "the tests were not split: the project's test runner collects them in a way of its own",
            "run them without --shard",
        )
    if step.must_report and not readings.tests and not readings.elsewhere:
        return Status.FAILED, "no test ran", "check the test labels and the names of the test files"
    return Status.PASSED, None, None


def _failure(
    step: Step, outcome: StepOutcome, readings: Readings, *, tail: str, bad: int
) -> tuple[Status, str | None, str | None]:
    """Who says best what is wrong: the engine, the reports, or the last words of the command."""
    known = None if bad or readings.diagnostics else diagnose(tail)
    if outcome.cause or known is None:
        cause = outcome.cause or _exit_reason(outcome.exit_code, bad, readings)
        return Status.FAILED, cause, outcome.remedy
    machine = known.machine and isinstance(step.action, _OF_THE_ENGINE)
    return Status.ERRORED if machine else Status.FAILED, known.cause, known.remedy


def _exit_reason(exit_code: int, bad: int, readings: Readings) -> str:
    if exit_code > 128:  # noqa: PLR2004  the shell's convention: 128 + the number of the signal
        return f"ended by signal {exit_code - 128}"
    if bad:
        return f"{_count(bad, 'test')} failed"
    if readings.diagnostics:
        return _count(len(readings.diagnostics), "finding")
    if readings.tests:
        return f"exit code {exit_code}, although every recorded test passed"
    return f"exit code {exit_code}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _did(status: Status) -> str:
    return {Status.SKIPPED: "was skipped", Status.CANCELLED: "was cancelled"}.get(
        status, status.value
    )


def _seconds(value: float | None) -> str:
    return f"{value:g} s"


def _blank(stage: Stage, status: Status, started: float) -> StageResult:
    return StageResult(
        name=stage.name,
        status=status,
        emoji=stage.emoji,
        needs=stage.needs,
        optional=stage.optional,
        started=started,
    )


def _skipped(stage: Stage, reason: str, now: float) -> StageResult:
    return replace(_blank(stage, Status.SKIPPED, now), reason=reason)
