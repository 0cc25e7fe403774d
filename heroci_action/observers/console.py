"""The console: progress while stages run, and a table at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from heroci_action.analysis.failures import (
    FailureGroup,
    failures_of,
    group,
    put_kinds_first,
)
from heroci_action.analysis.unexplained import is_explained_by_step, unexplained
from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer
from heroci_action.observers.phrases import SIGNS, ended, verdict
from heroci_action.options import Verbosity
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.results.records import (
    Diagnostic,
    Result,
    Severity,
    StageResult,
    Status,
    StepResult,
)
from heroci_action.text import count, one_line, place, printable, seconds

if TYPE_CHECKING:
    from rich.console import Console as Terminal
    from rich.console import Group
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

LAST_LINES = 40  # of a failed step's output
SHOWN = 20  # failures and findings that are listed at the end
MIN_WIDTH = 100  # columns of the table where no terminal says how many there are
REFRESH = 8  # times a second

STYLES = {
    Status.PASSED: "green",
    Status.FAILED: "red",
    Status.ERRORED: "red",
    Status.SKIPPED: "yellow",
    Status.CANCELLED: "yellow",
    Status.FLAKY: "yellow",
}
SEVERITIES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "blue"}


@dataclass(slots=True)
class _Running:
    """A running step and its last line of output."""

    emoji: str
    since: float
    line: str = ""


class Console(Observer):
    """Shows progress to people.

    A terminal shows a line for each running step with its time and last line of output; other streams get plain lines
    without control codes. `environ` contains NO_COLOR and the like. Quiet shows only failures and the verdict, verbose
    also shows all output as it arrives. `output` is the directory of the reports, named at the end.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        verbosity: Verbosity = Verbosity.NORMAL,
        output: Path | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._terminal = _terminal(stream, environ or {})
        self._verbosity = verbosity
        self._output = output
        self._clock = clock
        self._running: dict[tuple[str, str], _Running] = {}
        self._live: Live | None = None
        self._reports: tuple[str, ...] = ()

    # While it runs

    def run_started(self, plan: Plan, engine: str, reason: str) -> None:
        """Print the engine, and start the live display on a terminal."""
        if self._verbosity > Verbosity.QUIET:
            why = f" ({one_line(reason)})" if reason else ""
            self._say(f"{one_line(plan.project)} on the {one_line(engine)} engine{why}", "bold")
        # FORCE_COLOR makes rich take a pipe for a terminal.
        if self._terminal.file.isatty() and not self._terminal.is_dumb_terminal:
            self._start_live()

    def stage_started(self, stage: Stage) -> None:
        """Print it if verbose."""
        if self._verbosity >= Verbosity.VERBOSE:
            self._say(f"{stage.emoji} {one_line(stage.name)} started".strip())

    def step_started(self, stage: Stage, step: Step) -> None:
        """Show the step as running."""
        self._running[stage.name, step.name] = _Running(stage.emoji, self._clock())
        if self._verbosity >= Verbosity.DEBUG:
            self._say(f"{one_line(stage.name)}/{one_line(step.name)}: {one_line(str(step.action))}")

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Keep the line for the live display; print a notice, or any line if verbose, after the name of its step."""
        running = self._running.get((stage, step))
        if running and line.strip():
            running.line = line[:1_000]
        notice = stream is Stream.NOTICE and self._live is None
        if self._verbosity >= (Verbosity.NORMAL if notice else Verbosity.VERBOSE):
            self._say_output(f"{one_line(stage)}/{one_line(step)}", line)

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """Print how it ended; for a failure also the end of its output, unless that was already printed."""
        self._running.pop((stage.name, result.name), None)
        bad = result.status.is_failure
        if self._verbosity == Verbosity.QUIET and not bad:
            return
        name = f"{one_line(stage.name)}/{one_line(result.name)}"
        self._say(f"{name}: {ended(result)}", STYLES[result.status], sign=SIGNS[result.status])
        if bad and self._verbosity < Verbosity.VERBOSE:
            for line in result.output.rstrip().splitlines()[-LAST_LINES:]:
                self._say_output("  ", line)
        if bad and result.remedy:
            self._say(f"  remedy: {one_line(result.remedy, 1_000)}", "bold")
        if self._verbosity > Verbosity.QUIET:
            self._warn(f"{name}: ", result.warnings)

    def stage_finished(self, result: StageResult) -> None:
        """Print how it ended: its steps do not include services, or that it was skipped."""
        for key in [key for key in self._running if key[0] == result.name]:
            self._running.pop(key)
        bad = result.status.is_failure and not is_explained_by_step(result)
        if self._verbosity == Verbosity.QUIET and not bad:
            return
        words = f"{result.emoji} {one_line(result.name)} {ended(result)}".strip()
        self._say(words, f"bold {STYLES[result.status]}")
        if bad and result.remedy:
            self._say(f"  remedy: {one_line(result.remedy, 1_000)}", "bold")
        if self._verbosity > Verbosity.QUIET:
            self._warn(f"{one_line(result.name)}: ", result.warnings)

    def note(self, text: str) -> None:
        """Print the text."""
        self._say(one_line(text, 1_000), "yellow")

    def _warn(self, prefix: str, warnings: tuple[str, ...]) -> None:
        for text in warnings:
            self._say(f"{prefix}warning: {one_line(text, 1_000)}", "yellow")

    # At the end

    def reports_written(self, names: tuple[str, ...]) -> None:
        """Keep the names for `run_finished`."""
        self._reports = names

    def run_finished(self, result: Result) -> None:
        """Print the table, failures, findings, reports, and finally the verdict."""
        self.close()
        if self._verbosity > Verbosity.QUIET:
            self._print_table(_table(result))
            self._warn("", result.warnings)
        self._print_unexplained(result)
        self._failures(result)
        self._findings(result)
        if self._verbosity > Verbosity.QUIET:
            self._print_reports()
        self._say("")
        self._say(verdict(result), f"bold {STYLES[result.status]}", sign=SIGNS[result.status])

    def close(self) -> None:
        """Restore the terminal."""
        live, self._live = self._live, None
        if live:
            live.stop()

    def _print_unexplained(self, result: Result) -> None:
        """Print the failures that no test and no finding explains, such as a gate."""
        failures = tuple(unexplained(result.stages))
        if not failures:
            return
        self._say("")
        self._say("What went wrong", "bold")
        for failure in failures[:SHOWN]:
            ended = failure.result
            reason = f": {one_line(ended.reason, 1_000)}" if ended.reason else ""
            words = f"{one_line(failure.name)} {ended.status.value}{reason}"
            self._say(words, STYLES[ended.status], sign=SIGNS[ended.status])
            if ended.remedy:
                self._say(f"    remedy: {one_line(ended.remedy, 1_000)}")
        if len(failures) > SHOWN:
            self._say(f"  and {len(failures) - SHOWN:,} more, in junit.xml")

    def _failures(self, result: Result) -> None:
        groups = put_kinds_first(group(failures_of(result.stages)), SHOWN)
        if not groups:
            return
        self._say("")
        self._say("Failed tests", "bold")
        for members in groups[:SHOWN]:
            self._print_failure(members)
        left = sum(len(members.failures) for members in groups[SHOWN:])
        if left:
            self._say(f"  and {left:,} more, in junit.xml")

    def _print_failure(self, members: FailureGroup) -> None:
        test, more = members.first, len(members.others)
        same = f" (and {count(more, 'more test')} with the same failure)" if more else ""
        self._say(f"{one_line(test.id)}{same}", "red", sign=SIGNS[test.status])
        where = one_line(place(test.file, test.line))
        origin = one_line(members.failures[0].origin)
        for line in filter(None, (where, origin, one_line(test.message))):
            self._say(f"    {line}")

    def _findings(self, result: Result) -> None:
        findings = tuple(result.diagnostics)
        if not findings:
            return
        self._say("")
        self._say("Findings", "bold")
        for finding in findings[:SHOWN]:
            self._say(_finding(finding), SEVERITIES[finding.severity])
        if len(findings) > SHOWN:
            self._say(f"  and {len(findings) - SHOWN:,} more, in junit.xml")

    def _print_reports(self) -> None:
        if self._reports:
            self._say("")
            self._say(f"Reports in {self._output}: {', '.join(self._reports)}")

    # Printing

    def _say(self, words: str, style: str = "", *, sign: str = "") -> None:
        from rich.text import Text  # noqa: PLC0415  rich is slow to import

        shown = printable(f"{sign} {words}" if sign else words).replace("\n", " ")
        self._print(Text(shown, style=style))

    def _say_output(self, prefix: str, line: str) -> None:
        """Print lines of output without control codes."""
        from rich.text import Text  # noqa: PLC0415  as above

        for part in printable(line).expandtabs().split("\n"):
            self._print(Text.assemble((f"{prefix} | ", "dim"), part))

    def _print(self, text: Text) -> None:
        """Print without wrapping: a terminal wraps lines itself, and a file must not."""
        self._terminal.print(text, soft_wrap=True, highlight=False)

    def _print_table(self, table: Table) -> None:
        """Print without trailing blanks."""
        with self._terminal.capture() as captured:
            self._terminal.print(table)
        for line in captured.get().splitlines():
            self._terminal.file.write(f"{line.rstrip()}\n")

    def _start_live(self) -> None:
        from rich.live import Live  # noqa: PLC0415  as above

        self._live = Live(
            get_renderable=self._region,
            console=self._terminal,
            refresh_per_second=REFRESH,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def _region(self) -> Group:
        """Return a line for each running step; called from the thread that refreshes the terminal."""
        from rich.console import Group  # noqa: PLC0415  as above

        now = self._clock()
        running = tuple(self._running.items())
        return Group(*(self._running_line("/".join(key), step, now) for key, step in running))

    def _running_line(self, name: str, running: _Running, now: float) -> Text:
        """Return emoji, name, time and last line of output in one line, cut so that the time is visible."""
        from rich.text import Text  # noqa: PLC0415  as above

        width = self._terminal.width
        emoji = Text(f"{one_line(running.emoji, 10)} ")
        time = Text(f" {seconds(now - running.since)} ", style="cyan")
        shown = Text(one_line(name), style="bold")
        shown.truncate(max(width - emoji.cell_len - time.cell_len, 1), overflow="ellipsis")
        line = Text.assemble(emoji, shown, time, (one_line(running.line), "dim"))
        line.truncate(width, overflow="ellipsis")
        return line


def _terminal(stream: TextIO, environ: Mapping[str, str]) -> Terminal:
    from rich.console import Console as Terminal  # noqa: PLC0415  as above

    terminal = Terminal(
        file=stream, markup=False, emoji=False, highlight=False, _environ=dict(environ)
    )
    if not stream.isatty():
        terminal.width = max(terminal.width, MIN_WIDTH)
    return terminal


def _table(result: Result) -> Table:
    from rich import box  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("Stage", "Result"):
        table.add_column(title, no_wrap=True)
    for title in ("Time", "Share"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Reason", overflow="fold")
    for cells in _rows(result):
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    return table


def _rows(result: Result) -> Iterator[tuple[str | Text, ...]]:
    from rich.text import Text  # noqa: PLC0415  as above

    for stage in result.stages:
        ran = stage.status is not Status.SKIPPED
        share = ran and result.duration
        word = stage.status.value + (" (cached)" if stage.cached else "")
        yield (
            one_line(f"{stage.emoji} {stage.name}", 50),
            Text(word, style=STYLES[stage.status]),
            seconds(stage.duration) if ran else "",
            f"{100 * stage.duration / result.duration:.0f} %" if share else "",
            one_line(stage.reason or ""),
        )
    yield ("total", result.status.value, seconds(result.duration), "", "")


def _finding(finding: Diagnostic) -> str:
    column = f":{finding.column}" if finding.file and finding.line and finding.column else ""
    where = f"{place(finding.file, finding.line)}{column}"
    words = (where, finding.rule or "", finding.message, f"({finding.tool})")
    return "  " + one_line(" ".join(word for word in words if word))
