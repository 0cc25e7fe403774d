"""Recognize a secret whose special characters are escaped, in whatever mixture of escapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5
from itertools import groupby

MAX_LENGTH = 512  # characters; a pattern for more would be slow to compile
MAX_RUN = 4  # equal special characters in a row; more would make a search in many of them slow

WORD = re.compile(r"[A-Za-z0-9]+")
_CONTROL = {"\n": "n", "\r": "r", "\t": "t"}
# How many characters a format writes for one: SQL and CSV double quotes, format strings percent signs and braces.
_MOST = {"\\": 16, **dict.fromkeys("'\"%${}", 2)}


def escaped_pattern(value: str) -> re.Pattern[str] | None:
    r"""Return a pattern for the value with each special character raw or escaped; None if it has none, or is too long.

    The escapes come from URLs, JSON, JavaScript, HTML, XML, SQL, CSV and shells, also several times: `%2F`, `%252F`,
    `\/`, `\u0026`, `&#39;`, `&amp;lt;`, `''`. Encoders differ in which characters they escape, so all are optional.
    """
    if len(value) > MAX_LENGTH or WORD.fullmatch(value):
        return None
    runs = [(character, len(list(run))) for character, run in groupby(value)]
    if any(times > MAX_RUN and not character.isalnum() for character, times in runs):
        return None
    # In many backslashes, the search starts only once.
    start = r"(?<!\\)" if value.startswith("\\") else ""
    return re.compile(start + "".join(_run(character, times) for character, times in runs))


def _run(character: str, times: int) -> str:
    if WORD.fullmatch(character):
        return character * times
    # Possessive, so that a text of many such characters takes linear time.
    most = times * _MOST.get(character, 1)
    return f"(?:{'|'.join(_alternatives(character))}){{{times},{most}}}+"


def _alternatives(character: str) -> Iterator[str]:
    """Yield patterns for a character, the plain one last."""
    wide = character.encode("utf-16-be", errors="surrogatepass")
    for encoded in _encodings(character):
        yield "".join(f"%(?:25)*{_hex(byte)}" for byte in encoded)
        yield "".join(f"={_hex(byte)}" for byte in encoded)
        yield "".join(rf"\\{{1,8}}+x{_hex(byte)}" for byte in encoded)
        yield "".join(rf"\\{{1,8}}+{byte:03o}" for byte in encoded)
    yield "".join(
        rf"(?:\\{{1,8}}+|%)u{_hex(wide[place])}{_hex(wide[place + 1])}"
        for place in range(0, len(wide), 2)
    )
    names = "|".join(_entities(character))
    yield f"&(?:amp;)*(?:{names});"
    if character in _CONTROL:
        yield rf"\\{{1,8}}+{_CONTROL[character]}"
    if character == " ":
        yield r"\+"
    if character == ">":
        yield re.escape("]]><![CDATA[>")
    yield re.escape(character) if character == "\\" else rf"\\{{0,8}}+{re.escape(character)}"


def _encodings(character: str) -> Iterator[bytes]:
    """Yield the bytes of a character in UTF-8, and in Latin-1 if they differ."""
    yield character.encode(errors="surrogatepass")
    if "\x80" <= character <= "\xff":
        yield character.encode("latin-1")


def _entities(character: str) -> Iterator[str]:
    number = ord(character)
    yield f"#0*{number}"
    yield f"#[xX]0*{''.join(map(_letter, f'{number:x}'))}"
    yield from (
        re.escape(name[:-1])
        for name, text in html5.items()
        if text == character and name.endswith(";")
    )


def _hex(byte: int) -> str:
    return "".join(map(_letter, f"{byte:02x}"))


def _letter(digit: str) -> str:
    return f"[{digit}{digit.upper()}]" if digit.isalpha() else digit
