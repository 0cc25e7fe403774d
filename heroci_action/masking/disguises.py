"""Look through what a program puts between the characters of a secret: colours, invisible characters, line breaks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from heroci_action.text import find_ansi, without_ansi

Span = tuple[int, int]

# Terminal colours, raw or as JSON, XML, HTML and reprs write the escape character.
_COLOUR = re.compile(
    r"(?:\x1b|\x9b|\\x1b|\\u001b|\\033|\\e|#x1B|&#27;|&#x1b;|\ufffd|\u241b)?\[[0-9;]*[mK]",
    re.IGNORECASE,
)
# Starts with a literal, so that searching a large text is fast.
_COLOUR_END = re.compile(r"\[[0-9;]*[mK]")
# Characters without a width, which a browser or an editor does not show.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+"
)
_ENCODED = "[A-Za-z0-9+/_-]"
_BREAKS = ("\n", "\r\n", r"\n", r"\r\n", "&#10;", "&#xA;")
# A break after a line of encoded text; starts with a literal, as above.
_WRAP = re.compile(
    "|".join(
        rf"{re.escape(line_break)}(?<={_ENCODED}{{16}}{re.escape(line_break)})[ \t]*(?={_ENCODED})"
        for line_break in _BREAKS
    )
)
CUT_MIN = 8
"""Characters of encoded text at the border of a line that are recognized as a part of a secret, without the rest."""


def without_colours(text: str) -> str:
    """Return the text without terminal sequences, raw or escaped."""
    return _COLOUR.sub("", without_ansi(text))


def may_be_disguised(text: str) -> bool:
    """Return whether a text contains any of the characters that a disguise needs, which is fast to see."""
    return not text.isascii() or any(sign in text for sign in ("\n", "[", "\x1b", r"\n", "&#"))


class Undisguised:
    """A text without its disguises, which knows where its characters were."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []  # in the plain text: where something was removed
        self._offsets: list[int] = []  # how much, up to there
        kept, end, offset = [], 0, 0
        for start, stop in joined_spans(_disguises(text)):
            kept.append(text[end:start])
            self._starts.append(start - offset)
            offset += stop - start
            self._offsets.append(offset)
            end = stop
        self.text = "".join([*kept, text[end:]])

    def __bool__(self) -> bool:
        """Return whether anything was removed."""
        return bool(self._starts)

    def original(self, span: Span) -> Span:
        """Return the place in the original text, with the disguises inside of it."""
        start, last = span[0], span[1] - 1
        return start + self._offset(start), last + self._offset(last) + 1

    def _offset(self, place: int) -> int:
        number = bisect_right(self._starts, place)
        return self._offsets[number - 1] if number else 0


def _disguises(text: str) -> Iterator[Span]:
    yield from (match.span() for match in find_ansi(text))
    if _COLOUR_END.search(text):
        yield from (match.span() for match in _COLOUR.finditer(text))
    if not text.isascii():
        yield from (match.span() for match in _INVISIBLE.finditer(text))
    yield from (match.span() for match in _WRAP.finditer(text))


def head_spans(form: str, text: str) -> Iterator[Span]:
    """Yield the places of an encoded form that begins at the end of a line, and is cut there."""
    for start in _places(form[:CUT_MIN], text):
        piece = text[start : _end_of_line(text, start)].rstrip()
        if form.startswith(piece):
            yield start, start + len(piece)


def tail_spans(form: str, text: str) -> Iterator[Span]:
    """Yield the places of the rest of an encoded form, at the start of a line."""
    for start in _places(form[-CUT_MIN:], text):
        stop = start + CUT_MIN
        piece = text[text.rfind("\n", 0, stop) + 1 : stop].lstrip()
        if form.endswith(piece):
            yield stop - len(piece), stop


def _places(part: str, text: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return end if end >= 0 else len(text)


def joined_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in their order, overlapping and touching ones joined."""
    joined: list[Span] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined
