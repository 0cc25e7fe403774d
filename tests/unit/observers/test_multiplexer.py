from __future__ import annotations

import inspect
from dataclasses import dataclass, field

import pytest

from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer
from heroci_action.observers.multiplexer import Observers
from tests.unit.observers.plans import watch


@dataclass
class Notebook(Observer):
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    closed: int = 0

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        self.lines.append(line)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def close(self) -> None:
        self.closed += 1


class FullDisk(Observer):
    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        raise OSError(28, "No space left on device")

    def note(self, text: str) -> None:
        raise OSError(28, "No space left on device")


def test_every_observer_is_notified() -> None:
    first, second = Notebook(), Notebook()

    watch(Observers(first, second), "a", "b")

    assert first.lines == second.lines == ["migrating", "a", "b"]


def test_failing_observer_is_reported_once() -> None:
    notebook = Notebook()
    observers = Observers(FullDisk(), notebook)

    watch(observers, "a", "b")

    assert notebook.lines == ["migrating", "a", "b"]
    assert notebook.notes == observers.problems
    assert observers.problems == [
        "FullDisk is incomplete: OSError: [Errno 28] No space left on device"
    ]


def test_all_observers_are_closed_after_an_error() -> None:
    notebook = Notebook()

    with pytest.raises(KeyboardInterrupt), Observers(FullDisk(), notebook):
        raise KeyboardInterrupt

    assert notebook.closed == 1


def test_every_event_is_forwarded() -> None:
    told = [name for name, _ in inspect.getmembers(Observer, inspect.isfunction)]

    assert [name for name in told if name not in vars(Observers)] == []
