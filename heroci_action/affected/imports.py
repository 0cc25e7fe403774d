"""Find out whether any module of the repository imports another one; pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath


def dotted_name(path: str) -> str:
    """Return the dotted name of a file, from the root of the repository: `shop.tests` for shop/tests.py."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_imported(path: str, texts: Mapping[str, str]) -> bool:
    """Return whether one of the modules, given by path, may import the file or mentions its dotted name."""
    target = dotted_name(path)
    word = re.compile(rf"\b{re.escape(target.rpartition('.')[2])}\b")
    return any(
        other != path and word.search(text) and _may_import(other, text, target)
        for other, text in texts.items()
    )


def _may_import(path: str, text: str, target: str) -> bool:
    if "." in target and target in text:
        return True
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return True
    return any(_is_same(name, target) for name in _imported(tree, path))


def _is_same(name: str, target: str) -> bool:
    """Return whether two dotted names may be one module: sys.path may contain any directory above it."""
    return f".{target}".endswith(f".{name}") or f".{name}".endswith(f".{target}")


def _imported(tree: ast.AST, path: str) -> Iterator[str]:
    package = PurePosixPath(path).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join((*above, *filter(None, (node.module,))))
            yield source
            yield from (f"{source}.{name.name}".lstrip(".") for name in node.names)
