"""Run a plan on an engine: order, slots, fail-fast, time limits and cancellation."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace

import anyio
import anyio.to_thread

from heroci_action.analysis.coverage import merge_coverage
from heroci_action.analysis.diagnosis import Tree
from heroci_action.engines.base import (
    Engine,
    EngineSession,
    Printed,
    ReportFile,
    Sink,
    StageScope,
    one_error,
)
from heroci_action.errors import ExitCode, HeroCIError
from heroci_action.observers.base import Observer
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.readers import Readings
from heroci_action.results.coverage import Coverage
from heroci_action.results.records import StageResult, Status
from heroci_action.runner.completeness import Ended
from heroci_action.runner.order import longest_first
from heroci_action.runner.stage_task import TIME_LIMIT, StageTask, blank, ended
from heroci_action.runner.verdict import judge_run, past_tense, status_of, unmet_need
from heroci_action.text import seconds

Reader = Callable[[Step, tuple[ReportFile, ...], Printed], Readings]
"""Read a step's report files and its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The results of a run in the plan's order; `stopped` is the reason if the run ended early."""

    stages: tuple[StageResult, ...]
    coverage: Coverage | None
    exit_code: ExitCode
    stopped: str | None = None

    @property
    def status(self) -> Status:
        """The status of the whole run."""
        return status_of(self.exit_code)


class Interrupt:
    """End a run from outside, for example from a signal handler; reports are still written."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.moment = 0.0  # on anyio's clock
        self.scope = anyio.CancelScope()

    def __call__(self, reason: str) -> None:
        """Cancel everything that is running; the first reason is kept."""
        if self.reason is None:
            self.reason = reason
            self.moment = anyio.current_time()
        self.scope.cancel()


async def run_plan(  # noqa: PLR0913  independent parts of one run, all named
    plan: Plan,
    engine: Engine,
    *,
    observer: Observer,
    read: Reader,
    interrupt: Interrupt | None = None,
    tree: Tree | None = None,
    times: Mapping[str, float] | None = None,
) -> Outcome:
    """Run every stage that is not skipped as soon as its needs have passed.

    `tree` is the repository, to explain modules that are missing. `times` are the seconds of the stages in an earlier
    run: of the stages that wait for a slot, those start first that take longest with what waits for them.
    Expected errors are not raised: the outcome contains a stage that failed, and also an engine that did not open.
    """
    interrupt = interrupt or Interrupt()
    run = _Run(plan, observer, read, interrupt)
    run.tree = tree
    run.times = times or {}
    with interrupt.scope, run.time_limit():
        try:
            with one_error():
                async with engine.open(plan) as session:
                    await run.run_stages(session)
        except HeroCIError as error:
            await run.fail_without_engine(error)
    return run.outcome()


