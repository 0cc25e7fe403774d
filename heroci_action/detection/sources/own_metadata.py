"""Find code that fails unless its own distribution is installed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from packaging.utils import canonicalize_name

from heroci_action.detection.sources.settings_includes import last_name

# `version("shop")`, `pkg_resources.get_distribution(__name__)`: each raises if the distribution is not installed.
_READERS = frozenset({"version", "metadata", "distribution", "get_distribution", "require"})
_SELF = frozenset({"__package__", "__name__"})
# Handlers of these, or of everything, catch PackageNotFoundError and DistributionNotFound.
_CATCHING = frozenset(
    {
        "BaseException",
        "DistributionNotFound",
        "Exception",
        "ImportError",
        "ModuleNotFoundError",
        "PackageNotFoundError",
    }
)


def needs_own_metadata(module: ast.Module, name: str) -> bool:
    """Return whether a module reads the metadata of the distribution `name`, or its own, without catching errors."""
    return any(_asks_for(call, name) for call in _unguarded_calls(module.body))


def _unguarded_calls(nodes: Iterable[ast.AST]) -> Iterator[ast.Call]:
    for node in nodes:
        if isinstance(node, ast.Try) and any(map(_catches, node.handlers)):
            yield from _unguarded_calls((*node.handlers, *node.orelse, *node.finalbody))
            continue
        if isinstance(node, ast.Call):
            yield node
        yield from _unguarded_calls(ast.iter_child_nodes(node))


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(last_name(kind) in _CATCHING for kind in types)


def _asks_for(call: ast.Call, name: str) -> bool:
    if last_name(call.func) not in _READERS or not call.args:
        return False
    match call.args[0]:
        case ast.Constant(value=str(text)):
            return canonicalize_name(text) == name
        case ast.Name(id=variable):
            return variable in _SELF
    return False
