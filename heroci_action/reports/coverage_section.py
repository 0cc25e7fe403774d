"""Coverage in the summary: the least covered files, what has changed, and the lines of the change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from heroci_action.reports.comparison_section import points
from heroci_action.reports.markdown import code, fit, fold, number, prose, row, table
from heroci_action.results.coverage import Coverage, FileCoverage
from heroci_action.results.records import Result
from heroci_action.text import count

LEAST_COVERED = 10
CHANGED = 50  # files whose coverage differs from the baseline


def coverage_section(result: Result, budget: int) -> Iterator[str]:
    """Yield the section; each table has at most `budget` bytes."""
    coverage = result.coverage
    if coverage is None or coverage.percent is None:
        return
    measured = sum(1 for file in coverage.files if file.measured)
    yield f"{coverage.percent:.2f} % of {count(measured, 'file')} covered."
    yield ""
    incomplete = [file for file in coverage.files if file.ran < file.measured]
    least = sorted(incomplete, key=lambda file: (file.ran / file.measured, file.path))
    if not least:
        return
    before = result.comparison.coverage_files if result.comparison else {}
    yield from table("Least covered", "Covered:", "Lines that never ran")
    rows = (_file_row(file, before.get(file.path)) for file in least[:LEAST_COVERED])
    yield from fit(rows, budget, _more_files)
    yield ""
    yield from _differences(coverage, before, budget)


def _file_row(file: FileCoverage, before: float | None = None) -> str:
    now = 100 * file.ran / file.measured
    change = "" if before is None else f" ({points(now - before)})"
    return row(code(file.path), number(f"{now:.1f} %{change}"), prose(ranges(file.missing), 120))


def _more_files(left: int) -> str:
    return row(f"and {count(left, 'more file')}")


def _differences(coverage: Coverage, before: Mapping[str, float], budget: int) -> Iterator[str]:
    """Yield the files whose coverage differs from the baseline, the largest loss first."""
    files = [file for file in coverage.files if file.path in before and file.measured]
    if not files:
        return
    changes = {file.path: 100 * file.ran / file.measured - before[file.path] for file in files}
    paths = sorted(changes, key=lambda path: (changes[path], path))[:CHANGED]
    lines = [*table("File", "Change:"), *(row(code(one), points(changes[one])) for one in paths)]
    listed = fit(lines, budget, _more_files)
    yield fold(f"Coverage changed in {count(len(files), 'file')}", "\n".join(listed))


def changed_lines_section(result: Result, budget: int) -> Iterator[str]:
    """Yield the changed lines that no test ran, in at most `budget` bytes."""
    changed = result.changed
    if changed is None:
        return
    base = code(changed.base[:12])
    if changed.percent is None:
        yield f"No measured line changed since {base}."
        yield ""
        return
    yield f"## Changed lines: {changed.percent:.2f} % covered since {base}"
    yield ""
    incomplete = [file for file in changed.files if file.missing]
    if incomplete:
        yield from table("Changed file", "Covered:", "Changed lines that never ran")
        rows = (_file_row(file) for file in sorted(incomplete, key=lambda one: -len(one.missing)))
        yield from fit(rows, budget, _more_files)
        yield ""


def ranges(numbers: Iterable[int]) -> str:
    """Return line numbers as ranges: `3-5, 9`."""
    ordered = enumerate(sorted(numbers))
    runs = [
        [number for _, number in run] for _, run in groupby(ordered, lambda pair: pair[1] - pair[0])
    ]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
