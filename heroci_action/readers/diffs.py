"""Reads what formatters would change: the diffs of Black, isort and `ruff format`, and their complaints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from heroci_action.readers.base import Readings, Source
from heroci_action.readers.locations import Place, diagnostic
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Diagnostic
from heroci_action.text import without_ansi

SHOWN_LINES = 8  # of what the tool would write instead

_OLD = re.compile(r"--- (?P<path>.+?)(?::before)?(?:\t.*)?$")
_HUNK = re.compile(
    r"@@ -(?P<start>\d{1,9})(?:,(?P<length>\d{1,9}))? \+\d+(?:,(?P<new>\d{1,9}))? @@"
)
_COMPLAINTS = (
    # Black up to 25, then from 26 on; ruff format.
    re.compile(
        r"error: cannot format (?P<path>.+?): (?P<text>.*?(?P<line>\d+):(?P<column>\d+):.*)$"
    ),
    re.compile(r"error: cannot format (?P<path>.+?): (?P<text>.*)$"),
    re.compile(r"error: (?P<text>cannot parse): (?P<path>.+):(?P<line>\d+):(?P<column>\d+)$"),
    re.compile(
        r"error: (?P<text>Failed to parse) (?P<path>.+?):(?P<line>\d+):(?P<column>\d+): (?P<more>.*)$"
    ),
)
# Without a diff, for commands of the project's own.
_WHOLE_FILES = (
    re.compile(r"would reformat (?P<path>.+)$", re.IGNORECASE),
    re.compile(r"ERROR: (?P<path>.+) Imports are incorrectly sorted"),
)


@dataclass(slots=True)
class _Change:
    """Lines beside each other that a formatter would replace; `line` is the first one in the file as it is."""

    path: str
    line: int
    removed: int = 0
    added: list[str] = field(default_factory=list)


def read_diff(source: Source, tree: PathResolver) -> Readings:
    """One diagnostic per group of lines that would change, and one per file that could not be read."""
    tool = source.kind
    lines = without_ansi(source.text).split("\n")
    complaints = without_ansi(source.errors.decode("utf-8", errors="replace")).split("\n")
    changes = [_finding(change, tool, tree) for change in _changes(lines)]
    seen = {finding.file for finding in changes}
    whole = [
        finding
        for line in (*complaints, *lines)
        for finding in _said(line.strip(), tool, tree)
        if finding.line is not None or finding.file not in seen
    ]
    return Readings(diagnostics=(*changes, *whole))


def _changes(lines: list[str]) -> Iterator[_Change]:
    """The changes of a unified diff; lines of standard error among them do not disturb."""
    path, change = "", None
    number = old = new = (
        0  # the next line of the file as it is, and what the hunk still has of both sides
    )
    for line in lines:
        header, hunk = _OLD.match(line), _HUNK.match(line)
        mark = line[:1] or " "  # some tools cut the blank of an empty line
        if old <= 0 and new <= 0:
            path = header["path"] if header else path
            if hunk:
                old, new = _length(hunk["length"]), _length(hunk["new"])
                number = int(hunk["start"]) + (old == 0)
            continue
        if mark == " " and change:
            yield change
            change = None
        if mark in "+-" and change is None:
            change = _Change(path, number)
        if mark == "-" and change:
            change.removed += 1
        if mark == "+" and change:
            change.added.append(line[1:].rstrip("\r"))
        number += mark in " -"
        old -= mark in " -"
        new -= mark in " +"
        if change and old <= 0 and new <= 0:
            yield change
            change = None


def _length(text: str | None) -> int:
    return 1 if text is None else int(text)


def _finding(change: _Change, tool: str, tree: PathResolver) -> Diagnostic:
    last = change.line + max(change.removed, 1) - 1
    place = Place(path=change.path, line=change.line, end_line=last)
    return diagnostic(place, _message(change, tool), tool=tool, tree=tree)


def _message(change: _Change, tool: str) -> str:
    if not change.added:
        return f"{tool} would remove this"
    what = f"{tool} would write" if change.removed else f"{tool} would insert before this line"
    if not any(change.added):
        count = len(change.added)
        return f"{what}: {'an empty line' if count == 1 else f'{count} empty lines'}"
    more = len(change.added) - SHOWN_LINES
    rest = [f"… and {more} more lines"] if more > 0 else []
    return "\n".join([f"{what}:", *change.added[:SHOWN_LINES], *rest])


def _said(line: str, tool: str, tree: PathResolver) -> Iterator[Diagnostic]:
    for pattern in _COMPLAINTS:
        match = pattern.match(line)
        if match:
            said = match.groupdict()
            text = ": ".join(part for part in (said["text"], said.get("more")) if part)
            yield diagnostic(Place.of(said), text, tool=tool, tree=tree)
            return
    for pattern in _WHOLE_FILES:
        match = pattern.match(line)
        if match:
            yield diagnostic(
                Place(path=match["path"]), f"{tool} would change this file", tool=tool, tree=tree
            )
