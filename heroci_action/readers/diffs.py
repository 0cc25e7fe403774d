"""What formatters would change: the diffs of Black, isort and `ruff format`, and their messages."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchSet

from heroci_action.readers.base import BrokenReportError, Readings, Source
from heroci_action.readers.locations import Finding, Location, to_readings
from heroci_action.repository.paths import PathResolver
from heroci_action.text import without_ansi

SHOWN_LINES = 8  # of a formatter's version of the code

_FILE = re.compile(r"^(?=--- .+\n\+\+\+ )", re.MULTILINE)
_CANNOT_FORMAT = (
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
# Without --diff, in the project's own commands.
_WOULD_CHANGE = (
    re.compile(r"would reformat (?P<path>.+)$", re.IGNORECASE),
    re.compile(r"ERROR: (?P<path>.+) Imports are incorrectly sorted"),
)


def read_diff(source: Source, tree: PathResolver) -> Readings:
    """Read a finding for each group of lines that would change, and for each file that cannot be formatted.

    Raises BrokenReportError, with the other findings, if the diff of a file is incomplete.
    """
    text = without_ansi(source.text)
    changes: list[Finding] = []
    broken = None
    for patch in _patches(_without_messages(text)):
        if isinstance(patch, UnidiffParseError):
            broken = patch
        else:
            changes += _findings(patch, source.kind)
    messages = without_ansi(source.errors.decode("utf-8", errors="replace")) + "\n" + text
    named = {finding.place.path for finding in changes}
    others = [
        finding
        for line in messages.split("\n")
        for finding in _message_finding(line.strip(), source.kind)
        if finding.place.line is not None or finding.place.path not in named
    ]
    found = to_readings([*changes, *others], source, tree)
    if broken:
        raise BrokenReportError(f"its diff is incomplete ({broken})", found) from broken
    return found


def _without_messages(text: str) -> str:
    """Return the lines that can be part of a diff: standard error may be among them."""
    return "".join(line for line in io.StringIO(text) if line[0] in " +-@\\\r\n")


def _patches(text: str) -> Iterator[PatchSet | UnidiffParseError]:
    """Yield the diffs of all files at once, or one by one if one of them is broken."""
    try:
        yield PatchSet(io.StringIO(text))
    except UnidiffParseError:
        for part in _FILE.split(text):
            try:
                yield PatchSet(io.StringIO(part))
            except UnidiffParseError as error:
                yield error


@dataclass(slots=True)
class _Change:
    """Adjacent lines that a formatter would replace, from `line` of the file on."""

    line: int
    removed: int = 0
    added: list[str] = field(default_factory=list)


def _findings(patch: PatchSet, tool: str) -> Iterator[Finding]:
    for file in patch:
        path = file.source_file.removesuffix(":before")
        for hunk in file:
            for change in _changes(hunk):
                last = change.line + max(change.removed, 1) - 1
                place = Location(path=path, line=change.line, end_line=last)
                yield Finding(place=place, message=_message(change, tool), tool=tool)


def _changes(hunk: Hunk) -> Iterator[_Change]:
    change: _Change | None = None
    # A hunk without lines of the file is inserted after its number.
    number = hunk.source_start + (hunk.source_length == 0)
    for line in hunk:
        if line.is_removed or line.is_added:
            change = change or _Change(number)
            change.removed += line.is_removed
            change.added += [line.value.rstrip("\r\n")] if line.is_added else []
        elif line.is_context and change:
            yield change
            change = None
        number += line.is_removed or line.is_context
    if change:
        yield change


def _message(change: _Change, tool: str) -> str:
    if not change.added:
        return f"{tool} would remove this"
    what = f"{tool} would write" if change.removed else f"{tool} would insert before this line"
    if not any(change.added):
        count = len(change.added)
        return f"{what}: {'an empty line' if count == 1 else f'{count} empty lines'}"
    more = len(change.added) - SHOWN_LINES
    rest = [f"… and {more} more {'line' if more == 1 else 'lines'}"] if more > 0 else []
    return "\n".join([f"{what}:", *change.added[:SHOWN_LINES], *rest])


def _message_finding(line: str, tool: str) -> Iterator[Finding]:
    """Yield the finding in a line of output, if it is one."""
    for pattern in _CANNOT_FORMAT:
        if match := pattern.match(line):
            parts = match.groupdict()
            text = ": ".join(part for part in (parts["text"], parts.get("more")) if part)
            yield Finding(place=Location.of(parts), message=text, tool=tool)
            return
    for pattern in _WOULD_CHANGE:
        if match := pattern.match(line):
            place = Location(path=match["path"])
            yield Finding(place=place, message=f"{tool} would change this file", tool=tool)
