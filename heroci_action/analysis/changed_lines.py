"""The coverage of the lines that a change touches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from heroci_action.results.records import ChangedLines, Coverage, FileCoverage

GAP = 3  # lines without a statement that a range may hold in a row, and one


def of_changes(
    coverage: Coverage, changes: Mapping[str, frozenset[int]], *, base: str
) -> ChangedLines:
    """The measured lines among the changed ones, in files of which at least one was; lines only, no branches."""
    files = (_file(file, changes.get(file.path, frozenset())) for file in coverage.files)
    return ChangedLines(base=base, files=tuple(file for file in files if file.measured))


def _file(file: FileCoverage, changed: frozenset[int]) -> FileCoverage:
    return FileCoverage(
        path=file.path,
        covered=tuple(line for line in file.covered if line in changed),
        missing=tuple(line for line in file.missing if line in changed),
    )


def uncovered(file: FileCoverage, measured: FileCoverage | None) -> Iterator[tuple[int, int]]:
    """The missing changed lines of a file as ranges, first and last line.

    Lines between two missing ones that hold no statement (blank lines, comments, the rest of a call) are part of
    their range: `measured` is the whole file's coverage and says which lines hold one.
    """
    covered = set(measured.covered) if measured else set()
    ranges: list[list[int]] = []
    for line in sorted(file.missing):
        if ranges and _bridged(ranges[-1][1], line, covered):
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    return ((first, last) for first, last in ranges)


def _bridged(last: int, line: int, covered: Iterable[int]) -> bool:
    return line - last <= GAP and not any(last < one < line for one in covered)
