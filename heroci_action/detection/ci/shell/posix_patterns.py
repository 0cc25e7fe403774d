"""Patterns of grep and sed in Python's spelling."""

from __future__ import annotations

import re

# `[:alnum:]`, which stands in brackets only: `[[:alnum:]_]`
_CLASS = re.compile(r"\[:(\w+):\]")
_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r" \t", "digit": "0-9", "lower": "a-z", "space": r"\s",
    "upper": "A-Z", "word": r"\w", "xdigit": "0-9a-fA-F",
}  # fmt: skip


def in_python(pattern: str) -> str | None:
    """Return a pattern without POSIX's classes of characters; None if it has one that has no short spelling."""
    if not {match[1] for match in _CLASS.finditer(pattern)} <= set(_CLASSES):
        return None
    return _CLASS.sub(lambda match: _CLASSES[match[1]], pattern)
