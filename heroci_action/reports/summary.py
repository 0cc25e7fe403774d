"""`summary.md`: the run on one page, as GitHub shows it under a job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from heroci_action.analysis.critical_path import critical_path
from heroci_action.analysis.failures import failures_of
from heroci_action.analysis.slowest import describe_fixtures, slowest_tests
from heroci_action.analysis.unexplained import Unexplained, unexplained
from heroci_action.reports.comparison_section import comparison_section, flaky_section, points
from heroci_action.reports.failure_section import failure_section
from heroci_action.reports.markdown import (
    ROOM_FOR_MORE,
    code,
    fenced,
    fit,
    fold,
    html_code,
    html_prose,
    icon,
    prose,
    row,
    size,
    table,
)
from heroci_action.results.records import (
    Coverage,
    Diagnostic,
    FileCoverage,
    Result,
    StageResult,
    Status,
    StepResult,
    TestCase,
)
from heroci_action.text import count, one_line, place, seconds

LIMIT = 1_048_576
"""GitHub drops a longer summary whole: actions/runner, CreateStepSummaryCommand, AttachmentSizeLimit (1 MiB)."""

SLOWEST = 10
LEAST_COVERED = 10
MOVED = 50  # files whose coverage changed
GANTT = 50  # bars
GANTT_WORDS = frozenset(  # that begin a line of their own: mermaid, parser/gantt.jison
    """acctitle accdescr axisformat call click dateformat excludes gantt href includes inclusiveenddates section
    tickinterval title todaymarker topaxis weekday weekend""".split()  # noqa: SIM905
)
HOUR = 3_600
LAST_LINES = 40  # of a failed step's output
FINDINGS = 100  # that are listed for one tool
SMALLEST = 32 * 1024
"""A page with less room in bytes is its head alone."""


def render(result: Result, *, budget: int = LIMIT) -> str:
    """The page in less than `budget` bytes of UTF-8; empty where not even its head fits.

    Every section has a share of the budget and is reduced by rank before it is written out; the failed tests get what
    the others leave. What was left out is counted where it would have stood. Every failed test is named, or counted
    with those of its class.
    """
    head = list(_head(result))
    if budget < SMALLEST:
        page = (
            "\n".join([*head, "There is no room for more here: the whole page is in `summary.md`."])
            + "\n"
        )
        return page if size(page) < budget else ""
    share = budget // 100
    before = [
        *_stages(result, 8 * share),
        *_gantt(result),
        *_unexplained(result, 10 * share),
        *comparison_section(result, 8 * share),
    ]
    after = [
        *_lint(result, 15 * share),
        *_coverage(result, 4 * share),
        *_changed(result, 4 * share),
        *flaky_section(result, 6 * share),
        *_slowest(result, 4 * share),
        *_facts(result, 4 * share),
        *_warnings(result, 6 * share),
    ]
    left = budget - sum(map(size, [*head, *before, *after]))
    tests = failure_section(failures_of(result.stages), left - ROOM_FOR_MORE)
    return "\n".join([*head, *before, *tests, *after]) + "\n"


# The verdict


def _head(result: Result) -> Iterator[str]:
    yield f"# {icon(result.status)} {prose(result.project)}: {_verdict(result)}"
    yield ""
    yield " · ".join(_key_figures(result))
    yield ""


def _verdict(result: Result) -> str:
    names = ", ".join(prose(name, 60) for name in result.failed_stages[:10])
    match result.status:
        case Status.PASSED:
            return f"passed in {seconds(result.duration)}"
        case Status.CANCELLED:
            return f"cancelled after {seconds(result.duration)}"
        case _:
            where = f" in {names}" if names else ""
            return f"{result.status.value}{where} after {seconds(result.duration)}"


def _key_figures(result: Result) -> Iterator[str]:
    yield from _counts(result)
    percent = result.coverage.percent if result.coverage else None
    if percent is not None:
        yield f"**{percent:.2f} %** covered"
    changed = result.changed.percent if result.changed else None
    if changed is not None:
        yield f"**{changed:.2f} %** of changed lines covered"
    findings = sum(1 for _ in result.diagnostics)
    if findings:
        yield f"**{count(findings, 'finding')}**"
    reason = f" ({prose(result.engine_reason)})" if result.engine_reason else ""
    if result.engine:
        yield f"{prose(result.engine)} engine{reason}"
    if result.python:
        yield f"Python {prose(result.python)}"
    if result.attempt > 1:
        yield f"attempt {result.attempt}"
    if result.commit:
        yield f"commit {code(result.commit[:12])}"


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
    for word, number in parts:
        if number:
            yield f"{number:,} {word}"


# The stages


def _stages(result: Result, budget: int) -> Iterator[str]:
    yield "## Stages"
    yield ""
    yield from table("Stage", "Result", "Time:", "Share:", "Cached", "Remarks")
    rows = (_stage_row(stage, result.duration) for stage in result.stages)
    yield from fit(rows, budget, lambda left: row(f"and {count(left, 'more stage')}"))
    yield ""
    path = critical_path(result.stages)
    if len(path) > 1:
        yield _path_line(path, result.duration)
        yield ""


def _stage_row(stage: StageResult, whole: float) -> str:
    ran = stage.status is not Status.SKIPPED
    return row(
        f"{prose(stage.emoji, 10)}\u00a0**{prose(stage.name)}**".strip(),
        f"{icon(stage.status)} {stage.status.value}" + (" (optional)" if stage.optional else ""),
        seconds(stage.duration) if ran else "",
        f"{100 * stage.duration / whole:.0f} %" if ran and whole else "",
        _cached(stage),
        prose(stage.reason or "") or _steps_line(stage),
    )


def _cached(stage: StageResult) -> str:
    cached = sum(step.cached for step in stage.steps)
    if not cached:
        return "no" if stage.steps else ""
    return "yes" if stage.cached else f"{cached} of {len(stage.steps)} steps"


def _steps_line(stage: StageResult) -> str:
    """The steps with their times, the slowest first, if there are several."""
    ran = [step for step in stage.steps if step.status is not Status.SKIPPED]
    slowest = sorted(ran, key=lambda step: -step.duration)[:4]
    if len(ran) < 2:  # noqa: PLR2004  one step says no more than its stage
        return ""
    more = f", {count(len(ran) - len(slowest), 'more')[:-1]}" if len(ran) > len(slowest) else ""
    return ", ".join(f"{prose(step.name, 40)} {seconds(step.duration)}" for step in slowest) + more


def _path_line(path: tuple[StageResult, ...], whole: float) -> str:
    chain = " → ".join(f"{prose(stage.name, 40)} {seconds(stage.duration)}" for stage in path[:20])
    total = sum(stage.duration for stage in path)
    share = f", {100 * total / whole:.0f} % of the run" if whole else ""
    return f"Critical path: {chain} = {seconds(total)}{share}"


def _gantt(result: Result) -> Iterator[str]:
    """The stages on their time axis, where they did not all start with the run; in milliseconds from the start."""
    ran = [stage for stage in result.stages if stage.duration > 0][:GANTT]
    if not any(stage.started for stage in ran):
        return
    yield "```mermaid"
    yield "gantt"
    yield "    dateFormat x"
    yield f"    axisFormat {'%M:%S' if result.duration < HOUR else '%H:%M:%S'}"
    for stage in ran:
        start, length = round(1000 * stage.started), max(round(1000 * stage.duration), 1)
        mark = "crit, " if stage.status.is_failure else ""
        yield f"    {_gantt_name(stage.name)} :{mark}{start}, {length}ms"
    yield "```"
    yield ""


def _gantt_name(name: str) -> str:
    """Letters, digits and a few signs only: Mermaid has no way to escape the others, nor its own words."""
    plain = re.sub(r"[^\w ./-]", "_", one_line(name, 40)).strip() or "_"
    return f"_{plain}" if plain.split(" ")[0].lower() in GANTT_WORDS else plain


# What failed


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
    log = f", all of it in {html_code(step.log)}" if step.log else ""
    title = f"the last lines of {html_code(step.command or step.name)}{log}"
    return f"{head}\n{fold(title, fenced(tail, 'text'))}"


# Findings, coverage, times


def _lint(result: Result, budget: int) -> Iterator[str]:
    found = [
        (step, step.diagnostics)
        for stage in result.stages
        for step in stage.steps
        if step.diagnostics
    ]
    if not found:
        return
    yield "## Findings"
    yield ""
    each = budget // len(found)
    folds = (_tool(step, diagnostics, each) for step, diagnostics in found)
    yield from fit(folds, budget, lambda left: f"and {count(left, 'more tool')}\n")


def _tool(step: StepResult, diagnostics: tuple[Diagnostic, ...], budget: int) -> str:
    files = len({diagnostic.file for diagnostic in diagnostics if diagnostic.file})
    where = f" in {count(files, 'file')}" if files else ""
    found = f"{count(len(diagnostics), 'finding')}{where}"
    title = f"{icon(step.status)} <b>{html_prose(step.name)}</b>: {found}"
    return fold(title, "\n".join(_findings(diagnostics, budget - size(fold(title, "")))))


def _findings(diagnostics: tuple[Diagnostic, ...], budget: int) -> Iterator[str]:
    lines = [_finding(diagnostic) for diagnostic in diagnostics[:FINDINGS]]
    beyond = len(diagnostics) - len(lines)

    def more(left: int) -> str:
        return f"- … and {count(left + beyond, 'more')[:-1]}, in `junit.xml`"

    listed = list(fit(lines, budget, more))
    yield from listed
    if beyond and len(listed) == len(lines):
        yield more(0)


def _finding(diagnostic: Diagnostic) -> str:
    where = code(place(diagnostic.file, diagnostic.line))
    rule = prose(diagnostic.rule or "", 60)
    marked = f" **{rule}**" if rule else ""  # four stars without a word would be a ruler
    return f"- {where}{marked} {prose(diagnostic.message)}"


def _coverage(result: Result, budget: int) -> Iterator[str]:
    coverage = result.coverage
    if coverage is None or coverage.percent is None:
        return
    yield f"## 📊 Coverage: {coverage.percent:.2f} % of {count(len(coverage.files), 'file')}"
    yield ""
    partly = [file for file in coverage.files if file.ran < file.measured]
    worst = sorted(partly, key=lambda file: (file.ran / file.measured, file.path))[:LEAST_COVERED]
    if not worst:
        return
    before = result.comparison.coverage_files if result.comparison else {}
    yield from table("Least covered", "Covered:", "Lines that never ran")
    rows = (_file_row(file, before.get(file.path)) for file in worst)
    yield from fit(rows, budget, lambda left: row(f"and {left} more files"))
    yield ""
    yield from _moved(coverage, before, budget)


def _file_row(file: FileCoverage, before: float | None = None) -> str:
    now = 100 * file.ran / file.measured
    change = "" if before is None else f" ({points(now - before)})"
    return row(code(file.path), f"{now:.1f} %{change}", prose(ranges(file.missing), 120))


def _moved(coverage: Coverage, before: Mapping[str, float], budget: int) -> Iterator[str]:
    """The files whose share is another than in the baseline, the greatest loss first."""
    files = [file for file in coverage.files if file.path in before and file.measured]
    if not files:
        return
    changes = {file.path: 100 * file.ran / file.measured - before[file.path] for file in files}
    paths = sorted(changes, key=lambda path: (changes[path], path))[:MOVED]
    lines = [*table("File", "Change:"), *(row(code(one), points(changes[one])) for one in paths)]
    listed = fit(lines, budget, lambda left: row(f"and {left} more files"))
    yield fold(f"Coverage changed in {count(len(files), 'file')}", "\n".join(listed))


def _changed(result: Result, budget: int) -> Iterator[str]:
    """The changed lines that no test ran."""
    changed = result.changed
    if changed is None:
        return
    if changed.percent is None:
        yield f"No measured line changed since {code(changed.base[:12])}."
        yield ""
        return
    yield f"## Changed lines: {changed.percent:.2f} % covered since {code(changed.base[:12])}"
    yield ""
    partly = [file for file in changed.files if file.missing]
    if partly:
        yield from table("Changed file", "Covered:", "Changed lines that never ran")
        rows = (_file_row(file) for file in sorted(partly, key=lambda one: -len(one.missing)))
        yield from fit(rows, budget, lambda left: row(f"and {left} more files"))
        yield ""


def ranges(numbers: Iterable[int]) -> str:
    """Line numbers as people write them: `3-5, 9`."""
    ordered = enumerate(sorted(numbers))
    runs = [
        [number for _, number in run] for _, run in groupby(ordered, lambda pair: pair[1] - pair[0])
    ]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _slowest(result: Result, budget: int) -> Iterator[str]:
    slowest = slowest_tests(result, SLOWEST)
    fixtures = describe_fixtures(result)
    if not slowest and not fixtures:
        return
    yield "## Slowest tests"
    yield ""
    lines = [
        f"Besides, setting test classes up and tearing them down took {prose(text, 800)}.\n"
        for text in fixtures
    ]
    yield from fit(lines, budget // 2, lambda left: f"And so in {count(left, 'more step')}.\n")
    if slowest:
        yield from _slowest_table(slowest, budget // 2)


def _slowest_table(slowest: Sequence[TestCase], budget: int) -> Iterator[str]:
    yield from table("Time:", "Test", "Place")
    rows = (
        row(seconds(test.duration), code(test.id), code(place(test.file, test.line)))
        for test in slowest
    )
    yield from fit(rows, budget, lambda left: row(f"and {left} more"))
    yield ""


def _facts(result: Result, budget: int) -> Iterator[str]:
    """What was really used, as the steps found out: database, versions, sizes."""
    facts = [
        row(prose(f"{stage.name}/{step.name}", 80), prose(name, 80), prose(value))
        for stage in result.stages
        for step in stage.steps
        for name, value in step.facts.items()
    ]
    if facts:
        yield "## What was used"
        yield ""
        yield from table("Step", "Fact", "Value")
        yield from fit(facts, budget, lambda left: row(f"and {left} more"))
        yield ""


def _warnings(result: Result, budget: int) -> Iterator[str]:
    lines = [f"- ⚠️ {prose(text, 1_000)}" for text in result.warnings]
    for stage in result.stages:
        lines += [f"- ⚠️ {prose(stage.name)}: {prose(text, 1_000)}" for text in stage.warnings]
        for step in stage.steps:
            name = prose(f"{stage.name}/{step.name}")
            lines += [f"- ⚠️ {name}: {prose(text, 1_000)}" for text in step.warnings]
    if lines:
        yield "## Warnings"
        yield ""
        yield from fit(lines, budget, lambda left: f"- and {count(left, 'more warning')}")
        yield ""
