"""Fill placeholders such as `{postgres.url}` in commands and environments."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_]\w*)?)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace `{postgres.url}` and the like; what is not in `values` stays as it is (a shell's `${HOME}` or JSON)."""
    return _PLACEHOLDER.sub(lambda match: values.get(match["name"], match[0]), text)


def fill_line(line: str | tuple[str, ...], values: Mapping[str, str]) -> str | tuple[str, ...]:
    """`fill` for a command in either of its forms."""
    if isinstance(line, str):
        return fill(line, values)
    return tuple(fill(argument, values) for argument in line)
