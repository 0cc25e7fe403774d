"""The names that statements assign values to or change, also in another module."""

from __future__ import annotations

import ast

from heroci_action.detection.sources.environment_reads import text_of


def targets(node: ast.stmt) -> list[ast.expr]:
    """Return the targets of an assignment; empty for any other statement."""
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else []


def changed_name(node: ast.stmt) -> str | None:
    """Return the name that is changed by `X = …`, `X["a"]["b"] = …`, `X.update(…)` and `X["a"].update(…)`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr in {"update", "setdefault"}:
            return base_name(function.value)
        return None
    return next((name for target in targets(node) if (name := base_name(target))), None)


def base_name(node: ast.expr) -> str | None:
    """Return NAME for `NAME`, `NAME["a"]["b"]` and `configuration.NAME`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else attribute_of_module(node)


def attribute_of_module(node: ast.expr | None) -> str | None:
    """Return NAME for `configuration.NAME` and `getattr(configuration, "NAME", …)`."""
    match node:
        case ast.Attribute(attr=name) if name.isupper():
            return name
        case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(), name, *_]):
            return text_of(name)
    return None
