"""Ruff, as JSON and in its formats for people: concise and full."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.format import Category, Format, LintTool, json_array, text_matching
from heroci_action.readers.lint_lines import PLACE, check_total, read_lines
from heroci_action.readers.locations import Finding, Location, positive, to_readings
from heroci_action.repository.paths import PathResolver

_FINDING = re.compile(
    PLACE
    + r" (?P<rule>[A-Z]+[0-9]+|invalid-syntax|SyntaxError|[a-z]+(?:-[a-z]+)+):? (?:\[\*\] )?(?P<text>.*)$"
    r"|^(?P<rule2>[A-Z]+[0-9]+|[a-z]+(?:-[a-z]+)+):? (?:\[\*\] )?(?P<text2>.*)\n"
    r" *--> (?P<path2>[^\n]+?):(?P<line2>\d+):(?P<column2>\d+)$",
    re.MULTILINE,
)
_TOTAL = re.compile(
    r"^Found (?:\d{1,9} errors? \(\d{1,9} fixed, )?(?P<total>\d{1,9}) (?:errors?|remaining)\b",
    re.MULTILINE,
)
_IS_JSON = json_array(r'"end_location"', r"^\[\s*\]\s*\Z")
_IS_TEXT = text_matching(_FINDING, r"^All checks passed!")


def read_ruff(source: Source, tree: PathResolver) -> Readings:
    """Read the output of `ruff check`. Raises BrokenReportError if it is JSON of another kind."""
    if source.text.lstrip().startswith("["):
        return to_readings(_from_json(source), source, tree)
    return check_total(read_lines(_FINDING, source, tree), source, _TOTAL)


def _from_json(source: Source) -> Iterator[Finding]:
    try:
        for entry in json.loads(source.text):
            yield _finding(entry, source.kind)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenReportError(f"it is not JSON of Ruff ({error})") from error


def _finding(entry: Mapping[str, Any], tool: str) -> Finding:
    place = Location(
        path=str(entry["filename"]),
        line=positive(entry["location"]["row"]),
        end_line=positive(entry["end_location"]["row"]),
        column=positive(entry["location"]["column"]),
    )
    rule = entry.get("code")
    return Finding(
        place=place, message=str(entry["message"]), tool=tool, rule=str(rule) if rule else None
    )


FORMAT = Format(
    kind="ruff",
    title="Ruff",
    category=Category.LINT,
    recognize=lambda head: _IS_JSON(head) or _IS_TEXT(head),
    read=each(read_ruff),
    tool=LintTool(
        name="ruff",
        distribution="ruff",
        default_spec="ruff<=0.17.6",
        # Settings like `fix = true` would repair the checkout, and a run that repaired everything passes.
        command=("ruff", "check", "--no-fix", "--no-fix-only", "--output-format=concise", "."),
        cache_variable="RUFF_CACHE_DIR",
        narrowed_options=("--force-exclude",),
        files=("ruff.toml", ".ruff.toml"),
        hooks=frozenset({"ruff", "ruff-check"}),
    ),
)
