"""Formatters that change files, in calls that are no checks."""

from __future__ import annotations

import re
from collections.abc import Mapping

# The options with which a formatter only changes files, so that it passes, and those with which it checks.
_IN_PLACE = re.compile(r"-[a-z]*i[a-z]*|--in-?place")
_FORMATTING: Mapping[str, re.Pattern[str]] = {
    "autopep8": _IN_PLACE,
    "yapf": _IN_PLACE,
    "prettier": re.compile(r"-w|--write"),
}
_ASKING = frozenset({"--exit-code", "--check", "-c", "-l", "--list-different"})


def only_formats(name: str, arguments: tuple[str, ...]) -> bool:
    """Return whether a formatter changes files, and passes whatever it finds: `autopep8 --in-place shop`."""
    option = _FORMATTING.get(name)
    changes = option is not None and any(map(option.fullmatch, arguments))
    return changes and _ASKING.isdisjoint(arguments)
