"""LCOV tracefiles."""

from __future__ import annotations

from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.coverage import MeasuredFile, to_readings
from heroci_action.readers.format import Category, Format, text_matching
from heroci_action.repository.paths import PathResolver


def read_lcov(source: Source, tree: PathResolver) -> Readings:
    """Read a tracefile (man geninfo), as lcov, istanbul, grcov and many others write. Raises BrokenReportError."""
    tracefile = _Lcov()
    for number, row in enumerate(source.text.splitlines(), start=1):
        try:
            tracefile.take(row.strip())
        except (ValueError, OverflowError) as error:
            raise BrokenReportError(f"line {number} is {row[:80]!r}") from error
    if not tracefile.files:
        raise BrokenReportError("it contains no file")
    if tracefile.file is not None:
        raise BrokenReportError("its last record has no end")
    located = ((tree.locate(path), file) for path, file in tracefile.files.items())
    return to_readings(located)


@dataclass(slots=True)
class _Lcov:
    """Collect the records of a tracefile; `file` is the open one."""

    files: dict[str, MeasuredFile] = field(default_factory=dict)
    file: MeasuredFile | None = None
    branches: dict[int, list[bool]] = field(default_factory=dict)

    def take(self, row: str) -> None:
        """Take one line. Raises ValueError or OverflowError if a number is malformed."""
        key, _, value = row.partition(":")
        if key == "SF":
            self.file, self.branches = self.files.setdefault(value, MeasuredFile()), {}
        elif self.file is None:
            return
        elif key == "DA":
            line, hits = value.split(",")[:2]
            self.file.line(int(line), max(int(float(hits)), 0))
        elif key == "BRDA":
            line, rest = value.split(",", 1)
            taken = rest.rpartition(",")[2]
            self.branches.setdefault(int(line), []).append(taken not in ("-", "0"))
        elif key == "end_of_record":
            for number, taken_ones in self.branches.items():
                self.file.branch(number, sum(taken_ones), len(taken_ones))
            self.file = None


FORMAT = Format(
    kind="lcov",
    title="LCOV",
    category=Category.COVERAGE,
    recognize=text_matching(r"\A(?:TN:.*\n)?SF:"),
    read=each(read_lcov),
)
