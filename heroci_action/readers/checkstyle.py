"""Checkstyle XML, which many linters can write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.format import Category, Format, xml_root
from heroci_action.readers.locations import Place, diagnostic
from heroci_action.readers.xml import parse
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Diagnostic, Severity

SEVERITIES = {"error": Severity.ERROR, "warning": Severity.WARNING, "info": Severity.NOTICE}


@dataclass(slots=True)
class _Handler:
    tree: PathResolver
    findings: list[Diagnostic] = field(default_factory=list)
    root: str | None = None
    file: str = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name != "checkstyle":
                raise BrokenReportError(f"its root is <{name}>")
        if name == "file":
            self.file = attributes.get("name", "")
        elif name == "error" and attributes.get("severity") != "ignore":
            self.findings.append(self._finding(attributes))

    def _finding(self, attributes: Mapping[str, str]) -> Diagnostic:
        """Return the finding; a `source` such as `com.puppycrawl.tools.checkstyle.LineLength` ends in the rule."""
        rule = attributes.get("source", "")
        return diagnostic(
            Place.of({"path": self.file, **attributes}),
            attributes.get("message", ""),
            tool="checkstyle",
            tree=self.tree,
            rule=rule.rpartition(".")[2],
            severity=SEVERITIES.get(attributes.get("severity", ""), Severity.ERROR),
        )

    def text(self, text: str) -> None:
        """Ignore text: everything is in attributes."""

    def end(self, name: str) -> None:
        """Do nothing: the next file replaces this one."""

    def readings(self, *, complete: bool) -> Readings:
        """Return the findings so far, which are valid even in half a file."""
        del complete
        return Readings(diagnostics=tuple(self.findings))


def read_checkstyle(source: Source, tree: PathResolver) -> Readings:
    """Read the findings of one file. Raises BrokenReportError with those before the broken place."""
    return parse(source, lambda: _Handler(tree))


FORMAT = Format(
    kind="checkstyle",
    title="Checkstyle XML",
    category=Category.LINT,
    recognize=xml_root("checkstyle"),
    read=each(read_checkstyle),
)
