"""Replace the variables in a text as Docker Compose does."""

from __future__ import annotations

import re
from collections.abc import Mapping

from heroci_action.detection.ci.records import UNKNOWN

# The innermost one of `${IMAGE:-${REGISTRY:-ghcr.io}/tools}`.
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-+?])([^${}]*))?\}|\$(\w+)")
_DOLLAR = "\0"  # a dollar that is no variable
MAX_NESTED = 10  # variables in variables


def fill(text: str, variables: Mapping[str, str], unset: str = "") -> str:
    """Replace the variables in a text as Compose does; a required variable without a known value becomes UNKNOWN.

    Any other variable that is not set, and has no default, becomes `unset`.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[4]
        if name not in variables and not match[2]:
            return unset
        return _value(variables.get(name), match[2] or "", match[3] or "")

    text = text.replace("$$", _DOLLAR)
    for _ in range(MAX_NESTED):
        text, count = _VARIABLE.subn(value, text)
        if not count:
            break
    return text.replace(_DOLLAR, "$")


def _value(known: str | None, operator: str, other: str) -> str:
    """Return the replacement of a variable. With a colon in the operator, an empty variable counts as unset."""
    kind = operator.removeprefix(":")
    if kind == "+":
        return other if known else ""
    if known or (known is not None and kind == operator):
        return known
    return {"-": other, "?": UNKNOWN}.get(kind, "")
