"""Read the text of a variable that contains pairs: `HOST=localhost:PORT=5432:NAME=shop`, `host=db dbname=shop`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_SEPARATORS = ":;,&|\n "
_PAIR = re.compile(r"\s*([A-Za-z_]+)\s*=(.*)", re.DOTALL)


def parse_pairs(text: str) -> Mapping[str, str]:
    """Return the entries of a text of pairs by their names as they are written; empty for any other text."""
    return dict(next(_readings(text), ("", {}))[1])


def with_pairs(text: str, values: Mapping[str, str]) -> str:
    """Return a text of pairs with other values; names that it lacks are not added."""
    separator, entries = next(_readings(text), ("", {}))
    return separator.join(f"{name}={values.get(name, old)}" for name, old in entries.items())


def _readings(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each separator with which every part of a text is a pair, and the entries."""
    for separator in _SEPARATORS:
        parts = [part for part in text.split(separator) if part.strip()]
        found = [match for part in parts if (match := _PAIR.fullmatch(part))]
        if len(found) == len(parts) > 1:
            yield separator, {match[1]: match[2].strip() for match in found}
