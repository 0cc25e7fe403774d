"""The progress of the tests is taken out of a step's output, and shown."""

from __future__ import annotations

import io

from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer, Progress
from heroci_action.observers.console import Console
from heroci_action.plan.actions import Command
from heroci_action.plan.stages import Step
from heroci_action.runner.output import Output

STEP = Step(name="tests", action=Command(line=("python",)))


class Seen(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.progress: list[str] = []

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        self.lines.append(line)

    def tests_progressed(self, stage: str, step: str, progress: Progress) -> None:
        self.progress.append(str(progress))


def test_progress_is_no_output() -> None:
    seen = Seen()
    output = Output("tests", STEP, seen)
    for line in (
        "before",
        "heroci-progress: 0/1200 0",
        "no newlineheroci-progress: 7/1200 2",
        "heroci-progress: is the format",
    ):
        output(Stream.STDOUT, line)

    assert seen.progress == ["0 of 1,200 tests", "7 of 1,200 tests, 2 failed"]
    assert seen.lines == ["before", "no newline", "heroci-progress: is the format"]
    assert "1200" not in output.tail


def test_a_pipe_gets_the_progress_now_and_then() -> None:
    stream, now = io.StringIO(), [0.0]
    console = Console(stream, clock=lambda: now[0])
    for second in range(65):
        now[0] = float(second)
        console.tests_progressed("tests", "tests", Progress(ran=second, total=90, failed=0))

    assert stream.getvalue() == "tests/tests: 30 of 90 tests\ntests/tests: 60 of 90 tests\n"