class _Run:
    """The state of one run. The task of each stage writes the result of that stage, once."""

    def __init__(self, plan: Plan, observer: Observer, read: Reader, interrupt: Interrupt) -> None:
        self.observer = observer
        self.tree: Tree | None = None
        self.times: Mapping[str, float] = {}
        self.slots = anyio.CapacityLimiter(plan.max_parallel or math.inf)
        self._plan = plan
        self._read = read
        self._interrupt = interrupt
        self._start = anyio.current_time()
        self._done = {stage.name: anyio.Event() for stage in plan.stages}
        self._results: dict[str, StageResult] = {}
        self._coverage: list[Coverage] = []
        self._errors: set[ExitCode] = set()
        self._stopped: str | None = None
        self._stopped_at = 0.0
        self._scope = anyio.CancelScope()
        self.limit = anyio.CancelScope(deadline=self._start + (plan.timeout or math.inf))

    def now(self) -> float:
        """Return the seconds since the run began."""
        return anyio.current_time() - self._start

    @contextmanager
    def time_limit(self) -> Iterator[None]:
        """Cancel the run at its time limit."""
        with self.limit:
            yield
        if self.limit.cancelled_caught:
            limit = seconds(self._plan.timeout or 0)
            self._stopped = f"the run was still going after {limit}, its time limit"
            self._errors.add(ExitCode.FAILED)

    async def run_stages(self, session: EngineSession) -> None:
        """Start one task per stage; each waits for the stages that it needs."""
        with self._scope:
            async with anyio.create_task_group() as tasks:
                for stage in longest_first(self._plan.stages, self.times):
                    tasks.start_soon(self._run_or_skip, stage, session)

    async def fail_without_engine(self, error: HeroCIError) -> None:
        """Record an engine that could not be opened, in every stage that would have run, or that failed to close."""
        self._errors.add(error.exit_code)
        if not self._results:
            await self.run_stages(_NoSession(error))

    async def _run_or_skip(self, stage: Stage, session: EngineSession) -> None:
        for name in stage.needs:
            await self._done[name].wait()
        reason = stage.skip or unmet_need(stage, [self._results[name] for name in stage.needs])
        if reason:
            self._finish(replace(blank(stage, Status.SKIPPED, self.now()), reason=reason))
        else:
            await self._run_stage(stage, session)
        self._done[stage.name].set()

    async def _run_stage(self, stage: Stage, session: EngineSession) -> None:
        self.observer.stage_started(stage)
        task = StageTask(stage, self)
        try:
            await task.run(session)
        finally:
            # Also if the run is cancelled: the result contains the finished steps.
            self._finish(task.result())

    def _finish(self, result: StageResult) -> None:
        self._results[result.name] = result
        self.observer.stage_finished(result)
        if result.optional or not result.status.is_failure:
            return
        failed = result.status is Status.FAILED
        self._errors.add(ExitCode.FAILED if failed else ExitCode.ENGINE)
        if self._plan.fail_fast and not self._stopped:
            self._stopped = f"stage {result.name!r} {past_tense(result.status)} (--fail-fast)"
            self._stopped_at = anyio.current_time()
            self._scope.cancel()

    def ended(self) -> Ended | None:
        """Return why the whole run was ended early, None if it was not."""
        if self._interrupt.reason:
            return ended("the run was interrupted", self._interrupt.moment)
        if self.limit.cancel_called:
            return ended(TIME_LIMIT, min(self.limit.deadline, anyio.current_time()))
        if self._stopped:
            return ended("--fail-fast ended the run", self._stopped_at)
        return None

    def record_error(self, error: HeroCIError, stage: Stage) -> None:
        """Record the exit code of an error in a stage."""
        if not stage.optional:
            self._errors.add(error.exit_code)

    async def read(self, step: Step, files: tuple[ReportFile, ...], printed: Printed) -> Readings:
        """Return the contents of a step's reports; reading happens in a thread, so other stages go on."""
        try:
            readings = await anyio.to_thread.run_sync(self._read, step, files, printed)
        # A bug in a reader must not lose the results of other steps.
        except Exception as error:  # noqa: BLE001
            self._errors.add(ExitCode.BUG)
            self.observer.note(traceback.format_exc())
            return Readings(warnings=(f"a bug in HeroCI: cannot read the reports: {error!r}",))
        self._coverage += readings.coverage
        return readings

    def outcome(self) -> Outcome:
        """Return all results, with one for each stage of the plan."""
        interrupted = self._interrupt.reason
        stopped = interrupted or self._stopped
        stages = tuple(self._final(stage, stopped) for stage in self._plan.stages)
        return Outcome(
            stages=stages,
            coverage=merge_coverage(self._coverage),
            exit_code=ExitCode.INTERRUPTED if interrupted else judge_run(stages, self._errors),
            stopped=stopped,
        )

    def _final(self, stage: Stage, stopped: str | None) -> StageResult:
        result = self._results.get(stage.name) or blank(stage, Status.CANCELLED, self.now())
        if result.status is Status.CANCELLED and stopped:
            return replace(result, reason=stopped)
        return result


class _NoSession:
    """A session with an engine that could not be opened."""

    def __init__(self, error: HeroCIError) -> None:
        self._error = error

    def stage(self, stage: Stage, sink: Sink) -> AbstractAsyncContextManager[StageScope]:
        """Raise the error."""
        del stage, sink
        raise self._error
