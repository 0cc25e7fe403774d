"""Find the cases of a JUnit document that only have attributes and output, without parsing them: most are like this.

A single expression, which is built for the attributes of the first case, finds all cases like it in a piece of the
document. What is certain there is what XML makes of it in every encoding: attributes in ASCII, without references.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from heroci_action.readers.junit.outcomes import states_nothing

Attributes = Mapping[str, Sequence[str]]
"""The values of each attribute, one for each case."""

_SPACE = rb"[ \t\r\n]*+"
_VALUE = rb'"([^"<&\x00-\x1f\x80-\xff]*+)"'
_CDATA = rb"<!\[CDATA\[(?:[^\]]++|\](?!\]>))*+\]\]>"
_TEXT = rb"(?:[^<]++|" + _CDATA + rb")*+"
_OUTPUT = b"".join(
    rb"(?:<%b>%b</%b>%b)?+" % (name, _TEXT, name, _SPACE) for name in (b"system-out", b"system-err")
)
_END = rb"%b(?:/>|>%b%b</testcase>)%b" % (_SPACE, _SPACE, _OUTPUT, _SPACE)
_FIRST = re.compile(rb'<testcase((?: [A-Za-z_-]+="[^"<&]*+")++)' + _SPACE + rb"/?>")
_NAME = re.compile(rb' ([A-Za-z_-]+)="[^"]*+"')


@dataclass(frozen=True, slots=True)
class PlainCases:
    """The plain cases in a piece of a document, and the gaps before each and after the last of them."""

    piece: bytes
    names: Sequence[str]
    gaps: Sequence[bytes]
    values: Sequence[Sequence[bytes]]

    @classmethod
    def find(cls, piece: bytes) -> PlainCases | None:
        """Find all cases with the same attributes as the first one; None if it is not plain.

        Attributes that name the outcome need a parser, because the output belongs to a failure then.
        """
        first = _FIRST.search(piece)
        if not first:
            return None
        names = tuple(name.decode() for name in _NAME.findall(first[1]))
        if len(set(names)) < len(names) or not states_nothing(names):
            return None
        parts = _pattern(names).split(piece)
        step = len(names) + 1
        values = [parts[column::step] for column in range(1, step)]
        return cls(piece, names, parts[::step], values)

    def __len__(self) -> int:
        return len(self.gaps) - 1

    def groups(self) -> Iterator[tuple[bytes, range]]:
        """Yield each gap with the cases that follow it without another gap."""
        starts = [0, *(row for row, gap in enumerate(self.gaps) if gap and row)]
        ends = (*starts[1:], len(self))
        for start, end in zip(starts, ends, strict=True):
            yield self.gaps[start], range(start, end)

    def attributes(self, rows: range) -> Attributes:
        """Return the attributes of these cases."""
        return {
            name: b"\0".join(values[rows.start : rows.stop]).decode("ascii").split("\0")
            for name, values in zip(self.names, self.values, strict=True)
        }

    def rest(self, row: int) -> bytes:
        """Return the piece from a case on."""
        found = _pattern(self.names).finditer(self.piece)
        return self.piece[
            next(match.start() for number, match in enumerate(found) if number == row) :
        ]


@lru_cache(maxsize=64)
def _pattern(names: Sequence[str]) -> re.Pattern[bytes]:
    attributes = b"".join(rb" %b=%b" % (name.encode(), _VALUE) for name in names)
    return re.compile(b"<testcase" + attributes + _END)
