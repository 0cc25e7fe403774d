"""Queries that a module sends to the database while it is imported, such as the choices of a form."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

# Methods of a queryset or a manager that ask the database at once; `filter` and `all` only describe the question.
# Source: Django's documentation, "When QuerySets are evaluated" and "Methods that do not return QuerySets".
_ASKING = frozenset(
    {
        "get", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "count", "in_bulk",
        "latest", "earliest", "first", "last", "aggregate", "exists", "contains", "update", "delete", "get_current",
    }
)  # fmt: skip
# Functions that iterate over their argument.
_ITERATING = frozenset(
    {"list", "tuple", "set", "frozenset", "dict", "len", "sorted", "bool", "max", "min", "sum"}
)


def find_query(module: ast.Module) -> ast.AST | None:
    """Return the first query of a module that runs on import, and whose failure it does not catch."""
    return next((node for node in _on_import(module) if _asks(node)), None)


def _on_import(node: ast.AST) -> Iterator[ast.AST]:
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(list(_evaluated(node)))


def _evaluated(node: ast.AST) -> Iterable[ast.AST]:
    """Return what Python evaluates at once: all of a class, but only the decorators and defaults of a function."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            defaults = (*node.args.defaults, *node.args.kw_defaults)
            return (*node.decorator_list, *filter(None, defaults))
        case ast.Lambda() | ast.Try(handlers=[_, *_]):
            return ()
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return node.orelse
    return ast.iter_child_nodes(node)


def _asks(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _ASKING:
            return _is_query(value)
        case ast.Call(func=ast.Name(id=name), args=[value, *_]) if name in _ITERATING:
            return _is_query(value)
        case ast.For(iter=value) | ast.comprehension(iter=value):
            return _is_query(value)
        case ast.Subscript(value=value, slice=ast.Constant()):
            return _is_query(value)
    return False


def _is_query(node: ast.expr) -> bool:
    """Return whether an expression is a manager, or the result of its methods: `Shop.objects.filter(open=True)`."""
    match node:
        case ast.Attribute(attr="objects"):
            return True
        case ast.Call(func=ast.Attribute(value=value)) | ast.Subscript(value=value):
            return _is_query(value)
    return False
