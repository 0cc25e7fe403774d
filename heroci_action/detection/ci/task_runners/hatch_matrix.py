"""Choose a leg of the matrix of an environment of Hatch, and apply its overrides.

https://hatch.pypa.io/latest/config/environment/advanced/
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from heroci_action.detection.ci.yaml_file import items, table, texts

_PYTHON = frozenset({"py", "python"})
_PLACEHOLDER = re.compile(r"\{matrix:(\w+)(?::([^{}]*))?\}")
# Options that an override extends; with `set-` in front, it replaces them.
_LISTS = ("dependencies", "extra-dependencies", "features", "dependency-groups")
Leg = Mapping[str, str]


def choose_leg(options: Mapping[str, Any], words: Iterable[str], suffix: str) -> Leg:
    """Return the last leg that the words select (`+py=3.12`, `-django=4.2`), or that `suffix` names (`py3.12-4.2`)."""
    legs = [leg for axes in items(options.get("matrix")) for leg in _product(table(axes))]
    for word in words:
        name, _, values = word[1:].partition("=")
        names = _PYTHON if name in _PYTHON else {name}
        wanted = values.split(",")
        legs = [leg for leg in legs if _has(leg, names, wanted) == word.startswith("+")]
    named = [leg for leg in legs if suffix and {*suffix.split("-")} == {*_parts(leg)}]
    return next(reversed(named or legs), {})


def _product(axes: Mapping[str, Any]) -> Iterator[Leg]:
    values = ([str(value) for value in items(axis)] for axis in axes.values())
    return (dict(zip(axes, leg, strict=True)) for leg in itertools.product(*values))


def _has(leg: Leg, names: Iterable[str], wanted: list[str]) -> bool:
    return any(leg.get(name, "").removeprefix("py") in wanted for name in names)


def _parts(leg: Leg) -> Iterator[str]:
    """Yield the parts of a leg's name, in which a version of Python has a prefix."""
    for name, value in leg.items():
        yield f"py{value.removeprefix('py')}" if name in _PYTHON else value


def with_leg(options: Mapping[str, Any], leg: Leg) -> dict[str, Any]:
    """Return the options of an environment for a leg: its values filled in, and its overrides applied."""
    found = dict(options)
    overrides = table(table(options.get("overrides")).get("matrix"))
    for variable, value in leg.items():
        for key, entries in table(overrides.get(variable)).items():
            name = key.removeprefix("set-")
            chosen = [text for entry in _listed(entries) for text in _value(entry, value)]
            if name in _LISTS:
                found[name] = [*([] if key != name else texts(found.get(name))), *chosen]
            elif name == "env-vars":
                pairs = (text.partition("=") for text in chosen)
                added = {one: other if sign else value for one, sign, other in pairs}
                found[name] = {**table(found.get(name)), **added}
    for name in _LISTS:
        if name in found:
            found[name] = [fill_leg(text, leg) for text in texts(found[name])]
    return found


def _listed(entries: object) -> list[Any]:
    return entries if isinstance(entries, list) else [entries]


def _value(entry: object, value: str) -> Iterator[str]:
    """Yield the value of an override, if it applies to this value of its variable."""
    if isinstance(entry, str):
        yield entry
    elif value in texts(table(entry).get("if", [value])):
        key, text = table(entry).get("key"), table(entry).get("value", value)
        yield f"{key}={text}" if key else str(text)


def fill_leg(text: str, leg: Leg) -> str:
    """Return a text with the values of a leg in place of `{matrix:django}`."""
    return _PLACEHOLDER.sub(lambda match: leg.get(match[1], match[2] or ""), text)
