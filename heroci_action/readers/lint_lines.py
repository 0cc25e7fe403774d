"""Read linters that print one line per finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from heroci_action.readers.base import Readings, Source
from heroci_action.readers.locations import Place, diagnostic
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Diagnostic
from heroci_action.text import without_ansi

PLACE = r"^(?P<path>[^\n]+?):(?P<line>\d+):(?:(?P<column>\d+):)?"


def read_lines(pattern: re.Pattern[str], source: Source, tree: PathResolver) -> Readings:
    """Read one diagnostic per match; its groups are `path`, `line`, `column`, `end_line`, `rule` and `text`."""
    return Readings(diagnostics=tuple(found for _, found in matches(pattern, source, tree)))


def matches(
    pattern: re.Pattern[str], source: Source, tree: PathResolver
) -> Iterator[tuple[Mapping[str, str], Diagnostic]]:
    """Yield the groups of each match and the diagnostic they make; a group's name may end in a digit."""
    for match in pattern.finditer(without_ansi(source.text).replace("\r\n", "\n")):
        parts = {key.rstrip("2"): value for key, value in match.groupdict().items() if value}
        yield parts, diagnostic(
            Place.of(parts),
            parts.get("text", ""),
            tool=source.kind,
            tree=tree,
            rule=parts.get("rule"),
        )
