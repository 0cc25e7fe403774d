"""Run one stage: its steps, its time limit, and the reports they leave."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Protocol

import anyio

from heroci_action.analysis.diagnosis import Tree
from heroci_action.analysis.diagnosis.probes import crashed_probe
from heroci_action.engines.base import (
    EngineSession,
    Printed,
    ReportFile,
    Sink,
    StageScope,
    StepOutcome,
)
from heroci_action.errors import EngineError, HeroCIError
from heroci_action.observers.base import Observer
from heroci_action.plan.actions import Command
from heroci_action.plan.stages import Stage, Step
from heroci_action.readers import Readings
from heroci_action.results.records import StageResult, Status, StepResult
from heroci_action.runner.completeness import Ended
from heroci_action.runner.output import Output
from heroci_action.runner.verdict import (
    judge_stage,
    judge_step,
    past_tense,
    time_limit_reason,
    time_limit_remedy,
)
from heroci_action.text import seconds

COLLECT_WITHIN = 60.0
"""Seconds in which the engine must hand over the report files of a step."""
TIME_LIMIT = "the time limit ended it"


class RunState(Protocol):
    """The parts of a run that its stages use."""

    observer: Observer
    slots: anyio.CapacityLimiter
    limit: anyio.CancelScope
    tree: Tree | None

    def now(self) -> float:
        """Return the seconds since the run began."""
        ...

    def ended(self) -> Ended | None:
        """Return why the whole run was ended early, None if it was not."""
        ...

    def record_error(self, error: HeroCIError, stage: Stage) -> None:
        """Record the exit code of an error in a stage."""
        ...

    async def read(self, step: Step, files: tuple[ReportFile, ...], printed: Printed) -> Readings:
        """Return the contents of a step's reports."""
        ...


class StageTask:
    """One run of a stage; `result()` is valid at any time."""

    def __init__(self, stage: Stage, run: RunState) -> None:
        self._stage = stage
        self._run = run
        self._started = run.now()
        self._steps: dict[str, StepResult] = {}
        self._error: HeroCIError | None = None
        self._timed_out = False
        self._warnings: tuple[str, ...] = ()
        self._complete = False
        self._limit = anyio.CancelScope()

    async def run(self, session: EngineSession) -> None:
        """Run the stage within its time limit; an EngineError ends the stage, not the run."""
        limit = self._limit
        limit.deadline = anyio.current_time() + (self._stage.timeout or math.inf)
        with limit:
            try:
                async with session.stage(self._stage, self._service_sink()) as scope:
                    try:
                        await self._run_steps(scope)
                    finally:
                        # On Dagger, the first step starts the services.
                        self._warnings = scope.warnings
            except HeroCIError as error:
                self._error = error
                self._run.record_error(error, self._stage)
            self._complete = not limit.cancel_called
        self._timed_out = limit.cancelled_caught or (limit.cancel_called and not self._complete)

    def _service_sink(self) -> Sink:
        return lambda stream, line: self._run.observer.output(
            self._stage.name, "services", stream, line
        )

    async def _run_steps(self, scope: StageScope) -> None:
        for group in self._stage.groups():
            if len(group) == 1:
                await self._run_or_skip(group[0], scope)
                continue
            async with anyio.create_task_group() as tasks:
                for step in group:
                    tasks.start_soon(self._run_or_skip, step, scope)

    async def _run_or_skip(self, step: Step, scope: StageScope) -> None:
        reason = self._blocked_by(step)
        if reason:
            self._record(
                StepResult(
                    name=step.name, status=Status.SKIPPED, reason=reason, started=self._run.now()
                )
            )
            return
        async with self._run.slots:
            await self._run_step(step, scope)

    def _blocked_by(self, step: Step) -> str | None:
        """Return why an earlier step keeps this one from running, None if none does."""
        owner = self._steps.get(step.belongs_to) if step.belongs_to else None
        if owner and owner.status is Status.SKIPPED:
            return f"{owner.name!r} did not run"
        if step.always or self._stage.parallel:
            return None
        blocking = (self._steps.get(step.name) for step in self._stage.steps if step.blocking)
        for result in filter(None, blocking):
            if result.status not in (Status.PASSED, Status.SKIPPED):
                return f"{result.name!r} {past_tense(result.status)}"
        return None

    async def _run_step(self, step: Step, scope: StageScope) -> None:
        self._run.observer.step_started(self._stage, step)
        output = Output(self._stage.name, step, self._run.observer)
        started = self._run.now()
        outcome: StepOutcome | HeroCIError | None = None
        try:
            outcome = await scope.run(step, output)
            if outcome.timed_out:
                self._reach_time_limit()
            elif outcome.exit_code:
                _raise_own_fault(step, output.tail)
        except HeroCIError as error:
            outcome = error
            self._run.record_error(error, self._stage)
        finally:
            ended = self._run.now()
            # Also if the step was cancelled: its reports show how far it got.
            with anyio.CancelScope(shield=True):
                readings = await self._collect(step, scope, output)
            timed_out = isinstance(outcome, StepOutcome) and outcome.timed_out
            early = self._ended() if outcome is None or timed_out else None
            result = judge_step(
                step, outcome, readings, tail=output.tail, ended=early, tree=self._run.tree
            )
            self._record(replace(result, started=started, duration=ended - started))

    async def _collect(self, step: Step, scope: StageScope, output: Output) -> Readings:
        files: tuple[ReportFile, ...] = ()
        missing: tuple[str, ...] = ()
        problem = f"within {seconds(COLLECT_WITHIN)}"
        with anyio.move_on_after(COLLECT_WITHIN):
            try:
                files, missing = await _collect(step, scope)
                problem = ""
            except EngineError as error:
                problem = f": {error.cause}"
        readings = await self._run.read(step, files, output.printed)
        if problem:
            missing = (*missing, f"could not collect the reports of {step.name!r}{problem}")
        return replace(readings, problems=(*readings.problems, *missing))

    def _reach_time_limit(self) -> None:
        """End the stage or run whose time limit the engine has enforced, which it does shortly before the runner."""
        limits = (self._limit, self._run.limit)
        min(limits, key=lambda limit: limit.deadline).cancel()

    def _ended(self) -> Ended:
        """Return why a step was ended early."""
        if self._limit.cancel_called:
            return ended(TIME_LIMIT, min(self._limit.deadline, anyio.current_time()))
        return self._run.ended() or ended(TIME_LIMIT, anyio.current_time())

    def _record(self, result: StepResult) -> None:
        self._steps[result.name] = result
        self._run.observer.step_finished(self._stage, result)

    def result(self) -> StageResult:
        """Return the result of the stage as of now."""
        steps = tuple(self._final(step) for step in self._stage.steps)
        verdict = judge_stage(
            self._stage,
            steps,
            error=self._error,
            timed_out=self._timed_out,
            complete=self._complete,
        )
        return replace(
            blank(self._stage, verdict.status, self._started),
            duration=self._run.now() - self._started,
            reason=verdict.reason,
            remedy=verdict.remedy,
            steps=steps,
            warnings=self._warnings,
        )

    def _final(self, step: Step) -> StepResult:
        result = self._steps.get(step.name)
        if result is None:
            reason = "the stage ended before this step"
            return StepResult(name=step.name, status=Status.SKIPPED, reason=reason)
        if result.status is Status.CANCELLED and self._timed_out:
            return replace(
                result,
                status=Status.FAILED,
                reason=time_limit_reason(self._stage),
                remedy=time_limit_remedy(self._stage),
            )
        return result


def _raise_own_fault(step: Step, tail: str) -> None:
    """Raise HeroCIError, which is a bug, if one of HeroCI's own probes has crashed."""
    action = step.action
    command = (*action.through, *action.line) if isinstance(action, Command) else ()
    is_probe = any(str(word).startswith("{probes}/") for word in command)
    crash = crashed_probe(tail, is_probe=is_probe)
    if crash:
        raise HeroCIError(
            f"a bug in HeroCI: {crash}", remedy="please report it, with the output of this step"
        )


async def _collect(step: Step, scope: StageScope) -> tuple[tuple[ReportFile, ...], tuple[str, ...]]:
    """Return the report files of a step, and a problem for each required report without one."""
    others = tuple(report for report in step.reports if not report.required)
    files = list(await scope.collect(replace(step, reports=others)))
    missing = []
    for report in step.reports:
        if report.required:
            found = await scope.collect(replace(step, reports=(report,)))
            files += found
            if not found:
                reason = f"no file matches {report.path!r}, the {report.kind} report of the stage"
                missing.append(reason)
    return tuple(files), tuple(missing)


def ended(why: str, moment: float) -> Ended:
    """Return why and when something was ended, given the moment on anyio's clock."""
    return Ended(why=why, at=time.time() - (anyio.current_time() - moment))


def blank(stage: Stage, status: Status, started: float) -> StageResult:
    """Return a result of the stage without steps."""
    return StageResult(
        name=stage.name,
        status=status,
        emoji=stage.emoji,
        needs=stage.needs,
        optional=stage.optional,
        started=started,
    )
