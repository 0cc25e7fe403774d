"""Checkstyle XML, which many linters can write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.format import Category, Format, xml_root
from heroci_action.readers.locations import Finding, Location, to_readings
from heroci_action.readers.xml import parse
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Severity

SEVERITIES = {"error": Severity.ERROR, "warning": Severity.WARNING, "info": Severity.NOTICE}


@dataclass(slots=True)
class _Handler:
    source: Source
    tree: PathResolver
    findings: list[Finding] = field(default_factory=list)
    root: str | None = None
    file: str = ""
    exception: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name != "checkstyle":
                raise BrokenReportError(f"its root is <{name}>")
        if name == "file":
            self.file = attributes.get("name", "")
        elif name == "exception":
            self.exception = []
        elif name == "error" and attributes.get("severity") != "ignore":
            self.findings.append(self._finding(attributes))

    def _finding(self, attributes: Mapping[str, str]) -> Finding:
        """Return the finding; a `source` such as `com.puppycrawl.tools.checkstyle.LineLength` ends in the rule."""
        rule = attributes.get("source", "")
        return Finding(
            place=Location.of({"path": self.file, **attributes}),
            message=attributes.get("message", ""),
            tool="checkstyle",
            rule=rule.rpartition(".")[2],
            severity=SEVERITIES.get(attributes.get("severity", ""), Severity.ERROR),
        )

    def text(self, text: str) -> None:
        if self.exception is not None:
            self.exception.append(text)

    def end(self, name: str) -> None:
        """Take what Checkstyle writes if it cannot check a file."""
        if name == "exception" and self.exception is not None:
            message = "".join(self.exception).strip() or "this file could not be checked"
            place = Location(path=self.file)
            self.findings.append(Finding(place=place, message=message, tool="checkstyle"))
            self.exception = None

    def readings(self, *, complete: bool) -> Readings:
        """Return the findings so far, which are valid even in half a file."""
        del complete
        return to_readings(self.findings, self.source, self.tree)


def read_checkstyle(source: Source, tree: PathResolver) -> Readings:
    """Read the findings of one file. Raises BrokenReportError with those before the broken place."""
    return parse(source, lambda: _Handler(source, tree))


FORMAT = Format(
    kind="checkstyle",
    title="Checkstyle XML",
    category=Category.LINT,
    recognize=xml_root("checkstyle"),
    read=each(read_checkstyle),
)
