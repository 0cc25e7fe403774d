"""The last runs in the summary: verdicts, times, coverage, and tests whose outcome changes often."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.analysis.history import flipping_tests, sparkline, whole_history
from heroci_action.reports.markdown import code, fit, icon, prose, row, table
from heroci_action.results.records import PastRun, Result
from heroci_action.text import count


def history_section(result: Result, budget: int) -> Iterator[str]:
    """Yield the section in at most `budget` bytes; nothing without earlier runs."""
    runs = whole_history(result)
    if not runs:
        return
    yield f"The last {count(len(runs), 'run')}, the oldest first: {''.join(icon(past.status) for past in runs)}"
    yield ""
    yield from table("Of each run", "Oldest to newest")
    yield from fit(_rows(runs), budget // 2, lambda left: row(f"and {count(left, 'more stage')}"))
    yield ""
    flipping = flipping_tests(runs)
    if flipping:
        yield "Tests whose outcome changed more than once:"
        yield ""
        lines = (f"- {code(name)}" for name in flipping)
        yield from fit(lines, budget // 2, lambda left: f"- and {count(left, 'more test')}")
        yield ""


def _rows(runs: tuple[PastRun, ...]) -> Iterator[str]:
    lines = {
        "duration": sparkline(past.duration for past in runs),
        "coverage": sparkline(past.coverage for past in runs),
    }
    names = dict.fromkeys(name for past in runs for name in past.stages)
    lines |= {f"stage {name}": sparkline(past.stages.get(name) for past in runs) for name in names}
    return (row(prose(name, 60), line) for name, line in lines.items() if line)
