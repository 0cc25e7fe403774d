"""Replaces secret values in text, in every form in which programs are known to print them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

MASK = "***"
MIN_LENGTH = 4
"""A shorter value would mask half of all text and protect nothing: it can be guessed from its length."""


class Masker:
    """Replaces secrets in text by `***`.

    The unit is a line: engines hand over whole lines, so a secret that was split between two reads of a pipe is whole
    again here, and one that spans lines is masked line by line.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)

    def mask(self, text: str) -> str:
        """The text without the secrets; where two of them overlap, all of both is gone."""
        pattern = _pattern(self._secrets)
        if pattern is None or not pattern.search(text):
            return text
        parts, end = [], 0
        for start, stop in _spans(pattern, text):
            parts += [text[end:start], MASK]
            end = stop
        return "".join([*parts, text[end:]])

    @property
    def values(self) -> tuple[str, ...]:
        """What has to be registered where somebody else masks by line as well: the plain values, line by line."""
        return tuple(
            dict.fromkeys(line for secret in self._secrets for line in _lines(secret) if line)
        )


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """The places to hide, those that overlap joined into one."""
    start, stop, position = -1, -1, 0
    while match := pattern.search(text, position):
        if match.start() > stop:
            if stop > start:
                yield start, stop
            start, stop = match.span()
        else:
            stop = max(stop, match.end())
        position = match.start() + 1
    yield start, stop


@lru_cache(maxsize=64)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    """Matches any form of any secret, the longest one at each place."""
    forms = {form for secret in secrets for form in _forms(secret)}
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _forms(secret: str) -> Iterator[str]:
    for value in (secret, *_lines(secret)):
        if len(value) < MIN_LENGTH:
            continue
        yield value
        yield json.dumps(value)[1:-1]
        yield json.dumps(value, ensure_ascii=False)[1:-1]
        yield from _quoted(value)
        yield from _base64(value)


def _lines(secret: str) -> Iterator[str]:
    return (line for line in map(str.strip, secret.splitlines()) if len(line) >= MIN_LENGTH)


def _quoted(value: str) -> Iterator[str]:
    for form in (
        quote(value, safe="", errors="surrogatepass"),
        quote(value, errors="surrogatepass"),
        quote_plus(value, errors="surrogatepass"),
    ):
        yield form
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), form)


def _base64(value: str) -> Iterator[str]:
    """The value inside a longer encoded text (`user:password`): three ways to lie on the border of its groups.

    Characters that hold bits of a neighbour are left out: they differ from text to text.
    """
    content = value.encode(errors="surrogatepass")
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + content).decode()
        first = -(-shift * 8 // 6)
        last = (shift + len(content)) * 8 // 6
        form = encoded[first:last]
        if len(form) >= MIN_LENGTH:
            yield form
            yield form.translate(_URL_SAFE)


_URL_SAFE = str.maketrans("+/", "-_")
