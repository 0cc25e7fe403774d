"""Read an entry of an object that a variable holds as JSON: `json.loads(os.environ["ACCOUNT"])["user"]`."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from heroci_action.detection.sources.dictionaries import Resolver
from heroci_action.detection.sources.environment_reads import Read, plain, read_of, reads
from heroci_action.detection.sources.paired_entries import parse_pairs, with_pairs
from heroci_action.detection.sources.settings_includes import last_name

MAX_NESTED = 5  # objects in each other
# Functions that make an object of a text; YAML contains JSON.
_PARSERS = frozenset({"loads", "json", "literal_eval", "safe_load"})


def read_entry(node: ast.expr, resolver: Resolver) -> Read | None:
    """Return the read of an entry in a variable's object; None for any other expression."""
    keys: tuple[str, ...] = ()
    default: str | None = None
    owner: ast.expr | None = _without_cast(node)
    for _ in range(MAX_NESTED):
        step = _step(owner)
        if step is None:
            break
        owner, key, given = step
        default = default if keys else given
        keys = (key, *keys)
        owner = resolver.resolve(owner)
    found = tuple(reads(owner)) if keys and isinstance(owner, ast.Call) and _parses(owner) else ()
    return replace(found[0], entry=keys, default=default) if len(found) == 1 else None


def _step(node: ast.expr | None) -> tuple[ast.expr, str, str | None] | None:
    """Return the object, key and default of `OBJECT["key"]` or `OBJECT.get("key", "default")`; None for a variable."""
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(key))) if not read_of(node):
            return owner, key, None
        case ast.Call(
            func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str(key)), *rest]
        ) if not read_of(node):
            return owner, key, plain(rest[0]) if rest else None
    return None


def _without_cast(node: ast.expr) -> ast.expr:
    match node:
        case ast.Call(func=ast.Name(id="str" | "int"), args=[value]):
            return value
    return node


def _parses(call: ast.Call) -> bool:
    """Return whether a call parses a text: `json.loads(…)`, `env.json("X")`, `config("X", cast=json.loads)`."""
    functions = (call.func, *(keyword.value for keyword in call.keywords))
    return any(last_name(function) in _PARSERS for function in functions)


def entry_of(text: str | None, keys: Iterable[str]) -> str | None:
    """Return an entry of an object in JSON; None if there is none."""
    value = _parse(text)
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


def with_entries(text: str | None, entries: Mapping[tuple[str, ...], str]) -> str:
    """Return an object in JSON, or a text of pairs, with other entries; the rest is kept."""
    if text and parse_pairs(text):
        return with_pairs(text, {keys[-1]: value for keys, value in entries.items()})
    found = _parse(text)
    whole: dict[str, Any] = found if isinstance(found, dict) else {}
    for (*outer, key), value in entries.items():
        inner = whole
        for name in outer:
            inner = inner.setdefault(name, {})
        inner[key] = value
    return json.dumps(whole)


def _parse(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None
