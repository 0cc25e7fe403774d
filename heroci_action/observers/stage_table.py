"""The table of the stages with their times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from heroci_action.analysis.critical_path import engine_start
from heroci_action.observers.terminal import STYLES, Terminal
from heroci_action.results.records import Result, StageResult, Status
from heroci_action.text import one_line, seconds

# rich is slow to import:
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


def print_stages(result: Result, terminal: Terminal) -> None:
    """Print the stages; if the reasons do not fit into a column, they follow their rows."""
    wide = _table(result, with_reasons=True)
    if terminal.fits(wide):
        terminal.print_table(wide)
        return
    reasons = (_reason(stage) for stage in result.stages)
    below = {number: reason for number, reason in enumerate(reasons) if reason}
    terminal.print_table(_table(result, with_reasons=False), below)


def _table(result: Result, *, with_reasons: bool) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("Stage", "Result"):
        table.add_column(title, no_wrap=True)
    for title in ("Time", "Share"):
        table.add_column(title, justify="right", no_wrap=True)
    if with_reasons:
        table.add_column("Reason", no_wrap=True)
    for cells in _rows(result):
        table.add_row(*cells[: len(table.columns)])
    return table


def _rows(result: Result) -> Iterator[tuple[Text, ...]]:
    from rich.text import Text

    for stage in result.stages:
        yield (
            Text(one_line(f"{stage.emoji} {stage.name}", 50)),
            Text(f"{stage.status.value}{stage.remarks}", style=STYLES[stage.status]),
            *map(Text, _times(stage, result.duration)),
            Text(_reason(stage)),
        )
    if start := engine_start(result.stages):
        yield (Text("engine start"), Text(""), *map(Text, _share(start, result.duration)))
    yield (Text("total"), Text(result.status.value), Text(seconds(result.duration)))


def _times(stage: StageResult, total: float) -> tuple[str, str]:
    if stage.status is Status.SKIPPED:
        return "", ""
    return _share(stage.duration, total)


def _share(duration: float, total: float) -> tuple[str, str]:
    return seconds(duration), f"{100 * duration / total:.0f} %" if total else ""


def _reason(stage: StageResult) -> str:
    return one_line(stage.reason or "")
