"""The files that a statement of a settings module includes or executes, apart from imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from heroci_action.detection.sources.environment_reads import text_of

_READERS = frozenset({"open", "read_text", "read_bytes"})
_INCLUDES = frozenset({"include", "split_settings.tools.include"})


def executed_files(node: ast.stmt) -> Iterator[str]:
    """Yield the paths of the Python files that a statement opens, if it executes text."""
    calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    if not any(last_name(call.func) == "exec" for call in calls):
        return
    for call in calls:
        if last_name(call.func) in _READERS:
            # `open(PATH)` and `PATH.read_text()` alike.
            constants = map(text_of, ast.walk(call))
            yield from (text for text in constants if text and text.endswith(".py"))


def include_arguments(node: ast.stmt) -> list[ast.expr]:
    """Return the arguments of a call of django-split-settings' `include`."""
    match node:
        case ast.Expr(value=ast.Call(func=function, args=arguments)):
            return arguments if ast.unparse(function) in _INCLUDES else []
    return []


def listed_items(node: ast.stmt) -> Iterator[tuple[str, list[ast.expr]]]:
    """Yield the name of a list with the items that a statement gives it: `FILES = […]`, `FILES.append(…)`."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.List(elts=items)):
            yield name, items
        case ast.AugAssign(target=ast.Name(id=name), value=ast.List(elts=items)):
            yield name, items
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=items)
        ):
            yield name, items
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="extend"),
                args=[ast.List(elts=items)],
            )
        ):
            yield name, items


def included_files(
    argument: ast.expr, text_in_code: Callable[[ast.expr], str | None]
) -> str | None:
    """Return the regular expression of the files for `"components/*.py"` and `optional("local.py")`."""
    match argument:
        case ast.Call(func=ast.Name() | ast.Attribute(attr="optional"), args=[inner, *_]):
            argument = inner
    pattern = text_in_code(argument)
    return "".join(map(_as_regex, pattern)) if pattern else None


def _as_regex(char: str) -> str:
    if char == "*":
        return "[^/]*"
    return char if char.isalnum() or char in "_/" else f"\\{char}"


def last_name(node: ast.expr) -> str | None:
    """Return the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
