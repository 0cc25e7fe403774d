"""Conditions of settings on a database that they defined before: `if DATABASES["default"]["ENGINE"] == "…mysql":`."""

from __future__ import annotations

import ast
from collections.abc import Callable

from heroci_action.detection.servers.database_record import Database
from heroci_action.detection.sources.environment_reads import plain


def excludes(test: ast.expr | None, way: Database, value_of: Callable[[str], str | None]) -> bool:
    """Return whether a condition on the engine of a database is known not to hold for it.

    `value_of` returns the value of an environment variable, if the project's CI sets it.
    """
    engine = _engine(way, value_of)
    match test:
        case _ if engine is None:
            return False
        case ast.BoolOp(op=ast.And(), values=values):
            return any(excludes(value, way, value_of) for value in values)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]) if _is_engine(left):
            return plain(right) not in {None, engine}
        case ast.Compare(left=left, ops=[ast.In()], comparators=[right]) if _is_engine(right):
            return (plain(left) or "") not in engine
        case ast.Call(func=ast.Attribute(value=value, attr="endswith"), args=[end]):
            return _is_engine(value) and not engine.endswith(plain(end) or "")
    return False


def _engine(way: Database, value_of: Callable[[str], str | None]) -> str | None:
    read = way.variables.get("ENGINE")
    if read is None:
        return way.literals.get("ENGINE")
    return value_of(read.name) or read.default


def _is_engine(node: ast.expr) -> bool:
    """Return whether an expression is `DATABASES[…]["ENGINE"]`."""
    match node:
        case ast.Subscript(
            value=ast.Subscript(value=ast.Name(id="DATABASES")), slice=ast.Constant(value="ENGINE")
        ):
            return True
    return False
