"""JaCoCo XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings, Source, merge_readings
from heroci_action.readers.coverage import (
    MeasuredFile,
    each_coverage,
    has_run,
    line_number,
    readings_at,
)
from heroci_action.readers.format import Category, Format, xml_root
from heroci_action.readers.xml import parse
from heroci_action.repository.paths import PathResolver
from heroci_action.results.branches import Branches


@dataclass(slots=True)
class _Handler:
    """Collect the source files: `<group name="module"><package name="com/acme"><sourcefile name="Cart.java">`.

    `ci`, `mi`, `cb` and `mb` are covered and missed instructions and branches of a line (its report.dtd).
    """

    source: Source
    tree: PathResolver
    files: dict[str, dict[str, MeasuredFile]] = field(default_factory=dict)  # by group
    groups: list[str] = field(default_factory=list)
    package: str = ""
    file: MeasuredFile | None = None
    root: str | None = None
    has_counters: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name != "report":
                raise BrokenReportError(f"its root is <{name}>")
        match name:
            case "group":
                self.groups.append(attributes.get("name", ""))
            case "package":
                self.package = attributes.get("name", "")
            case "sourcefile":
                path = f"{self.package}/{attributes.get('name', '')}".lstrip("/")
                module = self.files.setdefault("/".join(self.groups), {})
                self.file = module.setdefault(path, MeasuredFile())
            case "line" if self.file is not None:
                self._line(self.file, attributes)
            case "counter":
                self.has_counters = True

    def _line(self, file: MeasuredFile, attributes: Mapping[str, str]) -> None:
        number = line_number(attributes.get("nr", ""))
        if number is None:
            return
        file.line(number, ran=has_run(attributes.get("ci", "")))
        taken = line_number(attributes.get("cb", "")) or 0
        missed = line_number(attributes.get("mb", "")) or 0
        file.branch(number, Branches(taken, taken + missed, None if missed else ()))

    def text(self, text: str) -> None:
        """Ignore text: everything is in attributes."""

    def end(self, name: str) -> None:
        if name == "sourcefile":
            self.file = None
        elif name == "group" and self.groups:
            self.groups.pop()

    def _has_lines(self) -> bool:
        return any(file.lines for module in self.files.values() for file in module.values())

    def readings(self, *, complete: bool) -> Readings:
        """Return the coverage of a complete report; half of one would be a wrong percentage."""
        if not complete:
            return Readings()
        if self.has_counters and not self._has_lines():
            raise BrokenReportError(
                "it has counters but no lines: compile the classes with debug information"
            )
        parts = (self._placed(group, files) for group, files in self.files.items())
        return merge_readings(parts)

    def _placed(self, group: str, files: Mapping[str, MeasuredFile]) -> Readings:
        """Return the coverage of a module: its source folders are not in the report."""
        paths = self.tree.locate_all(files, report=self.source.path, near=group, scattered=True)
        return readings_at(files, paths, self.source)


def read_jacoco(source: Source, tree: PathResolver) -> Readings:
    """Read the source files of a JaCoCo report. Raises BrokenReportError."""
    return parse(source, lambda: _Handler(source, tree))


FORMAT = Format(
    kind="jacoco",
    title="JaCoCo XML",
    category=Category.COVERAGE,
    recognize=xml_root(
        "report", containing=r"-//JACOCO//|<(?:package|group|sessioninfo|counter)\b"
    ),
    read=each_coverage(read_jacoco),
)
