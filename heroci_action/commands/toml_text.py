"""Write configuration values as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_key(parts: Iterable[str]) -> str:
    """Return a dotted key: `("lint", "my tool")` is `lint."my tool"`."""
    return ".".join(part if _BARE_KEY.fullmatch(part) else _text(part) for part in parts)


def toml_value(value: object) -> str:
    """Return a text, number, boolean, list or table on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case Mapping():
            items = (f"{toml_key([str(name)])} = {toml_value(v)}" for name, v in value.items())
            inner = ", ".join(items)
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value)


def _text(text: str) -> str:
    # A basic string of TOML has the escapes of JSON; JSON leaves DEL as it is, which TOML forbids.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
