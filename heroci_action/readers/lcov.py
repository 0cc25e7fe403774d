"""LCOV tracefiles."""

from __future__ import annotations

from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings, Source
from heroci_action.readers.coverage import (
    MeasuredFile,
    each_coverage,
    has_run,
    line_number,
    to_readings,
)
from heroci_action.readers.format import Category, Format, text_matching
from heroci_action.repository.paths import PathResolver
from heroci_action.results.branches import Branches


def read_lcov(source: Source, tree: PathResolver) -> Readings:
    """Read a tracefile (man geninfo), as lcov, istanbul, grcov and many others write. Raises BrokenReportError."""
    tracefile = _Tracefile()
    last = ""
    for line in map(str.strip, source.text_lines()):
        tracefile.take(line)
        last = line or last
    if not tracefile.files:
        raise BrokenReportError("it contains no file")
    if tracefile.file is not None or last != "end_of_record":
        raise BrokenReportError("its last record has no end")
    return to_readings(tracefile.files, source, tree)


@dataclass(slots=True)
class _Tracefile:
    """Collect the records of a tracefile; `file` is the open one, `branches` whether each of its branches was taken."""

    files: dict[str, MeasuredFile] = field(default_factory=dict)
    file: MeasuredFile | None = None
    branches: dict[int, dict[str, bool]] = field(default_factory=dict)

    def take(self, row: str) -> None:
        """Take one line; an odd one loses nothing else."""
        key, _, value = row.partition(":")
        match key:
            case "SF":
                self.file = self.files.setdefault(value, MeasuredFile())
                self.branches = {}
            case "DA" if self.file:
                number, _, rest = value.partition(",")
                if line := line_number(number):
                    self.file.line(line, ran=has_run(rest.partition(",")[0]))
            case "BRDA":
                number, _, rest = value.partition(",")
                name, _, taken = rest.rpartition(",")
                if line := line_number(number):
                    known = self.branches.setdefault(line, {})
                    # Block and branch; a description may follow the block instead of a number.
                    identity = name.replace(",", ":", 1)
                    known[identity] = known.get(identity, False) or has_run(taken)
            case "end_of_record" if self.file:
                self._close(self.file)

    def _close(self, file: MeasuredFile) -> None:
        for line, known in self.branches.items():
            missed = tuple(sorted(identity for identity, taken in known.items() if not taken))
            file.branch(line, Branches(len(known) - len(missed), len(known), missed))
        self.file = None


FORMAT = Format(
    kind="lcov",
    title="LCOV",
    category=Category.COVERAGE,
    recognize=text_matching(r"\A(?:TN:.*\n)?SF:"),
    read=each_coverage(read_lcov),
)
