"""The last runs in the summary: verdicts, times, coverage, and tests whose outcome changes often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from heroci_action.analysis.history import (
    outcomes_of_test,
    restless_tests,
    trends,
    whole_history,
)
from heroci_action.reports.markdown import code, fit, icon, number, prose, row, table
from heroci_action.results.records import PastRun, Result, Status
from heroci_action.text import count


def history_section(result: Result, budget: int) -> Iterator[str]:
    """Yield the section in at most `budget` bytes; nothing without earlier runs."""
    runs = whole_history(result)
    if not runs:
        return
    yield f"The last {count(len(runs), 'run')}, the oldest first: {icons(past.status for past in runs)}"
    yield ""
    yield from table("Of each run", "Oldest to newest", "Last:", "Range:")
    yield from fit(_rows(runs), budget // 2, lambda left: row(f"and {count(left, 'more stage')}"))
    yield ""
    restless = restless_tests(runs)
    if restless:
        yield "Tests that were flaky more than once, or failed again after they had passed:"
        yield ""
        yield from table("Test", "Oldest to newest")
        rows = (row(code(name), icons(outcomes_of_test(name, runs))) for name in restless)
        yield from fit(rows, budget // 2, lambda left: row(f"and {count(left, 'more test')}"))
        yield ""


def icons(statuses: Iterable[Status]) -> str:
    """Return the icons of statuses in a row."""
    return "".join(map(icon, statuses))


def _rows(runs: tuple[PastRun, ...]) -> Iterator[str]:
    for trend in trends(runs):
        yield row(prose(trend.name, 60), trend.line, number(trend.last), number(trend.span))
