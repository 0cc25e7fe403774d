"""The comparison with the baseline, and the flaky tests, as sections of the summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from heroci_action.analysis.baseline import known_since
from heroci_action.reports.links import CodeLinks
from heroci_action.reports.markdown import code, fit, fold, linked, number, prose, row, table
from heroci_action.results.records import Comparison, Result, Status, TestCase
from heroci_action.text import count, one_line, place, seconds

NEW = "🆕 new"
SHOWN = 500  # names in one list; heroci-result.json has all of them


def comparison_line(result: Result, comparison: Comparison) -> str:
    """Return the figures in one line, with the run that they refer to."""
    when = f" of {prose(comparison.started_at[:10])}" if comparison.started_at else ""
    commit = f", commit {code(comparison.commit[:12])}" if comparison.commit else ""
    return f"Compared with the run{when}{commit}: {' · '.join(_figures(result, comparison))}"


def since_when(comparison: Comparison | None) -> str:
    """Return whether failed tests are new, else since when the oldest of them fails, for the end of a sentence."""
    if comparison is None:
        return ""
    if comparison.new:
        return ", with new failures"
    oldest = max(comparison.known, key=lambda age: age.runs, default=None)
    return f", {prose(known_since(oldest))}" if oldest else ""


def marks(comparison: Comparison | None) -> Mapping[str, str]:
    """Return what is known of each failed test by its id: that it is new, or since when it fails."""
    if comparison is None:
        return {}
    ages = {age.id: known_since(age) for age in comparison.known}
    return ages | dict.fromkeys(comparison.new, NEW)


def comparison_section(result: Result, budget: int) -> Iterator[str]:
    """Yield the lists in at most `budget` bytes, without the failed tests; nothing without a baseline."""
    if result.comparison is None:
        return
    blocks = [block for block in _blocks(result.comparison, budget // 8) if block]
    yield from fit(blocks, budget - 1_000, lambda left: f"and {count(left, 'more list')}\n")


def _figures(result: Result, comparison: Comparison) -> Iterator[str]:
    numbers = (
        ("new failure", len(comparison.new)),
        ("known failure", len(comparison.known)),
        ("fixed", len(comparison.fixed)),
        ("slower", len(comparison.slower)),
        ("added", comparison.added),
        ("removed", comparison.removed),
        ("new finding", len(comparison.new_findings)),
    )
    for words, amount in numbers:
        if amount or words == "new failure":
            plural = count(amount, words) if " " in words else f"{amount:,} {words}"
            yield f"**{plural}**" if words == "new failure" else plural
    now = result.coverage.percent if result.coverage else None
    if now is not None and comparison.coverage is not None:
        yield f"coverage {points(now - comparison.coverage)}"


def points(difference: float) -> str:
    """Return a difference of percentages: `+1.20 points`, `±0.00 points`."""
    rounded = round(difference, 2)
    return f"{rounded:+.2f} points" if rounded else "±0.00 points"


def _blocks(comparison: Comparison, budget: int) -> Iterator[str]:
    yield _names("🎉 Fixed", comparison.fixed, budget)
    yield _names("🔀 Different outcome at the same commit", comparison.unstable, budget)
    slow = (
        f"- {code(one.id)} {number(seconds(one.after))}, expected {number(seconds(one.before))}"
        for one in comparison.slower[:SHOWN]
    )
    yield _list("🐌 Slower", slow, budget, total=len(comparison.slower))
    yield _names("Added", comparison.added_names, budget, total=comparison.added)
    yield _names("Removed", comparison.removed_names, budget, total=comparison.removed)


def _names(title: str, ids: tuple[str, ...], budget: int, *, total: int | None = None) -> str:
    lines = (f"- {code(name)}" for name in ids[:SHOWN])
    return _list(title, lines, budget, total=len(ids) if total is None else total)


def _list(title: str, lines: Iterable[str], budget: int, *, total: int) -> str:
    if not total:
        return ""
    shown = list(fit(lines, budget, lambda _: ""))
    shown = [line for line in shown if line]
    left = total - len(shown)
    more = [f"- … and {left:,} more, in `heroci-result.json`"] if left else []
    return fold(f"{title}: {total:,}", "\n".join([*shown, *more]))


def flaky_section(result: Result, budget: int, links: CodeLinks) -> Iterator[str]:
    """Yield the tests that failed and then passed, in at most `budget` bytes."""
    flaky = [test for test in result.tests if test.status is Status.FLAKY]
    if not flaky:
        return
    yield f"## 🔀 {count(len(flaky), 'flaky test')}"
    yield ""
    yield from table("Test", "Place", "Failed:", "Message")
    rows = (_flaky_row(test, links) for test in flaky)
    yield from fit(rows, budget, lambda left: row(f"and {left:,} more"))
    yield ""


def _flaky_row(test: TestCase, links: CodeLinks) -> str:
    failed = number(count(max(len(test.attempts), 1), "time"))
    where = linked(links.url(test.file, test.line), code(place(test.file, test.line)))
    return row(code(test.id), where, failed, prose(one_line(test.message)))
