"""Several measurements of coverage become one."""

from __future__ import annotations

from collections.abc import Sequence

from heroci_action.results.records import Coverage, FileCoverage


def united(coverages: Sequence[Coverage]) -> Coverage | None:
    """A line ran if it ran in one of the reports.

    Branches have no names here, so their larger number of hits counts: an estimate from below.
    """
    if len(coverages) <= 1:
        return coverages[0] if coverages else None
    files: dict[str, FileCoverage] = {}
    for file in (file for coverage in coverages for file in coverage.files):
        other = files.get(file.path)
        files[file.path] = _united_file(other, file) if other else file
    return Coverage(files=tuple(files[path] for path in sorted(files)))


def _united_file(one: FileCoverage, two: FileCoverage) -> FileCoverage:
    covered = set(one.covered) | set(two.covered)
    most = max((one, two), key=lambda file: file.covered_branches)
    branches = max(file.covered_branches + file.missing_branches for file in (one, two))
    by_line = {line: (total, taken) for line, taken, total in one.branches}
    for line, taken, total in two.branches:
        by_line[line] = max((total, taken), by_line.get(line, (0, 0)))
    taken_branches = max(most.covered_branches, sum(taken for _, taken in by_line.values()))
    return FileCoverage(
        path=one.path,
        covered=tuple(sorted(covered)),
        missing=tuple(sorted((set(one.missing) | set(two.missing)) - covered)),
        covered_branches=min(taken_branches, branches),
        missing_branches=branches - min(taken_branches, branches),
        branches=tuple((line, by_line[line][1], by_line[line][0]) for line in sorted(by_line)),
    )
