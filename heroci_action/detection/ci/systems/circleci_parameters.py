"""Parameters in CircleCI's configuration, and the conditions that refer to them.

https://circleci.com/docs/reference/configuration-reference/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.ci.yaml_file import is_false, items, table

# `<< parameters.version >>`
_PARAMETER = re.compile(r"(?<!\\)<<\s*([\w.-]+)\s*>>")
# `<<# parameters.mark >>-m << parameters.mark >><</ parameters.mark >>`
_SECTION = re.compile(r"<<#\s*([\w.-]+)\s*>>(.*?)<</\s*\1\s*>>", re.DOTALL)


def defaults(prefix: str, content: Mapping[str, Any]) -> dict[str, str]:
    """Return the defaults of the `parameters` that a job, command, executor or file declares."""
    declared = {
        name: table(entry).get("default")
        for name, entry in table(content.get("parameters")).items()
    }
    return prefixed(prefix, declared)


def prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Return values by the names that refer to them: `parameters.version`."""
    return {f"{prefix}.{name}": value for name, value in values.items() if isinstance(value, str)}


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace the parameters in a text, by UNKNOWN if they have no value.

    A section stays if its parameter is neither empty nor false.
    """
    text = _SECTION.sub(lambda m: "" if is_false(values.get(m[1], "")) else m[2], text)
    return _PARAMETER.sub(lambda match: values.get(match[1], UNKNOWN), text)


def fill_all(texts: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """Replace the parameters in every text of a table; other values are left out."""
    return {name: fill(text, values) for name, text in texts.items() if isinstance(text, str)}


def evaluate(condition: object, values: Mapping[str, str]) -> bool | None:
    """Return whether a logic statement holds; None if that is not known."""
    if isinstance(condition, str):
        filled = fill(condition, values)
        return None if UNKNOWN in filled else not is_false(filled)
    for name, operand in table(condition).items():
        match name:
            case "not":
                known = evaluate(operand, values)
                return None if known is None else not known
            case "and" | "or":
                found = [evaluate(entry, values) for entry in items(operand)]
                return _combined(found, decisive=name == "or")
            case "equal":
                return _are_equal([fill(str(entry), values) for entry in items(operand)])
    return None


def _combined(found: list[bool | None], *, decisive: bool) -> bool | None:
    """Return the outcome of several statements, one of which may decide alone."""
    if decisive in found:
        return decisive
    return None if None in found else not decisive


def _are_equal(texts: list[str]) -> bool | None:
    return None if UNKNOWN in "".join(texts) else len(set(texts)) == 1
