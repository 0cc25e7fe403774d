"""Put the findings of linters into their places in the repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from heroci_action.readers.base import Readings, Source
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Diagnostic, Severity

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place as a tool reports it, with the path as the tool wrote it."""

    path: str
    line: int | None = None
    end_line: int | None = None
    column: int | None = None

    @classmethod
    def of(cls, parts: Mapping[str, str | None]) -> Location:
        """Return the place in the groups of a regular expression: `path`, `line`, `end_line` and `column`."""
        return cls(
            path=parts.get("path") or "",
            line=positive(parts.get("line")),
            end_line=positive(parts.get("end_line")),
            column=positive(parts.get("column")),
        )

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding as a tool reports it."""

    place: Location
    message: str
    tool: str
    rule: str | None = None
    severity: Severity = Severity.ERROR


def positive(value: object) -> int | None:
    """Return a line or column as a number from 1; None if it is not one."""
    if isinstance(value, str):
        value = int(value) if _NUMBER.fullmatch(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def to_readings(findings: Iterable[Finding], source: Source, tree: PathResolver) -> Readings:
    """Return the findings of one report, whose paths have one prefix in common."""
    findings = tuple(findings)
    names = dict.fromkeys(finding.place.path for finding in findings)
    files = tree.locate_all(names, report=source.path).files
    return Readings(
        diagnostics=tuple(
            _diagnostic(finding, files.get(finding.place.path) or _unlisted(finding, tree))
            for finding in findings
        )
    )


def _unlisted(finding: Finding, tree: PathResolver) -> str | None:
    """Return the path of a file that git ignores; in a report of another machine, it may be any file."""
    return None if tree.foreign else tree.locate(finding.place.path)


def _diagnostic(finding: Finding, file: str | None) -> Diagnostic:
    """Return the record; if the file is not in the repository, its path stays in the message."""
    place = finding.place
    if file is None:
        message = f"{place}: {finding.message}" if str(place) else finding.message
        place = Location(path="")
    else:
        message = finding.message
    return Diagnostic(
        message=message,
        tool=finding.tool,
        file=file,
        line=place.line,
        end_line=place.end_line,
        column=place.column,
        rule=finding.rule or None,
        severity=finding.severity,
    )
