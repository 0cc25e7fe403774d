"""Read linters that print one line per finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from heroci_action.readers.base import Readings, Source
from heroci_action.readers.locations import Finding, Location, to_readings
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Severity
from heroci_action.text import count, without_ansi

PLACE = r"^(?P<path>[^\n]+?):(?P<line>\d+):(?:(?P<column>\d+):)?"


def read_lines(pattern: re.Pattern[str], source: Source, tree: PathResolver) -> Readings:
    """Read one finding per match; its groups are `path`, `line`, `column`, `end_line`, `rule` and `text`."""
    return to_readings((found for _, found in matches(pattern, source)), source, tree)


def check_total(readings: Readings, source: Source, total: re.Pattern[str]) -> Readings:
    """Return the readings, with a problem if the text shows fewer errors than the group `total` states."""
    counts = [int(match["total"]) for match in total.finditer(without_ansi(source.text))]
    shown = sum(found.severity is Severity.ERROR for found in readings.diagnostics)
    if sum(counts) <= shown:
        return readings
    problem = f"{source.path}: declares {count(sum(counts), 'error')}, but shows {shown or 'none'}"
    return replace(readings, problems=(*readings.problems, problem))


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
