"""The JSON schema of the configuration for editors, generated from the model.

`python -m heroci_action.config.schema > heroci_action/schemas/heroci.schema.json` updates the shipped file.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from heroci_action.config.model import Config


def document() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of `heroci.toml` and `[tool.heroci]`."""
    schema = _inline_enums(_tidy(Config.model_json_schema(by_alias=True)))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "HeroCI",
        "description": "Configuration of HeroCI: heroci.toml, or [tool.heroci] in pyproject.toml.",
        **{key: value for key, value in schema.items() if key not in {"title", "description"}},
    }


def _inline_enums(schema: dict[str, Any]) -> dict[str, Any]:
    """Replace references to enums by their values, because their descriptions are for readers of the code."""
    enums = {
        f"#/$defs/{name}": {"enum": node["enum"], "type": node["type"]}
        for name, node in schema["$defs"].items()
        if "enum" in node
    }

    kept = {name: node for name, node in schema["$defs"].items() if "enum" not in node}
    inlined: dict[str, Any] = _replace_references({**schema, "$defs": kept}, enums)
    return inlined


def _replace_references(node: Any, replacements: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_replace_references(item, replacements) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    kept = {
        key: value for key, value in node.items() if reference not in replacements or key != "$ref"
    }
    replaced = {key: _replace_references(value, replacements) for key, value in kept.items()}
    return replaced | replacements.get(str(reference), {})


def text() -> str:
    """Return the shipped form of the schema."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    """Remove titles that repeat the key, and null, which TOML does not have."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    return _tidy_table(node) if isinstance(node, dict) else node


def _tidy_table(node: dict[str, Any]) -> dict[str, Any]:
    tidy = {key: _tidy(value) for key, value in node.items() if not _is_noise(key, value)}
    options = [option for option in tidy.pop("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        return {**options[0], **tidy}
    return {**tidy, "anyOf": options} if options else tidy


def _is_noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)


if __name__ == "__main__":
    sys.stdout.write(text())
