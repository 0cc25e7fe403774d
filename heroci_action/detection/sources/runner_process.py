"""Evaluate what settings ask about the process that loads them: `"test" in sys.argv`, `"pytest" in sys.modules`."""

from __future__ import annotations

import ast
import copy
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Modules that are imported before the settings, by the name of the runner that does so.
_IMPORTED = {"pytest": "pytest", "_pytest": "pytest", "pytest_django": "pytest"}
# Pytest sets it only while a test runs, so not yet when the settings are loaded.
_NOT_YET_SET = "PYTEST_CURRENT_TEST"
_OPERATORS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}
_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "len": len,
    "bool": bool,
    "str": str,
    "any": any,
    "all": all,
}
_METHODS = frozenset({"startswith", "endswith", "split", "lower"})


class _UnknownError(Exception):
    """An expression depends on something else than the process."""


@dataclass(frozen=True, slots=True)
class _Modules:
    """The names in `sys.modules`, of which only the names of test runners are known."""

    runner: str

    def __contains__(self, name: object) -> bool:
        if name not in _IMPORTED:
            raise _UnknownError
        return _IMPORTED[str(name)] == self.runner


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerProcess:
    """The process in which `manage.py test` or pytest loads the settings, with its arguments and environment.

    Without a `runner`, its arguments and modules are not known. `flags` are names that the settings have assigned.
    """

    runner: str = ""
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    flags: dict[str, Any] = field(default_factory=dict)

    def learn(self, node: ast.stmt) -> None:
        """Keep the value of a name that an assignment computes from the process: `TESTING = "test" in sys.argv`."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                known = self._value(value)
                self.flags.pop(name, None)
                if known is not None:
                    self.flags[name] = known

    def truth(self, test: ast.expr) -> bool | None:
        """Return whether a condition holds in the process; None if that is not known."""
        found = self._value(test)
        return None if found is None else bool(found)

    def settle(self, node: ast.stmt) -> ast.stmt:
        """Return a statement with the branch that the process takes in place of each `A if TESTING else B`."""
        ternary = any(isinstance(inner, ast.IfExp) for inner in ast.walk(node))
        return _Settle(self).visit(copy.deepcopy(node)) if ternary else node

    def _uses_flag(self, node: ast.expr) -> bool:
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        return not names.isdisjoint(self.flags)

    def _value(self, node: ast.expr) -> Any:
        is_about_process = asks_process(node) or _mentions_test(node) or self._uses_flag(node)
        if not (self.runner and is_about_process):
            return None
        try:
            return _Evaluation(self, self.flags).of(node)
        except (_UnknownError, TypeError, LookupError, ValueError, AttributeError):
            return None


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """Evaluates expressions, with the values of some names. Raises _UnknownError for any unknown part."""

    process: RunnerProcess
    names: Mapping[str, Any]

    def of(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name) if name in self.names:
                return self.names[name]
            case ast.Attribute() | ast.Subscript():
                return self._part(node)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return [self.of(item) for item in items]
            case ast.Call():
                return self._call(node)
        return self._operation(node)

    def _part(self, node: ast.Attribute | ast.Subscript) -> Any:
        if isinstance(node, ast.Subscript):
            return self.of(node.value)[self._key(node.slice)]
        match ast.unparse(node):
            case "sys.argv":
                django = self.process.runner == "django"
                started = ("manage.py", "test") if django else (self.process.runner,)
                return [*started, *self.process.arguments]
            case "sys.modules":
                return _Modules(self.process.runner)
        raise _UnknownError

    def _operation(self, node: ast.expr) -> Any:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.of(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.of(operand)
            case ast.BoolOp(op=op, values=values):
                return self._junction(values, stops=isinstance(op, ast.Or))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._comparison(left, op, right)
        raise _UnknownError

    def _junction(self, values: list[ast.expr], *, stops: bool) -> bool:
        """Return the result of `or`, which `stops` at a true part, or of `and`; a known part may decide alone."""
        unknown = False
        for value in values:
            try:
                if bool(self.of(value)) is stops:
                    return stops
            except _UnknownError:
                unknown = True
        if unknown:
            raise _UnknownError
        return not stops

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool:
        if ast.unparse(right) == "os.environ" and self.of(left) == _NOT_YET_SET:
            return isinstance(op, ast.NotIn)
        if type(op) not in _OPERATORS:
            raise _UnknownError
        return _OPERATORS[type(op)](self.of(left), self.of(right))

    def _key(self, key: ast.expr) -> Any:
        if not isinstance(key, ast.Slice):
            return self.of(key)
        return slice(*(bound and self.of(bound) for bound in (key.lower, key.upper, key.step)))

    def _call(self, node: ast.Call) -> Any:
        match ast.unparse(node.func), node.args:
            case ("len" | "bool" | "str" as name, [argument]):
                return _FUNCTIONS[name](self.of(argument))
            case ("any" | "all" as name, [argument]):
                return _FUNCTIONS[name](self._items(argument))
            case ("os.environ.get" | "os.getenv", [name, *default]) if (
                self.of(name) == _NOT_YET_SET
            ):
                return self.of(default[0]) if default else ""
            case ("os.path.basename", [path]):
                return str(self.of(path)).rpartition("/")[2]
            case (function, arguments) if function.rpartition(".")[2] in _METHODS:
                return self._method(node, arguments)
        raise _UnknownError

    def _method(self, node: ast.Call, arguments: list[ast.expr]) -> Any:
        """Return the result of a method of a text: `sys.argv[0].endswith("pytest")`."""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        text = self.of(owner)
        if not isinstance(text, str) or not isinstance(node.func, ast.Attribute):
            raise _UnknownError
        given = [self.of(argument) for argument in arguments]
        values = (tuple(value) if isinstance(value, list) else value for value in given)
        return getattr(text, node.func.attr)(*values)

    def _items(self, node: ast.expr) -> Iterator[Any]:
        """Yield the items of `"pytest" in word for word in sys.argv`."""
        match node:
            case (ast.GeneratorExp() | ast.ListComp()) as each:
                match each.generators:
                    case [ast.comprehension(target=ast.Name(id=name), iter=iterable, ifs=[])]:
                        for item in self.of(iterable):
                            inner = _Evaluation(self.process, {**self.names, name: item})
                            yield inner.of(each.elt)
                        return
                raise _UnknownError
        yield from self.of(node)


def asks_process(node: ast.AST) -> bool:
    """Return whether code looks at the arguments of its process, or whether pytest has been imported."""
    return any(map(_asks, ast.walk(node)))


def _asks(node: ast.AST) -> bool:
    match node:
        case ast.Attribute():
            return ast.unparse(node) == "sys.argv"
        case ast.Compare(left=ast.Constant(value=name), comparators=[modules]):
            return name in _IMPORTED and ast.unparse(modules) == "sys.modules"
    return False


def _mentions_test(node: ast.AST) -> bool:
    return any(
        isinstance(inner, ast.Constant) and inner.value == _NOT_YET_SET for inner in ast.walk(node)
    )


class _Settle(ast.NodeTransformer):
    def __init__(self, process: RunnerProcess) -> None:
        self.process = process

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:  # the protocol of ast
        truth = self.process.truth(node.test)
        return (
            self.generic_visit(node)
            if truth is None
            else self.visit(node.body if truth else node.orelse)
        )
