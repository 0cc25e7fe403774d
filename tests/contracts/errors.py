"""Read the error messages from HeroCI's source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from heroci_action.analysis.diagnosis import SIGNS

CLASSES = {"EngineError", "UsageError", "HeroCIError"}


def raised_texts(package: Path) -> dict[str, re.Pattern[str]]:
    """Return each message with `…` for its values, and a pattern that finds it in a document."""
    found = {text for path in sorted(package.rglob("*.py")) for text in _texts(path)}
    found |= {re.sub(r"\{[^}]*\}", "…", sign.cause) for sign in SIGNS}
    return {text: _pattern(text) for text in sorted(found)}


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            text = _text(node.args[0])
            # A message that consists only of placeholders is built elsewhere.
            if node.func.id in CLASSES and re.search(r"\w{4,}", text):
                yield text


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in parts)
        case _:
            return ""


def _pattern(text: str) -> re.Pattern[str]:
    pieces = [re.escape(piece.strip(" :,'")) for piece in text.replace("`", "").split("…")]
    return re.compile(".*".join(piece for piece in pieces if piece))
