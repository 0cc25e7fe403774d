"""The console: progress while stages run, and a summary at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from heroci_action.analysis.unexplained import is_explained_by_step
from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer, Progress
from heroci_action.observers.closing import Closing
from heroci_action.observers.live import LiveLines, Running
from heroci_action.observers.phrases import SIGNS, ProgressNotes, ended
from heroci_action.observers.terminal import STYLES, Terminal
from heroci_action.options import Verbosity
from heroci_action.results.records import Result, StageResult, StepResult
from heroci_action.text import one_line

# The plan is slow to import, and `heroci report` has none.
if TYPE_CHECKING:
    from heroci_action.plan.stages import Plan, Stage, Step

LAST_LINES = 40  # of a failed step's output


class Console(Observer):
    """Shows progress to people.

    A terminal shows a line for each running step with its time, its tests and its last line of output; other streams
    get plain lines without control codes. `environ` contains NO_COLOR and the like. Quiet shows only failures and the
    verdict, verbose also shows all output as it arrives. `output` is the directory of the reports, named at the end
    after the `durations` slowest tests.
    """

    def __init__(  # noqa: PLR0913  independent parts of what is shown, all named
        self,
        stream: TextIO,
        *,
        verbosity: Verbosity = Verbosity.NORMAL,
        output: Path | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        durations: int = 0,
    ) -> None:
        self._terminal = Terminal(stream, environ or {})
        self._verbosity = verbosity
        self._output = output
        self._durations = durations
        self._clock = clock
        self._live = LiveLines(self._terminal, clock)
        self._notes = ProgressNotes(clock)
        self._reports: tuple[str, ...] = ()

    # While it runs

    def run_started(self, plan: Plan, engine: str, reason: str) -> None:
        """Print the engine, and start the live display on a terminal."""
        if self._verbosity > Verbosity.QUIET:
            why = f" ({one_line(reason)})" if reason else ""
            self._terminal.say(
                f"{one_line(plan.project)} on the {one_line(engine)} engine{why}", "bold"
            )
        self._live.start()

    def stage_started(self, stage: Stage) -> None:
        """Print it if verbose."""
        if self._verbosity >= Verbosity.VERBOSE:
            self._terminal.say(f"{stage.emoji} {one_line(stage.name)} started".strip())

    def step_started(self, stage: Stage, step: Step) -> None:
        """Show the step as running."""
        self._live.running[stage.name, step.name] = Running(stage.emoji, self._clock())
        if self._verbosity >= Verbosity.DEBUG:
            action = one_line(str(step.action))
            self._terminal.say(f"{one_line(stage.name)}/{one_line(step.name)}: {action}")

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Keep the line for the live display; print a notice, or any line if verbose, after the name of its step."""
        running = self._live.running.get((stage, step))
        if running and line.strip():
            running.line = line[:1_000]
        notice = stream is Stream.NOTICE and not self._terminal.can_move_cursor
        if self._verbosity >= (Verbosity.NORMAL if notice else Verbosity.VERBOSE):
            self._terminal.say_output(f"{one_line(stage)}/{one_line(step)}", line)

    def tests_progressed(self, stage: str, step: str, progress: Progress) -> None:
        """Show the progress; without a terminal, print it now and then."""
        running = self._live.running.get((stage, step))
        if running:
            running.progress = progress
        wanted = self._verbosity > Verbosity.QUIET and not self._terminal.can_move_cursor
        if wanted and self._notes.is_due(stage, step):
            self._terminal.say(f"{one_line(stage)}/{one_line(step)}: {progress}")

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """Print its outcome; for a failure also the end of its output, unless that was already printed."""
        self._live.running.pop((stage.name, result.name), None)
        bad = result.status.is_failure
        if self._verbosity == Verbosity.QUIET and not bad:
            return
        name = f"{one_line(stage.name)}/{one_line(result.name)}"
        self._terminal.say(
            f"{name}: {ended(result)}", STYLES[result.status], sign=SIGNS[result.status]
        )
        if bad and self._verbosity < Verbosity.VERBOSE:
            for line in result.output.rstrip().splitlines()[-LAST_LINES:]:
                self._terminal.say_output("  ", line)
        self._explain(result, name, bad=bad)

    def stage_finished(self, result: StageResult) -> None:
        """Print its outcome if its steps do not show it: services failed, or it was skipped."""
        for key in [key for key in self._live.running if key[0] == result.name]:
            self._live.running.pop(key)
        bad = result.status.is_failure and not is_explained_by_step(result)
        if self._verbosity == Verbosity.QUIET and not bad:
            return
        words = f"{result.emoji} {one_line(result.name)} {ended(result)}".strip()
        self._terminal.say(words, f"bold {STYLES[result.status]}")
        self._explain(result, one_line(result.name), bad=bad)

    def _explain(self, result: StepResult | StageResult, name: str, *, bad: bool) -> None:
        if bad and result.remedy:
            self._terminal.say(f"  remedy: {one_line(result.remedy, 1_000)}", "bold")
        if self._verbosity > Verbosity.QUIET:
            self._terminal.warn(f"{name}: ", result.warnings)

    def note(self, text: str) -> None:
        """Print the text."""
        self._terminal.say(one_line(text, 1_000), "yellow")

    # At the end

    def reports_written(self, names: tuple[str, ...]) -> None:
        """Keep the names for `run_finished`."""
        self._reports = names

    def run_finished(self, result: Result) -> None:
        """Print the summary and the verdict."""
        self.close()
        Closing(
            terminal=self._terminal,
            quiet=self._verbosity == Verbosity.QUIET,
            output=self._output,
            reports=self._reports,
            durations=self._durations,
        ).print(result)

    def close(self) -> None:
        """Restore the terminal."""
        self._live.stop()
