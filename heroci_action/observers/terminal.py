"""Print to a terminal, or as plain lines to any other stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

from heroci_action.results.records import Severity, Status
from heroci_action.text import one_line, printable

# rich is slow to import, so it is imported when the first line is printed:
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

MIN_WIDTH = 140  # columns of the table without a terminal
MAX_WIDTH = 10_000  # columns of the widest table that is measured
HEAD = 3  # lines of a table above its rows
HANGING = 2  # blanks before the second line of a wrapped text

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
        """Print words as one line, which wraps between words on a terminal."""
        from rich.text import Text

        shown = printable(f"{sign} {words}" if sign else words).replace("\n", " ")
        text = Text(shown, style=style)
        too_long = text.cell_len > self.rich.width
        for line in self._wrap(text) if too_long and self.rich.file.isatty() else (text,):
            self._print(line)

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

    def fits(self, table: Table) -> bool:
        """Return whether the terminal is wide enough for every cell of a table."""
        from rich.measure import Measurement

        options = self.rich.options.update(max_width=MAX_WIDTH)
        return Measurement.get(self.rich, options, table).maximum <= self.rich.width

    def print_table(self, table: Table, below: Mapping[int, str] = MappingProxyType({})) -> None:
        """Print a table of one-line rows without trailing blanks; `below` are texts below rows, by their numbers."""
        with self.rich.capture() as captured:
            self.rich.print(table)
        for number, line in enumerate(captured.get().rstrip().splitlines(), start=-HEAD):
            self.rich.file.write(f"{line.rstrip()}\n")
            if number in below:
                self.say(f"    {below[number]}", "dim")

    def _wrap(self, text: Text) -> Iterator[Text]:
        """Yield the lines of a text that is wider than the terminal; all but the first hang."""
        from rich.text import Text

        blanks = len(text.plain) - len(text.plain.lstrip())
        width = max(self.rich.width - blanks - HANGING, 1)
        indent = " " * blanks
        for line in text[blanks:].wrap(self.rich, width, overflow="fold"):
            line.rstrip()
            yield Text.assemble(indent, line)
            indent = " " * (blanks + HANGING)

    def _print(self, text: Text) -> None:
        """Print without wrapping: a terminal wraps output of programs itself, and a file must not."""
        self.rich.print(text, soft_wrap=True, highlight=False)


def _rich(stream: TextIO, environ: Mapping[str, str]) -> Console:
    from rich.console import Console

    terminal = Console(
        file=stream, markup=False, emoji=False, highlight=False, _environ=dict(environ)
    )
    if not stream.isatty():
        terminal.width = max(terminal.width, MIN_WIDTH)
    return terminal
