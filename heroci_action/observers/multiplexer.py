"""Several observers as one, none of which can harm the run."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.results.records import Result, StageResult, StepResult


class Observers(Observer):
    """Tells each of its observers; one that raises is reported once to the others, and is told on.

    As a context manager it closes them, whatever the run came to. `problems` says what went wrong with them.
    """

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers
        self._reported: set[int] = set()
        self.problems: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def run_started(self, plan: Plan, engine: str, reason: str) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.run_started(plan, engine, reason))

    def stage_started(self, stage: Stage) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.stage_started(stage))

    def step_started(self, stage: Stage, step: Step) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.step_started(stage, step))

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.output(stage, step, stream, line))

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.step_finished(stage, result))

    def stage_finished(self, result: StageResult) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.stage_finished(result))

    def reports_written(self, names: tuple[str, ...]) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.reports_written(names))

    def run_finished(self, result: Result) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.run_finished(result))

    def note(self, text: str) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.note(text))

    def close(self) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.close())

    def _tell(self, message: Callable[[Observer], None]) -> None:
        for number, observer in enumerate(self._observers):
            try:
                message(observer)
            except Exception as error:  # noqa: BLE001  who watches must not change what happens
                self._report(number, error)

    def _report(self, number: int, error: Exception) -> None:
        if number in self._reported:
            return
        self._reported.add(number)
        name = type(self._observers[number]).__name__
        text = f"{name} could not show everything: {type(error).__name__}: {error}"
        self.problems.append(text)
        self.note(text)
