"""The live display: a line for each running step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heroci_action.observers.base import Progress
from heroci_action.observers.terminal import Terminal
from heroci_action.text import one_line, seconds

# rich is slow to import, and only a terminal needs it here:
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

REFRESH = 8  # times a second


@dataclass(slots=True)
class Running:
    """A running step, the progress of its tests and its last line of output."""

    emoji: str
    since: float
    line: str = ""
    progress: Progress | None = None


class LiveLines:
    """The running steps by stage and name, shown on a terminal from `start` to `stop`."""

    def __init__(self, terminal: Terminal, clock: Callable[[], float]) -> None:
        self.running: dict[tuple[str, str], Running] = {}
        self._terminal = terminal
        self._clock = clock
        self._live: Live | None = None

    def start(self) -> None:
        """Show the lines, if the stream is a terminal."""
        from rich.live import Live

        if not self._terminal.can_move_cursor:
            return
        self._live = Live(
            get_renderable=self._region,
            console=self._terminal.rich,
            refresh_per_second=REFRESH,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def stop(self) -> None:
        """Remove the lines and restore the terminal."""
        live, self._live = self._live, None
        if live:
            live.stop()

    def _region(self) -> Group:
        """Return a line for each running step; called from the thread that refreshes the terminal."""
        from rich.console import Group

        now = self._clock()
        running = tuple(self.running.items())
        return Group(*(self._line("/".join(key), step, now) for key, step in running))

    def _line(self, name: str, running: Running, now: float) -> Text:
        """Return emoji, name, time, progress and last line of output, cut so that the time is visible."""
        from rich.text import Text

        width = self._terminal.rich.width
        emoji = Text(f"{one_line(running.emoji, 10)} ")
        time = Text(f" {seconds(now - running.since)} ", style="cyan")
        shown = Text(one_line(name), style="bold")
        shown.truncate(max(width - emoji.cell_len - time.cell_len, 1), overflow="ellipsis")
        line = Text.assemble(emoji, shown, time, *_progress(running.progress))
        line.append(one_line(running.line), "dim")
        line.truncate(width, overflow="ellipsis")
        return line


def _progress(progress: Progress | None) -> tuple[tuple[str, str], ...]:
    return ((f"{progress}  ", "red" if progress.failed else "green"),) if progress else ()
