"""Merge several measurements of coverage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from heroci_action.results.branches import Branches, unite
from heroci_action.results.coverage import Coverage, FileCoverage, UnmatchedFile


def merge_coverage(coverages: Sequence[Coverage]) -> Coverage | None:
    """Return one coverage of all: a line ran if it ran in one of them, and a branch likewise if it has a name."""
    if len(coverages) <= 1:
        return coverages[0] if coverages else None
    unreadable = (name for coverage in coverages for name in coverage.unreadable)
    return Coverage(
        files=_united_files(file for coverage in coverages for file in coverage.files),
        unmatched=_united_unmatched(file for coverage in coverages for file in coverage.unmatched),
        unreadable=tuple(dict.fromkeys(unreadable)),
    )


def _united_files(files: Iterable[FileCoverage]) -> tuple[FileCoverage, ...]:
    found: dict[str, FileCoverage] = {}
    for file in files:
        other = found.get(file.path)
        found[file.path] = _united_file(other, file) if other else file
    return tuple(found[path] for path in sorted(found))


def _united_file(one: FileCoverage, two: FileCoverage) -> FileCoverage:
    covered = set(one.covered) | set(two.covered)
    by_line = _by_line(one)
    for line, branches in _by_line(two).items():
        known = by_line.get(line)
        by_line[line] = unite(known, branches) if known else branches
    # A report may only count branches, without their lines: then the larger number is an estimate from below.
    taken = max(one.covered_branches, two.covered_branches, sum(b.taken for b in by_line.values()))
    total = max(
        one.covered_branches + one.missing_branches,
        two.covered_branches + two.missing_branches,
        sum(b.total for b in by_line.values()),
    )
    lines = sorted(by_line.items())
    return FileCoverage(
        path=one.path,
        covered=tuple(sorted(covered)),
        missing=tuple(sorted((set(one.missing) | set(two.missing)) - covered)),
        covered_branches=taken,
        missing_branches=total - taken,
        branches=tuple((line, found.taken, found.total) for line, found in lines),
        missed_branches=tuple((line, found.missed) for line, found in lines if found.missed),
    )


def _by_line(file: FileCoverage) -> dict[int, Branches]:
    missed = dict(file.missed_branches)
    return {
        line: Branches(taken, total, () if taken == total else missed.get(line))
        for line, taken, total in file.branches
    }


def _united_unmatched(files: Iterable[UnmatchedFile]) -> tuple[UnmatchedFile, ...]:
    largest: dict[str, UnmatchedFile] = {}
    for file in files:
        other = largest.get(file.path, file)
        measured, ran = max(file.measured, other.measured), max(file.ran, other.ran)
        largest[file.path] = UnmatchedFile(path=file.path, measured=measured, ran=ran)
    return tuple(largest[path] for path in sorted(largest))
