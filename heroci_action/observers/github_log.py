"""GitHub's log: short lines during the run, and the output of each stage as a group when it has finished."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from heroci_action.analysis.unexplained import unexplained
from heroci_action.engines.base import Stream
from heroci_action.github import commands
from heroci_action.github.inert import inert
from heroci_action.observers.base import Observer, Progress
from heroci_action.observers.phrases import SIGNS, ProgressNotes, ended, verdict
from heroci_action.options import Verbosity
from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.text import one_line

# The plan is slow to import, and `heroci report` has none.
if TYPE_CHECKING:
    from heroci_action.plan.stages import Plan, Stage

KEPT_LINES = 5_000  # the last lines of a step's output; its log file has all of them
KEPT_LENGTH = 4_000  # characters of a line


@dataclass(slots=True)
class _Output:
    """The end of a step's output, and its total number of lines."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    total: int = 0

    def add(self, line: str) -> None:
        self.lines.append(line if len(line) <= KEPT_LENGTH else f"{line[:KEPT_LENGTH]}…")
        self.total += 1


class GitHubLog(Observer):
    """Prints for the log of a job.

    Stages run in parallel and groups cannot be nested, so the output of a stage is printed when the stage has
    finished. Workflow commands are stopped meanwhile, so that no output of the project is a command to the runner.
    Quiet omits the groups of stages that passed.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        verbosity: Verbosity = Verbosity.NORMAL,
        token: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._stream = stream
        self._verbosity = verbosity
        self._token = token
        self._outputs: dict[str, dict[str, _Output]] = {}
        self._notes = ProgressNotes(time.monotonic)

    def run_started(self, plan: Plan, engine: str, reason: str) -> None:
        """Print the engine and the reason for it."""
        self._say(f"{one_line(plan.project)} on the {one_line(engine)} engine ({one_line(reason)})")

    def stage_started(self, stage: Stage) -> None:
        """Print it."""
        self._outputs[stage.name] = {}
        self._say(f"{stage.emoji} {one_line(stage.name)} started")

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Keep the line until the stage has finished; later lines of its services are only in the log files.

        A notice is printed at once, because it is about a wait.
        """
        if stream is Stream.NOTICE:
            self._say(f"{one_line(stage)}/{one_line(step)}: {one_line(line, 1_000)}")
        if stage in self._outputs:
            self._outputs[stage].setdefault(step, _Output()).add(line)

    def tests_progressed(self, stage: str, step: str, progress: Progress) -> None:
        """Print the progress now and then."""
        if self._verbosity > Verbosity.QUIET and self._notes.is_due(stage, step):
            self._say(f"{one_line(stage)}/{one_line(step)}: {progress}")

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """Print its outcome."""
        name = f"{one_line(stage.name)}/{one_line(result.name)}"
        self._say(f"{SIGNS[result.status]} {name}: {ended(result)}")
        if result.remedy and result.status is not Status.PASSED:
            self._say(f"  remedy: {one_line(result.remedy, 1_000)}")

    def stage_finished(self, result: StageResult) -> None:
        """Print the output of the stage as a group, and its outcome."""
        outputs = self._outputs.pop(result.name, {})
        wanted = self._verbosity > Verbosity.QUIET or result.status is not Status.PASSED
        if wanted and outputs:
            title = f"{result.emoji} {result.name}: output"
            for line in commands.group(title, _lines(outputs), token=self._token()):
                commands.write_line(self._stream, line)
        self._say(f"{result.emoji} {one_line(result.name)} {ended(result)}")

    def run_finished(self, result: Result) -> None:
        """Print the reasons of failures and the verdict; the rest is in the job summary and in annotations."""
        for failure in unexplained(result.stages):
            ended = failure.result
            reason = f": {one_line(ended.reason, 1_000)}" if ended.reason else ""
            words = f"{one_line(failure.name)} {ended.status.value}{reason}"
            self._say(f"{SIGNS[ended.status]} {words}")
        self._say(f"{SIGNS[result.status]} {verdict(result)}")

    def note(self, text: str) -> None:
        """Print the text; not as `::notice`, which would be an annotation."""
        self._say(one_line(text, 1_000))

    def close(self) -> None:
        """Print the output of stages that never finished."""
        for stage in tuple(self._outputs):
            self.stage_finished(StageResult(name=stage, status=Status.CANCELLED))

    def _say(self, words: str) -> None:
        commands.write_line(self._stream, inert(words.strip()))
        self._stream.flush()


def _lines(outputs: dict[str, _Output]) -> Iterator[str]:
    """Yield the output of each step, even if they ran in parallel."""
    for step, output in outputs.items():
        yield f"--- {one_line(step)}"
        left = output.total - len(output.lines)
        if left:
            yield f"… {left:,} earlier lines in the log file of the step"
        yield from output.lines
