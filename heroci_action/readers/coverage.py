"""What coverage reports say about a file, and how their paths become paths of the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings
from heroci_action.results.records import Coverage, FileCoverage

_WHOLE = re.compile(r"[0-9]{1,18}")


@dataclass(slots=True)
class MeasuredFile:
    """One file of a report, which may describe it in several places: a line ran if it ran in one of them."""

    hits: dict[int, int] = field(default_factory=dict)
    branches: dict[int, tuple[int, int]] = field(default_factory=dict)

    def line(self, number: int, hits: int) -> None:
        """Record how often a line ran."""
        self.hits[number] = max(hits, self.hits.get(number, 0))

    def branch(self, number: int, taken: int, total: int) -> None:
        """Record how many of a line's branches were taken."""
        if total:
            self.branches[number] = max((taken, total), self.branches.get(number, (0, 0)))

    def record(self, path: str) -> FileCoverage:
        """Return the record of the file."""
        return FileCoverage(
            path=path,
            covered=tuple(sorted(number for number, hits in self.hits.items() if hits)),
            missing=tuple(sorted(number for number, hits in self.hits.items() if not hits)),
            covered_branches=sum(taken for taken, _ in self.branches.values()),
            missing_branches=sum(total - taken for taken, total in self.branches.values()),
            branches=tuple((line, *self.branches[line]) for line in sorted(self.branches)),
        )


def to_readings(located: Iterator[tuple[str | None, MeasuredFile]]) -> Readings:
    """Return the coverage of the files inside the repository; two names of a report may be one file."""
    files: dict[str, MeasuredFile] = {}
    for path, file in located:
        if path is None:
            continue
        whole = files.setdefault(path, MeasuredFile())
        for number, hits in file.hits.items():
            whole.line(number, hits)
        for number, (taken, total) in file.branches.items():
            whole.branch(number, taken, total)
    records = sorted(
        (file.record(path) for path, file in files.items()), key=lambda file: file.path
    )
    return Readings(coverage=Coverage(files=tuple(records)))


def whole_number(attributes: Mapping[str, str], name: str) -> int:
    """Return the number in an attribute. Raises BrokenReportError."""
    text = attributes.get(name, "")
    if not _WHOLE.fullmatch(text):
        raise BrokenReportError(f"a line whose {name} is {text!r}")
    return int(text)
