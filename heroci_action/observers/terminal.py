"""Print to a terminal, or as plain lines to any other stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from heroci_action.results.records import Severity, Status
from heroci_action.text import one_line, printable

# rich is slow to import, so it is imported when the first line is printed:
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

MIN_WIDTH = 100  # columns of the table without a terminal

STYLES = {
    Status.PASSED: "green",
    Status.FAILED: "red",
    Status.ERRORED: "red",
    Status.SKIPPED: "yellow",
    Status.CANCELLED: "yellow",
    Status.FLAKY: "yellow",
}
SEVERITIES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "blue"}


class Terminal:
    """Prints lines without control codes; `environ` contains NO_COLOR, FORCE_COLOR and the like."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self.rich = _rich(stream, environ)

    @property
    def can_move_cursor(self) -> bool:
        """Whether lines can be replaced. FORCE_COLOR makes rich take a pipe for a terminal."""
        return self.rich.file.isatty() and not self.rich.is_dumb_terminal

    def say(self, words: str, style: str = "", *, sign: str = "") -> None:
        """Print words as one line."""
        from rich.text import Text

        shown = printable(f"{sign} {words}" if sign else words).replace("\n", " ")
        self._print(Text(shown, style=style))

    def title(self, words: str) -> None:
        """Print a title after an empty line."""
        self.say("")
        self.say(words, "bold")

    def warn(self, prefix: str, warnings: tuple[str, ...]) -> None:
        """Print warnings."""
        for text in warnings:
            self.say(f"{prefix}warning: {one_line(text, 1_000)}", "yellow")

    def say_output(self, prefix: str, line: str) -> None:
        """Print lines of a program's output."""
        from rich.text import Text

        for part in printable(line).expandtabs().split("\n"):
            self._print(Text.assemble((f"{prefix} | ", "dim"), part))

    def print_table(self, table: Table) -> None:
        """Print a table without trailing blanks."""
        with self.rich.capture() as captured:
            self.rich.print(table)
        for line in captured.get().splitlines():
            self.rich.file.write(f"{line.rstrip()}\n")

    def _print(self, text: Text) -> None:
        """Print without wrapping: a terminal wraps lines itself, and a file must not."""
        self.rich.print(text, soft_wrap=True, highlight=False)


def _rich(stream: TextIO, environ: Mapping[str, str]) -> Console:
    from rich.console import Console

    terminal = Console(
        file=stream, markup=False, emoji=False, highlight=False, _environ=dict(environ)
    )
    if not stream.isatty():
        terminal.width = max(terminal.width, MIN_WIDTH)
    return terminal
