"""Fill placeholders such as `{postgres.url}` in commands and environments."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_]\w*)?)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace each placeholder that has a value; anything else, such as `${HOME}` or JSON, stays as it is."""
    return _PLACEHOLDER.sub(lambda match: values.get(match["name"], match[0]), text)


def fill_line(line: str | tuple[str, ...], values: Mapping[str, str]) -> str | tuple[str, ...]:
    """Fill the placeholders of a command, given as a shell line or as arguments."""
    if isinstance(line, str):
        return fill(line, values)
    return tuple(fill(argument, values) for argument in line)
