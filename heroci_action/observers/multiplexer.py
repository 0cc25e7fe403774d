"""Several observers as one."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer, Progress
from heroci_action.results.records import Result, StageResult, StepResult

# The plan is slow to import, and `heroci report` has none.
if TYPE_CHECKING:
    from heroci_action.plan.stages import Plan, Stage, Step


class Observers(Observer):
    """Notifies each of its observers; none of them can harm the run.

    An observer that raises is reported once to the others, recorded in `problems`, and still notified of later events.
    As a context manager, it closes all of them.
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
        """Notify all."""
        self._notify(lambda observer: observer.run_started(plan, engine, reason))

    def stage_started(self, stage: Stage) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.stage_started(stage))

    def step_started(self, stage: Stage, step: Step) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.step_started(stage, step))

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.output(stage, step, stream, line))

    def tests_progressed(self, stage: str, step: str, progress: Progress) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.tests_progressed(stage, step, progress))

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.step_finished(stage, result))

    def stage_finished(self, result: StageResult) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.stage_finished(result))

    def reports_written(self, names: tuple[str, ...]) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.reports_written(names))

    def run_finished(self, result: Result) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.run_finished(result))

    def note(self, text: str) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.note(text))

    def close(self) -> None:
        """Notify all."""
        self._notify(lambda observer: observer.close())

    def _notify(self, event: Callable[[Observer], None]) -> None:
        for number, observer in enumerate(self._observers):
            try:
                event(observer)
            except Exception as error:  # noqa: BLE001  an observer must not change the run
                self._report(number, error)

    def _report(self, number: int, error: Exception) -> None:
        if number in self._reported:
            return
        self._reported.add(number)
        name = type(self._observers[number]).__name__
        text = f"{name} is incomplete: {type(error).__name__}: {error}"
        self.problems.append(text)
        self.note(text)
