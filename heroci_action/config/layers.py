"""Put tables over each other: defaults, detected values, the configuration, the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any


def defaults() -> dict[str, Any]:
    """Read the default values."""
    file = resources.files("heroci_action.config").joinpath("defaults.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def put(table: Mapping[str, Any], path: list[str], value: object) -> dict[str, Any]:
    """Return the table with a value at a path of keys; a table is merged into the one that exists there."""
    inner = table.get(path[0])
    if len(path) > 1:
        value = put(inner if isinstance(inner, Mapping) else {}, path[1:], value)
    elif isinstance(inner, Mapping) and isinstance(value, Mapping):
        value = {**inner, **value}
    return {**table, path[0]: value}


@dataclass
class Layers:
    """Tables merged key by key, and the origin of each value by dotted key."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def add(self, layer: Mapping[str, Any], origin_of: Callable[[str], str]) -> None:
        """Merge a layer over the others. An empty table changes nothing if there is a table already."""
        self._merge(self.values, layer, origin_of, "")

    def _merge(
        self,
        into: dict[str, Any],
        layer: Mapping[str, Any],
        origin_of: Callable[[str], str],
        prefix: str,
    ) -> None:
        for key, value in layer.items():
            dotted = f"{prefix}{key}"
            below = into.get(key)
            if isinstance(value, Mapping) and value:
                into[key] = dict(below) if isinstance(below, Mapping) else {}
                self.origins.pop(dotted, None)
                self._merge(into[key], value, origin_of, f"{dotted}.")
            elif not (isinstance(value, Mapping) and isinstance(below, Mapping)):
                if isinstance(below, Mapping):
                    self._forget_origins(f"{dotted}.")
                into[key] = value
                self.origins[dotted] = origin_of(dotted)

    def _forget_origins(self, prefix: str) -> None:
        for old in [old for old in self.origins if old.startswith(prefix)]:
            del self.origins[old]
