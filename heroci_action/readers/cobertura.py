"""Cobertura XML, the format of most coverage tools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings, Source
from heroci_action.readers.coverage import (
    MeasuredFile,
    each_coverage,
    has_run,
    line_number,
    to_readings,
)
from heroci_action.readers.format import Category, Format, xml_root
from heroci_action.readers.xml import parse
from heroci_action.repository.paths import PathResolver
from heroci_action.results.branches import Branches

_CONDITIONS = re.compile(r"\((?P<taken>\d{1,9})/(?P<total>\d{1,9})\)")


@dataclass(slots=True)
class _Handler:
    """Collect the lines of a document, as coverage.py, coverlet, gcovr and istanbul write them."""

    source: Source
    tree: PathResolver
    files: dict[str, MeasuredFile] = field(default_factory=dict)
    bases: list[str] = field(default_factory=list)
    file: MeasuredFile | None = None
    pieces: list[str] | None = None
    root: str | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name != "coverage":
                raise BrokenReportError(f"its root is <{name}>")
        if name == "source":
            self.pieces = []
        elif name == "class":
            self.file = self.files.setdefault(attributes.get("filename", ""), MeasuredFile())
        elif name == "line" and self.file is not None:
            self._line(self.file, attributes)

    def _line(self, file: MeasuredFile, attributes: Mapping[str, str]) -> None:
        """Record a line of a class; its methods repeat their lines, with the same numbers."""
        number = line_number(attributes.get("number", ""))
        if number is None:
            return
        file.line(number, ran=has_run(attributes.get("hits", "")))
        conditions = _CONDITIONS.search(attributes.get("condition-coverage", ""))
        if conditions:
            taken, total = int(conditions["taken"]), int(conditions["total"])
            missed = filter(None, attributes.get("missing-branches", "").split(","))
            file.branch(number, Branches.of(taken, total, missed))

    def text(self, text: str) -> None:
        if self.pieces is not None:
            self.pieces.append(text)

    def end(self, name: str) -> None:
        if name == "source":
            self.bases.append("".join(self.pieces or ()).strip())
            self.pieces = None
        elif name == "class":
            self.file = None

    def readings(self, *, complete: bool) -> Readings:
        """Return the coverage of a complete report; half of one would be a wrong percentage."""
        if not complete:
            return Readings()
        return to_readings(self.files, self.source, self.tree, bases=self.bases)


def read_cobertura(source: Source, tree: PathResolver) -> Readings:
    """Read a Cobertura report; a file name is relative to one of the report's sources. Raises BrokenReportError."""
    return parse(source, lambda: _Handler(source, tree))


FORMAT = Format(
    kind="cobertura",
    title="Cobertura XML",
    category=Category.COVERAGE,
    recognize=xml_root("coverage", containing=r"<(?:packages|sources)\b|\bline-rate="),
    read=each_coverage(read_cobertura),
)
