"""Prepare text for display: without control characters, shortened, on one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

UNSHOWABLE = "\ufffd"

# ECMA-48: control sequences, operating system commands (titles, links), and the short escapes.
_SEQUENCE = r"[0-?]*[ -/]*[@-~]"
_COMMAND = r"[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
_ESCAPES = rf"\x1b\[{_SEQUENCE}|\x1b\]{_COMMAND}|\x1b[ -/]*[0-Z\\^-~]"
_ESCAPED = re.compile(_ESCAPES)
_ANSI = re.compile(rf"{_ESCAPES}|\x9b{_SEQUENCE}|\x9d{_COMMAND}")
# Characters that XML 1.0 forbids (section 2.2), including lone surrogates.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Control characters, and characters that change the direction of text (Trojan Source, CVE-2021-42574).
_NOT_SHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_NEWLINES = re.compile(r"\r\n?|\u2028|\u2029|\x85")


def without_ansi(text: str) -> str:
    """Return the text without colors and other terminal sequences."""
    return _ANSI.sub("", text) if _may_have_ansi(text) else text


def find_ansi(text: str) -> Iterator[re.Match[str]]:
    """Yield colors and other terminal sequences."""
    return _ANSI.finditer(text) if _may_have_ansi(text) else iter(())


def _may_have_ansi(text: str) -> bool:
    return "\x1b" in text or "\x9b" in text or "\x9d" in text


def legal_xml(text: str) -> str:
    """Return the text without escape sequences; characters that XML forbids become U+FFFD.

    XML allows the control characters above U+007F, so that names that differ in them remain different.
    """
    return _NOT_XML.sub(UNSHOWABLE, _ESCAPED.sub("", text) if "\x1b" in text else text)


def printable(text: str) -> str:
    """Return the text without terminal sequences; control characters except tabs and newlines become U+FFFD."""
    return _NOT_SHOWN.sub(UNSHOWABLE, _NEWLINES.sub("\n", without_ansi(text)))


def one_line(text: str, limit: int = 300) -> str:
    """Return the printable text on one line of at most `limit` characters."""
    return clip(" ".join(printable(text[: 4 * limit]).split()), limit)


def clip(text: str, limit: int) -> str:
    """Return at most `limit` characters; a text that is cut ends in an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def cut_together(texts: Sequence[str], limit: int) -> list[str]:
    """Return texts of at most `limit` characters together: the longest are cut in their middle, to the same length."""
    if sum(map(len, texts)) <= limit:
        return list(texts)
    lengths: dict[int, int] = {}
    for place, index in enumerate(sorted(range(len(texts)), key=lambda index: len(texts[index]))):
        lengths[index] = min(len(texts[index]), limit // (len(texts) - place))
        limit -= lengths[index]
    return [cut_middle(text, lengths[index]) for index, text in enumerate(texts)]


def seconds(value: float) -> str:
    """Return a duration in words: `0.04 s`, `3.2 s`, `48 s`, `2 min 5 s`, `1 h 3 min`."""
    if value < 0.995:  # noqa: PLR2004  above, it would be rounded to one
        return f"{value:.2f} s"
    if value < 9.95:  # noqa: PLR2004  above, it would be rounded to ten
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:  # noqa: PLR2004  seconds in a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004  minutes in an hour
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def minute(moment: str) -> str:
    """Return a moment in ISO 8601 and UTC for people: `2026-11-27 18:24 UTC`; empty if it is."""
    return f"{moment[:16].replace('T', ' ')} UTC" if moment else ""


def count(number: int, noun: str) -> str:
    """Return `1 test` or `1,200 tests`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(value: float) -> str:
    """Return a number of bytes for people: `512 B`, `38 kB`, `2 MB`, `1.5 GB`."""
    for unit in ("B", "kB", "MB"):
        if value < 1000:  # noqa: PLR2004  the step between the units
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def place(file: str | None, line: int | None) -> str:
    """Return `file:line`, or `file` if the line is unknown."""
    return f"{file}:{line}" if file and line else file or ""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for a name similar to a known one, else an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def some(names: Sequence[str], limit: int = 3, separator: str = ", ") -> str:
    """Return the first names, and how many more there are: `a, b, c and 4 more`."""
    listed = separator.join(names[:limit])
    return f"{listed} and {len(names) - limit:,} more" if len(names) > limit else listed


_LEFT_OUT = re.compile(r"\n… ([0-9,]{1,20}) characters were left out …\n")


def cut_middle(text: str, limit: int, *, left_out: int = 0) -> str:
    """Return at most `limit` characters of a text: its head and its tail, and between them what was left out.

    `left_out` characters between the two halves of `limit` are missing already; so are the characters that an earlier
    cut in the middle reports.
    """
    if not left_out and len(text) <= limit:
        return text
    half = min(limit, len(text)) // 2
    missing = left_out + len(text) - 2 * half
    for notice in _LEFT_OUT.finditer(text, half, len(text) - half):
        missing += int(notice[1].replace(",", "")) - len(notice[0])
    return f"{text[:half]}\n… {missing:,} characters were left out …\n{text[-half:]}"
