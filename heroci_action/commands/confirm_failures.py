"""Decide the failures of tests that run in parallel only because of a proof: by running them in one process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from heroci_action.analysis.parallel import all_tests, confirms, failed_ids, failed_steps
from heroci_action.commands.parallel_proofs import Proofs, describe_proof, in_processes
from heroci_action.commands.plan import Only, Project, change_plan
from heroci_action.errors import ExitCode
from heroci_action.observers.base import Observer
from heroci_action.results.provenance import ParallelProof
from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.text import count, some

Run = Callable[[Project, Observer], Awaitable[Result]]
"""Run a project on a new engine."""

TESTS = "tests"
GRAVITY = (
    ExitCode.PASSED,
    ExitCode.FAILED,
    ExitCode.ENGINE,
    ExitCode.USAGE,
    ExitCode.BUG,
    ExitCode.INTERRUPTED,
)
NAMED = 20
"""Tests that a warning names."""


class _Notes(Observer):
    """Passes on messages, and nothing else: the rerun decides about a result that has been shown already."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def note(self, text: str) -> None:
        """Pass the message on."""
        self._observer.note(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The run whose failures are in doubt: its project with the proof, and the way to run another one."""

    project: Project
    proof: ParallelProof
    proofs: Proofs
    observer: Observer
    run: Run

    async def decide(self, result: Result) -> Result:
        """Return the result that counts; the proof is part of it unless it was refuted."""
        stage = next(stage for stage in self.project.plan.stages if stage.name == TESTS)
        steps = failed_steps(result, (step.name for step in stage.steps if step.must_report))
        if not steps or result.status is Status.CANCELLED:
            return self._with_proof(result)
        failed = failed_ids(steps)
        if failed and await self._fail_again(steps, failed):
            text = f"{count(len(failed), 'failed test')} failed again in one process"
            return self._with_proof(_with_fact(result, "confirmed", text))
        return await self._run_in_one_process(result, failed)

    def _with_proof(self, result: Result) -> Result:
        proved = replace(result, parallel_proof=self.proof)
        return _with_fact(proved, "in parallel", describe_proof(self.proof))

    async def _fail_again(self, steps: tuple[StepResult, ...], failed: tuple[str, ...]) -> bool:
        if any(step.incomplete or step.problems for step in steps):
            return False
        only = {
            step.name: tuple(
                (test.classname, test.name) for test in step.tests if test.status.is_unsuccessful
            )
            for step in steps
        }
        self.observer.note(
            f"{count(len(failed), 'test')} failed in parallel: running them again in one process"
        )
        rerun = await self.run(self._in_one_process((TESTS,), only), _Notes(self.observer))
        return confirms(rerun, failed)

    async def _run_in_one_process(self, result: Result, failed: tuple[str, ...]) -> Result:
        """Run the whole suite and what waits for it; the proof is withdrawn if it does not fail in the same way."""
        self.observer.note(
            "running the whole suite in one process, because it may fail only in parallel"
        )
        waiting = _waiting(self.project, result)
        second = await self.run(self._in_one_process((TESTS, *waiting)), self.observer)
        final = _with_stages(result, second, (TESTS, *waiting))
        bad = {test.id for test in all_tests(second) if test.status.is_failure}
        only_parallel = tuple(name for name in failed if name not in bad)
        if failed and not only_parallel:
            return self._with_proof(final)
        self.proofs.withdraw(self.proof, only_parallel)
        return replace(final, warnings=(*final.warnings, _refutation(only_parallel)))

    def _in_one_process(self, stages: tuple[str, ...], only: Only | None = None) -> Project:
        loaded = in_processes(self.project.loaded, parallel=False)
        return change_plan(self.project, loaded, stages, only=only)


def _waiting(project: Project, result: Result) -> tuple[str, ...]:
    """Return the stages that did not run because the tests had failed, directly or through other stages."""
    ran = {stage.name for stage in result.stages if stage.status is not Status.SKIPPED}
    waiting: set[str] = set()
    for stage in project.plan.stages:
        if stage.skip is None and stage.name not in ran and {TESTS, *waiting} & {*stage.needs}:
            waiting.add(stage.name)
    return tuple(waiting)


def _with_stages(first: Result, second: Result, names: tuple[str, ...]) -> Result:
    """Return the first run with these stages of the second, which began when the first had ended."""
    later = {stage.name: _later(stage, first.duration) for stage in second.stages}
    stages = tuple(later[stage.name] if stage.name in names else stage for stage in first.stages)
    others = (stage for stage in stages if stage.name not in names and not stage.optional)
    counting = (first, second) if any(stage.status.is_failure for stage in others) else (second,)
    decisive = max(counting, key=lambda result: GRAVITY.index(result.exit_code))
    return replace(
        first,
        stages=stages,
        status=decisive.status,
        exit_code=decisive.exit_code,
        coverage=second.coverage,
        duration=first.duration + second.duration,
    )


def _later(stage: StageResult, offset: float) -> StageResult:
    steps = tuple(replace(step, started=step.started + offset) for step in stage.steps)
    return replace(stage, started=stage.started + offset, steps=steps)


def _refutation(tests: tuple[str, ...]) -> str:
    end = "the result is from a run in one process, and the tests no longer run in parallel"
    if not tests:
        return f"the tests failed in parallel and not in one process; {end}"
    verb = "fails" if len(tests) == 1 else "fail"
    return f"{count(len(tests), 'test')} {verb} only in parallel ({some(tests, NAMED)}); {end}"


def _with_fact(result: Result, name: str, text: str) -> Result:
    """Return the result with a fact about the step of the tests."""

    def add(stage: StageResult) -> StageResult:
        steps = tuple(
            replace(step, facts={**step.facts, name: text}) if step.name == TESTS else step
            for step in stage.steps
        )
        return replace(stage, steps=steps) if stage.name == TESTS else stage

    return replace(result, stages=tuple(map(add, result.stages)))
