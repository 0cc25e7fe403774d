"""The observer: a listener for everything that happens in a run."""

from __future__ import annotations

from heroci_action.engines.base import Stream
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.results.records import Result, StageResult, StepResult


class Observer:
    """Receives every event, in the thread of the run; subclasses override the events that they need."""

    def run_started(self, plan: Plan, engine: str, reason: str) -> None:
        """The plan is about to run on this engine, for this reason."""

    def stage_started(self, stage: Stage) -> None:
        """The needs of a stage have passed."""

    def step_started(self, stage: Stage, step: Step) -> None:
        """A step begins."""

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """A step printed a line, which is masked; the step `services` is the output of a stage's services."""

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """A step has finished or was skipped."""

    def stage_finished(self, result: StageResult) -> None:
        """A stage has finished or was skipped."""

    def reports_written(self, names: tuple[str, ...]) -> None:
        """The report files with these names were written, just before `run_finished`."""

    def run_finished(self, result: Result) -> None:
        """The run has finished."""

    def note(self, text: str) -> None:
        """Something that concerns no stage in particular."""

    def close(self) -> None:
        """The run is over or was aborted: release files and the terminal."""
