"""The values of expressions in Python files that declare tasks; nothing is executed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.detection.ci.records import UNKNOWN


@dataclass(frozen=True, slots=True)
class Values:
    """The values of expressions: texts and lists of texts; anything else is UNKNOWN."""

    names: Mapping[str, Any]
    posargs: tuple[str, ...] = ()

    def of(self, node: ast.AST) -> Any:
        """Return the value of an expression."""
        reader = _READERS.get(type(node))
        return UNKNOWN if reader is None else reader(self, node)

    def words(self, nodes: Iterable[ast.AST]) -> list[str]:
        """Return the texts of expressions, lists among them as their items."""
        found: list[str] = []
        for node in nodes:
            value = self.of(node.value if isinstance(node, ast.Starred) else node)
            found += map(str, value) if isinstance(value, list) else [str(value)]
        return found


def _of_constant(_: Values, node: Any) -> Any:
    return node.value if isinstance(node.value, str | bool) else str(node.value)


def _of_attribute(values: Values, node: Any) -> Any:
    return list(values.posargs) if node.attr == "posargs" else UNKNOWN


def _of_choice(values: Values, node: Any) -> Any:
    """Return the value of `session.posargs or [...]`."""
    found = [values.of(value) for value in node.values]
    return (
        next((value for value in found if value), found[-1])
        if isinstance(node.op, ast.Or)
        else UNKNOWN
    )


def _of_sum(values: Values, node: Any) -> Any:
    left, right = values.of(node.left), values.of(node.right)
    return left + right if type(left) is type(right) and isinstance(node.op, ast.Add) else UNKNOWN


def _of_dictionary(values: Values, node: Any) -> Any:
    pairs = zip(node.keys, node.values, strict=True)
    return {values.of(key): values.of(value) for key, value in pairs if key}


def _of_if(values: Values, node: Any) -> Any:
    """Return the value of `"--fast" if fast else ""`."""
    test = values.of(node.test)
    known = isinstance(test, bool | list) or test == ""
    return values.of(node.body if test else node.orelse) if known else UNKNOWN


def _of_not(values: Values, node: Any) -> Any:
    value = values.of(node.operand)
    known = isinstance(node.op, ast.Not) and isinstance(value, bool | list)
    return not value if known else UNKNOWN


def _of_call(values: Values, node: Any) -> Any:
    """Return the value of `" ".join([...])` and of `shlex.join([...])`."""
    match node:
        case ast.Call(func=ast.Attribute(attr="join", value=glue), args=[joined]):
            parts = values.of(joined)
            text = " " if ast.unparse(glue) == "shlex" else values.of(glue)
            return str(text).join(parts) if isinstance(parts, list) else UNKNOWN
    return UNKNOWN


_READERS: Mapping[type, Callable[[Values, Any], Any]] = {
    ast.Constant: _of_constant,
    ast.Name: lambda values, node: values.names.get(node.id, UNKNOWN),
    ast.List: lambda values, node: values.words(node.elts),
    ast.Tuple: lambda values, node: values.words(node.elts),
    ast.JoinedStr: lambda values, node: "".join(str(values.of(value)) for value in node.values),
    ast.FormattedValue: lambda values, node: values.of(node.value),
    ast.Attribute: _of_attribute,
    ast.BoolOp: _of_choice,
    ast.BinOp: _of_sum,
    ast.Dict: _of_dictionary,
    ast.IfExp: _of_if,
    ast.UnaryOp: _of_not,
    ast.Call: _of_call,
}
