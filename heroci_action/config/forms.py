"""The right form of a value of the wrong type, as a line of TOML."""

from __future__ import annotations

import json

_TABLES = {
    "services": '{ postgres = "17" }',
    "env": '{ NAME = "value" }',
    "lint": '["black", "isort", "flake8"]',
    "tests": '{ runner = "pytest" }',
    "image": '{ dockerfile = "Dockerfile" }',
    "stages": '{ docs = { steps = ["make docs"] } }',
    "reports": '{ junit = "results.xml" }',
    "publish": '{ address = "ghcr.io/acme/shop:latest" }',
    "integration": '{ health = "/health/" }',
    "report": '{ unreadable = "warn" }',
    "matrix": '{ python = ["3.12", "3.13"] }',
}


def right_form(kind: str, location: tuple[int | str, ...], value: object) -> str | None:
    """Return a remedy for an error of this kind of pydantic, None if there is no single right form."""
    key = location[-1] if location else ""
    if isinstance(key, int):
        return None
    form = _form(kind, key, value)
    return f"write {key} = {form}" if form else None


def _form(kind: str, key: str, value: object) -> str | None:
    match kind, value:
        case "string_type", bool() | int() | float():
            return json.dumps(json.dumps(value))
        case "tuple_type" | "list_type", str():
            return f"[{json.dumps(value)}]"
        case "bool_type", str() if value.lower() in ("true", "false"):
            return value.lower()
        case "int_type", str() if value.strip().isdecimal():
            return value.strip()
        case "model_type" | "model_attributes_type" | "dict_type" | "mapping_type", _:
            return _TABLES.get(key)
    return None
