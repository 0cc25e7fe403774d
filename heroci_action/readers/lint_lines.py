"""Read linters that print one line per finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from heroci_action.readers.base import Readings, Source
from heroci_action.readers.locations import Finding, Location, to_readings
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Diagnostic, Severity
from heroci_action.text import count, without_ansi

PLACE = r"^(?P<path>[^\n]+?):(?P<line>\d+):(?:(?P<column>\d+):)?"


def read_lines(pattern: re.Pattern[str], source: Source, tree: PathResolver) -> Readings:
    """Read one finding per match; its groups are `path`, `line`, `column`, `end_line`, `rule` and `text`."""
    return to_readings((found for _, found in matches(pattern, source)), source, tree)


def check_total(readings: Readings, source: Source, total: re.Pattern[str]) -> Readings:
    """Return the readings, with a finding for errors that the tool counted in the group `total` and does not show."""
    counted = sum(int(match["total"]) for match in total.finditer(without_ansi(source.text)))
    shown = sum(found.severity is Severity.ERROR for found in readings.diagnostics)
    if counted <= shown:
        return readings
    message = f"{count(counted - shown, 'error')} counted that the output does not show"
    hidden = Diagnostic(message=message, tool=source.kind, severity=Severity.ERROR)
    return replace(readings, diagnostics=(*readings.diagnostics, hidden))


def matches(
    pattern: re.Pattern[str], source: Source
) -> Iterator[tuple[Mapping[str, str], Finding]]:
    """Yield the groups of each match and the finding they make; a group's name may end in a digit."""
    for match in pattern.finditer(without_ansi(source.text).replace("\r\n", "\n")):
        parts = {key.rstrip("2"): value for key, value in match.groupdict().items() if value}
        yield parts, Finding(
            place=Location.of(parts),
            message=parts.get("text", ""),
            tool=source.kind,
            rule=parts.get("rule"),
        )
