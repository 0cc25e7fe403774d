"""The parts of functions that a statement of the settings calls: `CACHES = {"default": cache_from_env()}`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

# After one of them, it is not known whether the rest of a function is executed.
_BRANCHES = (ast.If, ast.Try, ast.Match, ast.While, ast.For)


def called_parts(
    node: ast.stmt, functions: Mapping[str, ast.FunctionDef]
) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the statements of the functions that a statement calls, and whether they may not be executed."""
    yield from _parts(node, functions, set())


def _parts(
    node: ast.AST, functions: Mapping[str, ast.FunctionDef], seen: set[str]
) -> Iterator[tuple[ast.stmt, bool]]:
    for name in _called(node):
        if name not in functions or name in seen:
            continue
        seen.add(name)
        branched = False
        for part in functions[name].body:
            branched = branched or isinstance(part, _BRANCHES)
            yield part, branched
            yield from ((inner, True) for inner, _ in _parts(part, functions, seen))


def _called(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
            yield inner.func.id
