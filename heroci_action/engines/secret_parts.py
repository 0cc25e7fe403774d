"""Find the secrets inside a secret: the password of an address or connection string, the keys in a JSON document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

SECRET_NAME = re.compile(r"secret|token|passw|key|credential|dsn|auth", re.IGNORECASE)
MIN_PART = 8
"""A shorter part is not masked on its own: it would hide ordinary text, and it is masked within the whole value."""
MIN_WORD = 16
"""The same for a part of letters only, such as "postgres"."""

_PASSWORD_OF_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s:]*:([^@/\s]+)@", re.IGNORECASE)
_SETTING = re.compile(r"([\w.-]+)\s*=\s*([^\s;&'\"]+)")


def secret_parts(value: str) -> Iterator[str]:
    """Yield the parts of a secret that programs print on their own."""
    for part in (*_passwords(value), *_values_in_json(value)):
        if len(part) >= (MIN_WORD if part.isalpha() else MIN_PART):
            yield part


def _passwords(value: str) -> Iterator[str]:
    for password in _PASSWORD_OF_ADDRESS.findall(value):
        yield password
        yield unquote(password)
    for name, setting in _SETTING.findall(value):
        if _names_secret(name):
            yield setting


def _values_in_json(value: str) -> Iterator[str]:
    if not value.lstrip().startswith("{"):
        return
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return
    pending = [document]
    while pending:
        table = pending.pop()
        for name, item in table.items():
            if isinstance(item, dict):
                pending.append(item)
            elif isinstance(item, str) and _names_secret(name):
                yield item


def _names_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name)) or name.lower() == "pwd"
