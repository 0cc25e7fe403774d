"""Write the values that are in use into the configuration file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.commands.toml_text import toml_key, toml_value
from heroci_action.project import ProjectConfig

_HEADER = re.compile(r"^\s*\[(?!\[)\s*([^\]]+?)\s*\]", re.MULTILINE)
_ANY_HEADER = re.compile(r"^\s*\[\[?[^\]\n]+\]\]?\s*(#.*)?$", re.MULTILINE)
_FIRST_LINE = "# heroci plan --write wrote the detected values; HeroCI detects what is missing.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A detected value with its keys and its origin."""

    keys: tuple[str, ...]
    value: object
    origin: str


def detected_values(project: ProjectConfig) -> Iterator[Value]:
    """Yield every detected value, in the order of the model."""
    values = project.config.model_dump(mode="json", by_alias=True, exclude_none=True)
    order = {field.alias: n for n, field in enumerate(type(project.config).model_fields.values())}
    detected = (key for key, why in project.origins.items() if why.startswith("detected"))
    for key in sorted(detected, key=lambda key: (order.get(key.partition(".")[0], 0), key)):
        keys = tuple(key.split("."))
        value = _at(values, keys)
        if value is not None:
            yield Value(keys=keys, value=value, origin=project.origins[key])


def _at(values: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    value: Any = values
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def with_values(
    text: str, project: ProjectConfig, *, table: tuple[str, ...] = ()
) -> tuple[str, tuple[str, ...]]:
    """Add the detected values to the text of a configuration file; return it with the keys that do not fit.

    `table` is the table of the configuration in the file. A key does not fit if its table is written inline.
    """
    result, left = text or _FIRST_LINE, []
    for value in detected_values(project):
        changed = insert_value(result, value.keys, value=value.value, why=value.origin, table=table)
        if changed is None:
            left.append(toml_key(value.keys))
        else:
            result = changed
    return result, tuple(left)


def insert_value(
    text: str, key: tuple[str, ...], *, value: object, why: str, table: tuple[str, ...]
) -> str | None:
    """Add a value under the nearest header of its tables; None if TOML does not allow it there."""
    keys = (*table, *key)
    place, depth = _place(text, keys, table)
    line = f"# {why}\n{toml_key(keys[depth:])} = {toml_value(value)}\n"
    if depth < len(table):
        line = f"\n[{toml_key(table)}]\n# {why}\n{toml_key(key)} = {toml_value(value)}\n"
    before = text[:place]
    changed = (
        f"{before}{'' if before.endswith(chr(10)) or not before else chr(10)}{line}{text[place:]}"
    )
    try:
        tomllib.loads(changed)
    except tomllib.TOMLDecodeError:
        return None
    return changed


def _place(text: str, keys: tuple[str, ...], table: tuple[str, ...]) -> tuple[int, int]:
    """Return where to insert a key, and how many of its keys the header there contains."""
    headers = {tuple(_split(match[1])): match for match in _HEADER.finditer(text)}
    for depth in range(len(keys) - 1, 0, -1):
        header = headers.get(keys[:depth])
        if header is not None:
            following = _ANY_HEADER.search(text, header.end())
            return _end_of_table(text, following.start() if following else len(text)), depth
    if table:
        return len(text), 0
    first = _ANY_HEADER.search(text)
    return _end_of_table(text, first.start() if first else len(text)), 0


def _end_of_table(text: str, end: int) -> int:
    """Return the end of the last line with content before a position."""
    return len(text[:end].rstrip()) + 1 if text[:end].strip() else 0


def _split(header: str) -> list[str]:
    return [part.strip().strip("\"'") for part in header.split(".")]
