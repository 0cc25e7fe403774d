"""JaCoCo XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.coverage import MeasuredFile, to_readings, whole_number
from heroci_action.readers.format import Category, Format, xml_root
from heroci_action.readers.xml import parse
from heroci_action.repository.paths import PathResolver


@dataclass(slots=True)
class _Handler:
    """Collect the source files of a report: `<package name="com/acme"><sourcefile name="Cart.java">`.

    `ci`, `mi`, `cb` and `mb` are covered and missed instructions and branches of a line (its report.dtd).
    """

    tree: PathResolver
    files: dict[str, MeasuredFile] = field(default_factory=dict)
    package: str = ""
    file: MeasuredFile | None = None
    root: str | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name != "report":
                raise BrokenReportError(f"its root is <{name}>")
        if name == "package":
            self.package = attributes.get("name", "")
        elif name == "sourcefile":
            path = "/".join(part for part in (self.package, attributes.get("name", "")) if part)
            self.file = self.files.setdefault(path, MeasuredFile())
        elif name == "line" and self.file is not None:
            number = whole_number(attributes, "nr")
            self.file.line(number, whole_number(attributes, "ci"))
            taken = whole_number({"cb": "0", **attributes}, "cb")
            self.file.branch(number, taken, taken + whole_number({"mb": "0", **attributes}, "mb"))

    def text(self, text: str) -> None:
        """Ignore text: everything is in attributes."""

    def end(self, name: str) -> None:
        if name == "sourcefile":
            self.file = None

    def readings(self, *, complete: bool) -> Readings:
        """Return the coverage of a complete report; half of one would be a wrong percentage."""
        if not complete:
            return Readings()
        located = ((self._locate(path), file) for path, file in self.files.items())
        return to_readings(located)

    def _locate(self, path: str) -> str | None:
        """Return the only tracked file with this package and name: JaCoCo does not record source folders."""
        name = path.rpartition("/")[2]
        return self.tree.named(name, path.rpartition(".")[0]) or self.tree.locate(path)


def read_jacoco(source: Source, tree: PathResolver) -> Readings:
    """Read the source files of a JaCoCo report."""
    return parse(source, lambda: _Handler(tree))


FORMAT = Format(
    kind="jacoco",
    title="JaCoCo XML",
    category=Category.COVERAGE,
    recognize=xml_root("report"),
    read=each(read_jacoco),
)
