"""The reference of all configuration keys, generated from the JSON schema of the model.

`python -m heroci_action.config.documentation > docs/configuration.md` updates the document.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from heroci_action.config.schema import document

Node = Mapping[str, Any]

INTRODUCTION = """\
# Configuration

HeroCI reads `heroci.toml`, or `[tool.heroci]` in `pyproject.toml`, from the directory that you name, from the root of
the repository, or from the directory of the project that it finds; the first of these counts. Every key is
optional: HeroCI detects most values and has defaults for the rest. `heroci plan --explain` shows the effective values
and their origin; `heroci plan --write` stores them. Unknown keys, wrong types, missing files and circular needs are all
reported at once, with exit code 2.

Durations are seconds as a number, or text such as `"90s"`, `"5m"`, `"1h"`. Paths are relative to the root of the
repository and stay inside it.

Commands and the values of `env` may contain placeholders: `{postgres.host}`, `{postgres.port}`, `{postgres.user}`,
`{postgres.password}`, `{postgres.db}` and `{postgres.url}`, the same attributes of any other service, `{secret_key}`
(random for each run), and `{env.NAME}` for a variable of the caller, which steps do not see otherwise. A variable that
is not set or empty is an error before anything runs, and so is an unknown placeholder in `env`.

Editors can complete and check the file with the JSON schema `heroci_action/schemas/heroci.schema.json`.
"""

TABLES = {
    "ServiceConfig": "services.NAME",
    "LintConfig": "lint.TOOL",
    "TestsConfig": "tests",
    "CacheConfig": "cache",
    "ImageConfig": "image",
    "PublishConfig": "publish",
    "IntegrationConfig": "integration",
    "CheckConfig": "integration.checks",
    "ReportConfig": "report",
    "MatrixConfig": "matrix",
    "MatrixCellConfig": "matrix.exclude",
    "StageConfig": "stages.NAME",
    "ReportFileConfig": "stages.NAME.reports",
    "StepConfig": "steps",
}


def text() -> str:
    """Return the document in Markdown."""
    schema = document()
    parts = [INTRODUCTION, "## Top level\n", *_table(schema)]
    for name, title in TABLES.items():
        node = schema["$defs"][name]
        parts += [f"\n## `{title}`\n", f"{node['description']}\n", *_table(node)]
    return "\n".join(parts) + "\n"


def _table(node: Node) -> Iterator[str]:
    yield "| key | type | default | description |"
    yield "| --- | --- | --- | --- |"
    for key, value in node["properties"].items():
        default = value.get("default")
        shown = f"`{_toml(default)}`" if default not in (None, [], {}, [[]]) else ""
        yield f"| `{key}` | {_type(value)} | {shown} | {value.get('description', '').replace('|', chr(92) + '|')} |"


def _toml(value: object) -> str:
    """Return a value as TOML, which is the same as JSON for these values."""
    return json.dumps(value, ensure_ascii=False)


def _type(node: Node) -> str:
    """Return the type in words."""
    options = node.get("anyOf") or node.get("oneOf")
    if options:
        return " or ".join(dict.fromkeys(_type(option) for option in options))
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return "any value" if name == "JsonValue" else "table"
    if "enum" in node or "const" in node:
        return ", ".join(f"`{_toml(value)}`" for value in node.get("enum", [node.get("const")]))
    if node.get("type") == "array":
        return f"list of {_plural(_type(node.get('items', {})))}"
    words = {"string": "text", "object": "table", "integer": "whole number", "number": "number"}
    return words.get(str(node.get("type")), str(node.get("type", "any value")))


def _plural(words: str) -> str:
    return " or ".join(_plural_of_one(word) for word in words.split(" or "))


def _plural_of_one(words: str) -> str:
    first, _, rest = words.partition(" of ")
    return f"{first}s of {rest}" if rest else f"{words}s"


if __name__ == "__main__":
    sys.stdout.write(text())
