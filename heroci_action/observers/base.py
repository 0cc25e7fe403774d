"""The observer: told of everything in a run as it happens."""

from __future__ import annotations

from heroci_action.engines.base import Stream
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.results.records import Result, StageResult, StepResult


class Observer:
    """Told of everything as it happens, in the run's own thread; an observer overrides what it cares about."""

    def run_started(self, plan: Plan, engine: str, reason: str) -> None:
        """The plan is about to run on this engine, for this reason."""

    def stage_started(self, stage: Stage) -> None:
        """The needs of a stage are done."""

    def step_started(self, stage: Stage, step: Step) -> None:
        """A step has its slot."""

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """A line of output, masked; the step `services` of a stage is what its services say."""

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """A step has ended, or was skipped."""

    def stage_finished(self, result: StageResult) -> None:
        """A stage has ended, or was skipped."""

    def reports_written(self, names: tuple[str, ...]) -> None:
        """The report files with these names were written, just before `run_finished`."""

    def run_finished(self, result: Result) -> None:
        """Everything has ended."""

    def note(self, text: str) -> None:
        """Something that the user should know, about no stage in particular."""

    def close(self) -> None:
        """The run is over, also where it broke off: let go of files and of the terminal."""
