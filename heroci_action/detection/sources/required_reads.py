"""Find the variables without which the settings raise an exception: `if not TOKEN: raise …`, `int(os.getenv("A"))`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from heroci_action.detection.sources.declared_defaults import declared_defaults
from heroci_action.detection.sources.environment_reads import (
    GETTERS,
    Read,
    is_false,
    parse_expression,
    read_of,
)
from heroci_action.detection.sources.settings_includes import last_name
from heroci_action.detection.sources.source import SettingsSource
from heroci_action.detection.sources.statements import Statement

# They raise for None, the value of a variable that is not set.
_CONVERSIONS = frozenset(
    {"int", "float", "Decimal", "Path", "join", "strptime", "loads", "literal_eval", "b64decode"}
)
_CHOICES = (ast.IfExp, ast.BoolOp, ast.Lambda, ast.FunctionDef, ast.ClassDef)


def find_required(source: SettingsSource) -> frozenset[str]:
    """Return the names of the variables that must have a value whatever other conditions hold."""
    defaults = declared_defaults((each.node for each in source.statements), source.functions)
    found: set[str] = set()
    for statement in source.statements:
        for node in _needed(statement):
            # One of several variables is enough for `A or B`.
            match source.reads_in(node):
                case (read,) if _is_empty(read.with_declared(defaults)):
                    found.add(read.name)
        found.update(_converted(source, statement))
    return frozenset(found)


def _converted(source: SettingsSource, statement: Statement) -> Iterator[str]:
    """Yield the variables whose use fails if they are None: `int(os.getenv("A"))`, `os.getenv("A").split()`."""
    for node in () if statement.tests else _always(statement.node):
        match node:
            case ast.Call(func=function, args=[used, *_]) if last_name(function) in _CONVERSIONS:
                yield from _without_default(source, used)
            case ast.Attribute(value=used):
                yield from _without_default(source, used)


def _always(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a statement that are evaluated whatever holds."""
    yield node
    if not isinstance(node, _CHOICES):
        for child in ast.iter_child_nodes(node):
            yield from _always(child)


def _without_default(source: SettingsSource, node: ast.expr) -> Iterator[str]:
    value = source.names.get(node.id) if isinstance(node, ast.Name) else node
    if isinstance(value, ast.Call) and ast.unparse(value.func) in GETTERS:
        read = read_of(value)
        if read is not None and not read.has_default:
            yield read.name


def _is_empty(read: Read) -> bool:
    """Return whether a variable without a value is false: it has no default, or a false one."""
    return not read.has_default or (read.default is not None and is_false(read.default))


def _needed(statement: Statement) -> Iterator[ast.expr]:
    """Yield the expressions that must be true so that a statement does not end the program."""
    match statement:
        case Statement(node=ast.Assert(test=test), tests=()):
            yield from _true(test)
        case Statement(node=node, tests=(test,)) if _ends(node):
            yield from _false(parse_expression(test))


def _ends(node: ast.stmt) -> bool:
    match node:
        case ast.Raise():
            return True
        case ast.Expr(value=ast.Call(func=function)):
            return last_name(function) in {"exit", "_exit"}
    return False


def _false(test: ast.expr | None) -> Iterator[ast.expr]:
    """Yield what must be true so that a condition is false."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _true(operand)
        case ast.BoolOp(op=ast.Or(), values=values):
            for value in values:
                yield from _false(value)
        case ast.Compare(
            left=left, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None | "")]
        ):
            yield left
        case ast.Compare(ops=[ast.NotIn()]):
            yield test


def _true(test: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions that must be true so that a condition is true."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in values:
                yield from _true(value)
        case ast.Name() | ast.Call() | ast.Subscript() | ast.Compare(ops=[ast.In()]):
            yield test
