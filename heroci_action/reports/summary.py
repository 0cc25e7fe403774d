"""`summary.md`: the run on one page, as GitHub shows it under a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from heroci_action.analysis.failures import ranked_failures
from heroci_action.analysis.gates import STAGE as GATES
from heroci_action.analysis.history import times_of_test, whole_history
from heroci_action.analysis.slowest import describe_fixtures, slowest_tests
from heroci_action.analysis.unexplained import Unexplained, unexplained
from heroci_action.analysis.warnings import warnings_of
from heroci_action.github.environment import MAX_SUMMARY
from heroci_action.reports.comparison_section import (
    comparison_line,
    comparison_section,
    flaky_section,
    marks,
    since_when,
)
from heroci_action.reports.coverage_section import changed_lines_section, coverage_section
from heroci_action.reports.failure_section import Notes, failure_section
from heroci_action.reports.findings_section import findings_section
from heroci_action.reports.history_section import history_section
from heroci_action.reports.links import NO_LINKS, CodeLinks
from heroci_action.reports.markdown import (
    ROOM_FOR_MORE,
    code,
    fenced,
    fit,
    fold,
    fold_section,
    html_code,
    icon,
    linked,
    number,
    prose,
    row,
    size,
    table,
)
from heroci_action.reports.stages_section import stages_section
from heroci_action.results.records import PastRun, Result, Status, TestCase
from heroci_action.text import count, place, seconds

SLOWEST = 10
LAST_LINES = 40  # of a failed step's output
FAILED_STAGES = 10  # names in the heading
# A page with less room, in bytes, consists of its head.
SMALLEST = 32 * 1024


def render(result: Result, *, budget: int = MAX_SUMMARY, links: CodeLinks = NO_LINKS) -> str:
    """Return the page in less than `budget` bytes of UTF-8; empty if not even its head fits.

    What a reviewer has to act on comes first; stages, times and the comparison follow, collapsed.
    Every section has a share of the budget, and counts omitted entries. Failed tests get the rest of the budget;
    each of them is named, or counted by class.
    """
    head = list(_head(result))
    if budget < SMALLEST:
        page = "\n".join([*head, "Truncated; see `summary.md` for the full report.", ""])
        return page if size(page) <= budget else ""
    share = budget // 100
    before = list(_unexplained(result, 10 * share))
    after = [
        *findings_section(result, 15 * share, links),
        *changed_lines_section(result, 4 * share),
        *flaky_section(result, 6 * share, links),
        *_warnings(result, 6 * share),
    ]
    folds = list(_folds(result, share, links))
    failures = ranked_failures(result)
    if folds and (failures or before or after):
        folds = ["## Details", "", *folds]
    left = budget - sum(map(size, [*head, *before, *after, *folds]))
    notes = Notes(links=links, marks=marks(result.comparison))
    tests = failure_section(failures, left - ROOM_FOR_MORE, notes)
    return "\n".join([*head, *tests, *before, *after, *folds]) + "\n"


def _folds(result: Result, share: int, links: CodeLinks) -> Iterator[str]:
    """Yield what explains the run, collapsed; the stages are expanded if there is nothing to act on."""
    passed = result.status is Status.PASSED
    yield from fold_section("Stages", stages_section(result, 8 * share), is_open=passed)
    yield from fold_section("Slowest tests", _slowest(result, 4 * share, links))
    yield from fold_section("Coverage by file", coverage_section(result, 4 * share))
    yield from fold_section("Comparison", comparison_section(result, 8 * share))
    yield from fold_section("History", history_section(result, 4 * share))
    yield from fold_section(
        "Lines of the project's CI that did not run", _left_out(result, 3 * share)
    )
    yield from fold_section("Environment", _facts(result, 4 * share))


# The verdict


def _head(result: Result) -> Iterator[str]:
    since = since_when(result.comparison) if result.status is Status.FAILED else ""
    yield f"# {icon(result.status)} {prose(result.heading)}: {_verdict(result)}{since}"
    yield ""
    yield " · ".join([*_counts(result), *_key_figures(result), *_origin(result)])
    yield ""
    if result.partial:
        yield f"**Partial run**: {prose(result.partial, 1_000)}"
        yield ""
    if result.comparison:
        yield comparison_line(result, result.comparison)
        yield ""


def _verdict(result: Result) -> str:
    match result.status:
        case Status.PASSED:
            return f"passed in {seconds(result.duration)}"
        case Status.CANCELLED:
            return f"cancelled after {seconds(result.duration)}"
        case _:
            names = ", ".join(prose(name, 60) for name in _stages_to_blame(result)[:FAILED_STAGES])
            where = f" in {names}" if names else ""
            return f"{result.status.value}{where} after {seconds(result.duration)}"


def _stages_to_blame(result: Result) -> list[str]:
    """Return the stages that fail the run; optional ones only if no other failed."""
    failed = [stage for stage in result.stages if stage.status.is_failure]
    required = [stage for stage in failed if not stage.optional]
    return [stage.name for stage in required or failed]


def _counts(result: Result) -> Iterator[str]:
    counts = result.counts
    if not counts.total:
        yield "**no tests**"
        return
    yield f"**{count(counts.total, 'test')}**"
    parts = (
        ("passed", counts.passed),
        ("failed", counts.failed),
        ("with errors", counts.errored),
        ("flaky", counts.flaky),
        ("skipped", counts.skipped),
    )
    yield from (f"{amount:,} {word}" for word, amount in parts if amount)


def _key_figures(result: Result) -> Iterator[str]:
    percent = result.coverage.percent if result.coverage else None
    if percent is not None:
        yield f"**{percent:.2f} %** covered"
    changed = result.changed.percent if result.changed else None
    if changed is not None:
        yield f"**{changed:.2f} %** of changed lines covered"
    findings = sum(1 for _ in result.diagnostics)
    if findings:
        yield f"**{count(findings, 'finding')}**"


def _origin(result: Result) -> Iterator[str]:
    if result.engine:
        yield f"{prose(result.engine)} engine"
    if result.python:
        yield f"Python {prose(result.python)}"
    if result.shard:
        yield f"shard {prose(result.shard)}"
    if result.attempt > 1:
        yield f"attempt {result.attempt}"
    if result.commit:
        yield f"commit {code(result.commit[:12])}"


# The sections


def _unexplained(result: Result, budget: int) -> Iterator[str]:
    """Yield the failures that no test and no finding explains."""
    blocks = [_failure_block(failure) for failure in unexplained(result.stages)]
    if blocks:
        yield "## What went wrong"
        yield ""
        yield from fit(blocks, budget, lambda left: f"and {count(left, 'more failure')}\n")


def _failure_block(failure: Unexplained) -> str:
    ended = failure.result
    reason = f": {prose(ended.reason, 1_000)}" if ended.reason else ""
    remedy = f" **Remedy:** {prose(ended.remedy, 1_000)}" if ended.remedy else ""
    status = ended.status
    head = f"{icon(status)} **{prose(failure.name)}** {status.value}{reason}.{remedy}\n"
    step = failure.step
    if step is None or not step.output.strip():
        return head
    lines = step.output.rstrip().split("\n")
    tail = "\n".join(line[:300] for line in lines[-LAST_LINES:])
    log = f"; full output in {html_code(step.log)}" if step.log else ""
    title = f"last lines of {html_code(step.command or step.name)}{log}"
    return f"{head}\n{fold(title, fenced(tail, 'text'))}"


def _slowest(result: Result, budget: int, links: CodeLinks) -> Iterator[str]:
    slowest = slowest_tests(result, SLOWEST)
    fixtures = describe_fixtures(result)
    lines = (
        f"Class setup and teardown took an additional {prose(text, 800)}.\n" for text in fixtures
    )
    yield from fit(lines, budget // 2, lambda left: f"{count(left, 'more step')} not shown.\n")
    if slowest:
        runs = whole_history(result)
        yield from table("Time:", *(["Oldest to newest"] if runs else []), "Test", "Place")
        rows = (_slow_row(test, runs, links) for test in slowest)
        yield from fit(rows, budget // 2, lambda left: row(f"and {left:,} more"))
        yield ""


def _slow_row(test: TestCase, runs: Sequence[PastRun], links: CodeLinks) -> str:
    return row(
        number(seconds(test.duration)),
        *([times_of_test(test.id, runs)] if runs else []),
        code(test.id),
        linked(links.url(test.file, test.line), code(place(test.file, test.line))),
    )


def _facts(result: Result, budget: int) -> Iterator[str]:
    """Yield the facts that steps measured: the database, versions, sizes."""
    facts = [
        row(prose(f"{stage.name}/{step.name}", 80), prose(name, 80), prose(value))
        for stage in result.stages
        if stage.name != GATES
        for step in stage.steps
        for name, value in step.facts.items()
    ]
    if result.engine_reason:
        facts.insert(0, row("", f"{prose(result.engine)} engine", prose(result.engine_reason)))
    if facts:
        yield from table("Step", "Fact", "Value")
        yield from fit(facts, budget, lambda left: row(f"and {left:,} more"))
        yield ""


def _left_out(result: Result, budget: int) -> Iterator[str]:
    rows = [
        row(code(line.line), prose(line.reason, 200), prose(line.source, 200))
        for line in result.left_out
    ]
    if rows:
        yield from table("Line", "Reason", "Place")
        yield from fit(rows, budget, lambda left: row(f"and {left:,} more"))
        yield ""


def _warnings(result: Result, budget: int) -> Iterator[str]:
    lines = [
        f"- ⚠️ {prose(f'{name}: {text}' if name else text, 1_000)}"
        for name, text in warnings_of(result)
    ]
    if lines:
        yield "## Warnings"
        yield ""
        yield from fit(lines, budget, lambda left: f"- and {count(left, 'more warning')}")
        yield ""
