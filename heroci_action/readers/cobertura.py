"""Cobertura XML, the format of most coverage tools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.coverage import MeasuredFile, to_readings, whole_number
from heroci_action.readers.format import Category, Format, xml_root
from heroci_action.readers.xml import parse
from heroci_action.repository.paths import PathResolver

_CONDITIONS = re.compile(r"\((?P<taken>\d{1,9})/(?P<total>\d{1,9})\)")


@dataclass(slots=True)
class _Handler:
    """Collect the lines of a document, as coverage.py, coverlet, gcovr and istanbul write them."""

    tree: PathResolver
    files: dict[str, MeasuredFile] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
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
        """Record a line of a class; those of its methods are repeated, with the same numbers."""
        number, hits = whole_number(attributes, "number"), whole_number(attributes, "hits")
        file.line(number, hits)
        conditions = _CONDITIONS.search(attributes.get("condition-coverage", ""))
        if conditions:
            file.branch(number, int(conditions["taken"]), int(conditions["total"]))

    def text(self, text: str) -> None:
        if self.pieces is not None:
            self.pieces.append(text)

    def end(self, name: str) -> None:
        if name == "source":
            self.sources.append("".join(self.pieces or ()).strip())
            self.pieces = None
        elif name == "class":
            self.file = None

    def readings(self, *, complete: bool) -> Readings:
        """Return the coverage of a complete report; half of one would be a wrong percentage."""
        if not complete:
            return Readings()
        located = (
            (_locate(name, self.sources, self.tree), file) for name, file in self.files.items()
        )
        return to_readings(located)


def read_cobertura(source: Source, tree: PathResolver) -> Readings:
    """Read a Cobertura report; a file name is relative to one of the report's sources."""
    return parse(source, lambda: _Handler(tree))


def _locate(name: str, sources: Iterable[str], tree: PathResolver) -> str | None:
    candidates = [tree.locate(f"{base}/{name}") for base in sources if base] + [tree.locate(name)]
    known = [candidate for candidate in candidates if candidate in tree.tracked]
    return next(iter(known), next((one for one in candidates if one), None))


FORMAT = Format(
    kind="cobertura",
    title="Cobertura XML",
    category=Category.COVERAGE,
    recognize=xml_root("coverage"),
    read=each(read_cobertura),
)
