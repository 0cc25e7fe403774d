"""Failed tests with one cause in one group, and the lines of a traceback that tell the most."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from heroci_action.results.records import TestCase
from heroci_action.text import printable

USEFUL_LINES = 20
_FRAME = '  File "'
# What differs between two failures of one cause: numbers, addresses, identifiers.
_VARIABLE = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Tests that failed alike; the first one stands for them."""

    tests: tuple[TestCase, ...]

    @property
    def first(self) -> TestCase:
        """The one that is shown."""
        return self.tests[0]


def failed(tests: Iterable[TestCase]) -> tuple[TestCase, ...]:
    """The tests that did not come to a good end, each once, in order."""
    return tuple(test for test in tests if test.status.is_unsuccessful)


def group(tests: Iterable[TestCase]) -> tuple[FailureGroup, ...]:
    """Failures by their cause, the most frequent cause first.

    Two failures have one cause if they ended alike with the same message but for its numbers; a failure without a
    message is alone.
    """
    groups: dict[object, list[TestCase]] = {}
    for number, test in enumerate(tests):
        key = (test.status, _VARIABLE.sub("#", test.message[:1_000])) if test.message else number
        groups.setdefault(key, []).append(test)
    made = [FailureGroup(tests=tuple(members)) for members in groups.values()]
    return tuple(sorted(made, key=lambda members: -len(members.tests)))


def useful_lines(details: str, limit: int = USEFUL_LINES) -> str:
    """The part of a traceback that says what went wrong and where, at most `limit` lines.

    That is from the last frame on; what is cut is counted in the last line.
    """
    lines = printable(details).strip("\n").split("\n")
    start = _start(lines)
    shown = lines[start : start + limit]
    left = len(lines) - len(shown)
    if left and len(lines) > limit:
        shown.append(f"… ({left} more lines in junit.xml)")
    else:
        shown = lines
    return "\n".join(line[:500] for line in shown)


def _start(lines: list[str]) -> int:
    """The line that pytest marks with `>` above its `E` lines, else the last frame of a traceback, else the first."""
    for number, line in enumerate(lines):
        if line.startswith("E  "):
            marked = (above for above in range(number, -1, -1) if lines[above].startswith(">"))
            return next(marked, number)
    frames = (
        number for number in range(len(lines) - 1, -1, -1) if lines[number].startswith(_FRAME)
    )
    return next(frames, 0)
