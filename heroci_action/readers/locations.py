"""Puts a finding of a tool into its place in the repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Diagnostic, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a tool says that something is, with the path as the tool wrote it."""

    path: str
    line: int | None = None
    end_line: int | None = None
    column: int | None = None

    @classmethod
    def of(cls, parts: Mapping[str, str | None]) -> Place:
        """From the groups of a regular expression, those that it has of `path`, `line`, `end_line` and `column`."""
        return cls(
            path=parts.get("path") or "",
            line=positive(parts.get("line")),
            end_line=positive(parts.get("end_line")),
            column=positive(parts.get("column")),
        )


def positive(value: object) -> int | None:
    """A line or column as a number from 1; None for what is none."""
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) <= len("999999999")
    ):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def diagnostic(  # noqa: PLR0913  the fields of a record, by name
    place: Place,
    message: str,
    *,
    tool: str,
    tree: PathResolver,
    rule: str | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """The record; what lies outside of the repository has no file, and its path stays in the message."""
    file = tree.locate(place.path)
    where = ":".join(str(part) for part in (place.path, place.line) if part)
    return Diagnostic(
        message=message if file or not where else f"{where}: {message}",
        tool=tool,
        file=file,
        line=place.line if file else None,
        end_line=place.end_line if file else None,
        column=place.column if file else None,
        rule=rule or None,
        severity=severity,
    )
