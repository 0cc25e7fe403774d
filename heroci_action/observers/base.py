"""The observer: a listener for everything that happens in a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heroci_action.engines.base import Stream
from heroci_action.results.records import Result, StageResult, StepResult
from heroci_action.text import count

# The plan is slow to import, and `heroci report` has none.
if TYPE_CHECKING:
    from heroci_action.plan.stages import Plan, Stage, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The tests of a running step: how many have ended, how many there are, and the failures so far."""

    ran: int
    total: int
    failed: int

    def __str__(self) -> str:
        failed = f", {self.failed:,} failed" if self.failed else ""
        return f"{self.ran:,} of {count(self.total, 'test')}{failed}"


class Observer:
    """Receives every event, in the thread of the run; subclasses override the events that they need."""

    def run_started(self, plan: Plan, engine: str, reason: str) -> None:
        """Handle the start of the run, on this engine for this reason."""

    def stage_started(self, stage: Stage) -> None:
        """Handle the start of a stage, whose needs have passed."""

    def step_started(self, stage: Stage, step: Step) -> None:
        """Handle the start of a step."""

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Handle a line of output, which is masked; the step `services` is the output of a stage's services."""

    def tests_progressed(self, stage: str, step: str, progress: Progress) -> None:
        """Handle how many tests of a running step have ended."""

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """Handle the end of a step, which may have been skipped."""

    def stage_finished(self, result: StageResult) -> None:
        """Handle the end of a stage, which may have been skipped."""

    def reports_written(self, names: tuple[str, ...]) -> None:
        """Handle the names of the report files that were written, just before `run_finished`."""

    def run_finished(self, result: Result) -> None:
        """Handle the end of the run."""

    def note(self, text: str) -> None:
        """Handle a message that concerns no stage in particular."""

    def close(self) -> None:
        """Release files and the terminal, even if the run was aborted."""
