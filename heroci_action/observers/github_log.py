"""GitHub's log: short lines as things happen, and what a stage printed as one group when it has ended."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from heroci_action.engines.base import Stream
from heroci_action.github import commands
from heroci_action.observers.base import Observer
from heroci_action.observers.phrases import SIGNS, ended, verdict
from heroci_action.options import Verbosity
from heroci_action.plan.stages import Plan, Stage
from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.text import one_line

KEPT_LINES = 5_000  # of a step's output, the last ones; the log file has all
KEPT_LENGTH = 4_000  # characters of a line


@dataclass(slots=True)
class _Said:
    """The end of what a step said, and how many lines that was in all."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    total: int = 0

    def add(self, line: str) -> None:
        self.lines.append(line if len(line) <= KEPT_LENGTH else f"{line[:KEPT_LENGTH]}…")
        self.total += 1


class GitHubLog(Observer):
    """Prints for the log of a job.

    Stages run side by side and groups cannot be nested, so a stage's output waits until the stage has ended. It is
    printed with commands stopped: nothing that the project says is a command to the runner. Quiet leaves out the
    groups of stages that passed.
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
        self._said: dict[str, dict[str, _Said]] = {}

    def run_started(self, plan: Plan, engine: str, reason: str) -> None:
        """Where it runs, and why there."""
        self._say(f"{one_line(plan.project)} on the {one_line(engine)} engine ({one_line(reason)})")

    def stage_started(self, stage: Stage) -> None:
        """A line at once."""
        self._said[stage.name] = {}
        self._say(f"{stage.emoji} {one_line(stage.name)} started")

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Keep it until the stage ends; what a service says once it has is in the log files alone."""
        if stage in self._said:
            self._said[stage].setdefault(step, _Said()).add(line)

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """A line at once."""
        name = f"{one_line(stage.name)}/{one_line(result.name)}"
        self._say(f"{SIGNS[result.status]} {name}: {ended(result)}")
        if result.remedy and result.status is not Status.PASSED:
            self._say(f"  remedy: {one_line(result.remedy, 1_000)}")

    def stage_finished(self, result: StageResult) -> None:
        """The stage's output as a group, and a line about how it ended."""
        said = self._said.pop(result.name, {})
        wanted = self._verbosity > Verbosity.QUIET or result.status is not Status.PASSED
        if wanted and said:
            title = f"{result.emoji} {result.name}: what it printed"
            for line in commands.group(title, _lines(said), token=self._token()):
                commands.write_line(self._stream, line)
        self._say(f"{result.emoji} {one_line(result.name)} {ended(result)}")

    def run_finished(self, result: Result) -> None:
        """The verdict; the job summary and the annotations say the rest."""
        self._say(f"{SIGNS[result.status]} {verdict(result)}")

    def note(self, text: str) -> None:
        """A line at once; not `::notice`, which would be an annotation."""
        self._say(one_line(text, 1_000))

    def close(self) -> None:
        """What stages have said that were never finished."""
        for stage in tuple(self._said):
            self.stage_finished(StageResult(name=stage, status=Status.CANCELLED))

    def _say(self, words: str) -> None:
        commands.write_line(self._stream, commands.inert(words.strip()))
        self._stream.flush()


def _lines(said: dict[str, _Said]) -> Iterator[str]:
    """The steps one after another, also where they ran side by side."""
    for step, words in said.items():
        yield f"--- {one_line(step)}"
        left = words.total - len(words.lines)
        if left:
            yield f"… {left:,} lines before these are in the log file of the step"
        yield from words.lines
