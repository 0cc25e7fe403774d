"""The measured files of a coverage report, and their places in the repository."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Reader, Readings, Source, merge_readings
from heroci_action.repository.paths import PathResolver, ReportPaths
from heroci_action.results.branches import NO_BRANCHES, Branches, unite
from heroci_action.results.coverage import Coverage, FileCoverage, UnmatchedFile
from heroci_action.text import count, some

_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(slots=True)
class MeasuredFile:
    """One file of a report, which may describe it in several places: a line ran if it ran in one of them."""

    lines: dict[int, bool] = field(default_factory=dict)
    branches: dict[int, Branches] = field(default_factory=dict)
    other_branches: Branches = NO_BRANCHES  # of unknown lines

    def line(self, number: int, *, ran: bool) -> None:
        """Record whether a line ran."""
        self.lines[number] = ran or self.lines.get(number, False)

    def branch(self, number: int, branches: Branches) -> None:
        """Record the branches of a line."""
        if branches.total:
            known = self.branches.get(number)
            self.branches[number] = unite(known, branches) if known else branches

    def add(self, other: MeasuredFile) -> None:
        """Add another description of the same file."""
        for number, ran in other.lines.items():
            self.line(number, ran=ran)
        for number, branches in other.branches.items():
            self.branch(number, branches)
        if other.other_branches.total:
            self.other_branches = unite(self.other_branches, other.other_branches)

    def record(self, path: str) -> FileCoverage:
        """Return the record of the file."""
        branches = sorted(self.branches.items())
        other = self.other_branches
        return FileCoverage(
            path=path,
            covered=tuple(sorted(number for number, ran in self.lines.items() if ran)),
            missing=tuple(sorted(number for number, ran in self.lines.items() if not ran)),
            covered_branches=other.taken + sum(found.taken for _, found in branches),
            missing_branches=other.total
            - other.taken
            + sum(found.total - found.taken for _, found in branches),
            branches=tuple((line, found.taken, found.total) for line, found in branches),
            missed_branches=tuple((line, found.missed) for line, found in branches if found.missed),
        )


def each_coverage(single: Callable[[Source, PathResolver], Readings]) -> Reader:
    """Make a reader of independent files; gates have to know which of them are broken."""

    def read_one(source: Source, tree: PathResolver) -> Readings:
        try:
            return single(source, tree)
        except BrokenReportError as broken:
            return unreadable(source, f"not a complete {source.kind} report: {broken}")

    return lambda sources, tree: merge_readings(read_one(source, tree) for source in sources)


def unreadable(source: Source, reason: str) -> Readings:
    """Return the readings of a coverage report of which nothing can be used."""
    return Readings(
        problems=(f"{source.path}: {reason}",), coverage=(Coverage(unreadable=(source.path,)),)
    )


def to_readings(
    files: Mapping[str, MeasuredFile],
    source: Source,
    tree: PathResolver,
    *,
    bases: Sequence[str] = (),
) -> Readings:
    """Return the coverage of the files that fit the repository, and a warning about the others.

    `bases` are directories that the names may be relative to.
    """
    paths = tree.locate_all(files, report=source.path, bases=bases)
    return readings_at(files, paths, source)


def readings_at(files: Mapping[str, MeasuredFile], paths: ReportPaths, source: Source) -> Readings:
    """Return the coverage of the files at these paths; two names of a report may be one file."""
    measured: dict[str, MeasuredFile] = {}
    for name, path in paths.files.items():
        if path in measured:
            measured[path].add(files[name])
        else:
            measured[path] = files[name]
    records = [measured[path].record(path) for path in sorted(measured)]
    unmatched = [files[name].record(name) for name in paths.unmatched]
    coverage = Coverage(
        files=tuple(records),
        unmatched=tuple(
            UnmatchedFile(path=file.path, measured=file.measured, ran=file.ran)
            for file in unmatched
            if file.measured
        ),
    )
    return Readings(coverage=(coverage,), warnings=_warnings(coverage, paths, source))


def _warnings(coverage: Coverage, paths: ReportPaths, source: Source) -> tuple[str, ...]:
    names = [file.path for file in coverage.unmatched]
    if not names:
        return () if coverage.files else (f"{source.path}: nothing was measured",)
    examples = some(names)
    if paths.ambiguity:
        reason = f"{paths.ambiguity}, so none of them is used ({examples})"
        return (f"{source.path}: {reason}; choose one with --path-prefix",)
    which = f"{count(len(names), 'measured file')} of {len(names) + len(coverage.files):,}"
    verb = "is" if len(names) == 1 else "are"
    return (f"{source.path}: {which} {verb} not in the repository: {examples}",)


def has_run(hits: str) -> bool:
    """Return whether a hit count such as `3`, `1.0` or `1.5e+12` is positive. An odd one is not: the line counts."""
    try:
        return float(hits) > 0
    except ValueError:
        return False


def line_number(text: str) -> int | None:
    """Return the number of a line; None if it is odd, which loses no other line."""
    return int(text) if _NUMBER.fullmatch(text) else None
