"""The limits on coverage: of everything, of lines, of branches, of changed lines, and against the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heroci_action.analysis.limits import limit, skipped_limit
from heroci_action.options import Gates
from heroci_action.results.coverage import Coverage
from heroci_action.results.records import Result, Status, StepResult
from heroci_action.text import count, some


def coverage_limits(result: Result, gates: Gates) -> Iterator[StepResult]:
    """Yield a step for each configured limit; a minimum for something that was not measured is not met."""
    coverage = result.coverage
    if gates.coverage_minimum is not None:
        yield _total_gate(coverage, gates.coverage_minimum)
    if gates.coverage_minimum_lines is not None:
        lines = coverage.line_percent if coverage else None
        yield _partial_gate("lines", coverage, lines, gates.coverage_minimum_lines)
    if gates.coverage_minimum_branches is not None:
        branches = coverage.branch_percent if coverage else None
        yield _partial_gate("branches", coverage, branches, gates.coverage_minimum_branches)
    if gates.coverage_minimum_diff is not None:
        yield _diff_gate(result, gates.coverage_minimum_diff)
    if gates.coverage_maximum_drop is not None:
        yield _drop_gate(result, gates.coverage_maximum_drop)


def _total_gate(coverage: Coverage | None, minimum: float) -> StepResult:
    """Return the gate for the whole coverage; measured files outside the repository must not decide it."""
    name, what = "coverage-minimum", "coverage"
    gap = _gap(coverage)
    if coverage is None or coverage.percent is None or gap:
        return limit(name, met=False, words=f"{what} was not measured{gap}")
    whole = coverage.percent_with_unmatched
    if coverage.percent >= minimum > whole:
        words = (
            f"{_percent(what, coverage.percent, minimum)}, but {whole:.2f} % with "
            f"{count(len(coverage.unmatched), 'measured file')} outside the repository: {some(_names(coverage))}"
        )
        return limit(name, met=False, words=words)
    return _share(name, what, coverage.percent, minimum)


def _partial_gate(
    part: str, coverage: Coverage | None, percent: float | None, minimum: float
) -> StepResult:
    """Return the gate for lines or branches; files outside the repository have no figures for them."""
    name, what = f"coverage-minimum-{part}", f"the coverage of {part}"
    gap = _gap(coverage)
    if coverage is None or percent is None or gap:
        return limit(name, met=False, words=f"{what} was not measured{gap}")
    if coverage.unmatched and percent >= minimum:
        files = count(len(coverage.unmatched), "measured file")
        words = f"{what} is unknown: {files} outside the repository, such as {_names(coverage)[0]}"
        return limit(name, met=False, words=words)
    return _share(name, what, percent, minimum)


def _diff_gate(result: Result, minimum: float) -> StepResult:
    """Return the gate for changed lines; a change without a measured line has nothing to cover."""
    name, what = "coverage-minimum-diff", "the coverage of changed lines"
    coverage, changed = result.coverage, result.changed
    gap = _gap(coverage)
    if changed and changed.problem:
        return limit(name, met=False, words=f"{what} is unknown: {changed.problem}")
    if coverage is None or coverage.percent is None or gap or changed is None:
        return limit(name, met=False, words=f"{what} was not measured{gap}")
    if changed.percent is None:
        return limit(name, met=True, words="no changed line was measured")
    step = _share(name, what, changed.percent, minimum)
    if step.status is Status.FAILED and changed.unknown:
        return replace(step, reason=f"{step.reason}; no report contains {some(changed.unknown)}")
    return step


def _drop_gate(result: Result, maximum: float) -> StepResult:
    """Return the gate against the baseline; without one, as in the first run, there is nothing to lose."""
    name, what = "coverage-maximum-drop", "coverage"
    coverage = result.coverage
    gap = _gap(coverage)
    if result.shard:
        return skipped_limit(name, f"not checked in a part of the tests ({result.shard})")
    if result.comparison is None or result.comparison.coverage is None:
        cause = "it has no coverage" if result.comparison else "none was read"
        return skipped_limit(name, f"no baseline to compare with: {cause}")
    if coverage is None or coverage.percent is None or gap:
        return limit(name, met=False, words=f"{what} was not measured{gap}")
    before, now = result.comparison.coverage, coverage.percent
    words = f"{what} is {now:.2f} %, {_change(before, now)}"
    met = before - now <= maximum
    return limit(name, met=met, words=words if met else f"{words}; at most {maximum:g} are allowed")


def _change(before: float, now: float) -> str:
    if now >= before:
        return f"not below the baseline ({before:.2f} %)"
    # With two digits, a small drop would read as none.
    digits = 2 if f"{before:.2f}" != f"{now:.2f}" else 6
    return f"{before - now:.{digits}f} percentage points below the baseline ({before:.2f} %)"


def _gap(coverage: Coverage | None) -> str:
    """Return what makes a coverage incomplete, as the end of a sentence; empty if it is complete."""
    if coverage is None:
        return ""
    if coverage.unreadable:
        return f": {some(coverage.unreadable)} could not be read"
    if coverage.unmatched and not coverage.files:
        return f": no measured file is in the repository, such as {some(_names(coverage))}"
    return ""


def _names(coverage: Coverage) -> tuple[str, ...]:
    return tuple(file.path for file in coverage.unmatched)


def _share(name: str, what: str, percent: float, minimum: float) -> StepResult:
    met = percent >= minimum
    words = _percent(what, percent, minimum)
    return limit(name, met=met, words=f"{words}, {'at least' if met else 'below'} {minimum:g} %")


def _percent(what: str, percent: float, minimum: float) -> str:
    # With two digits, 79.999 would read as 80.
    digits = 2 if percent >= minimum or f"{percent:.2f}" != f"{minimum:.2f}" else 6
    return f"{what} is {percent:.{digits}f} %"
