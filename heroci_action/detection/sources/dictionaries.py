"""Follow the expressions from which settings build a dictionary, without executing them."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from heroci_action.detection.sources.assigned_names import attribute_of_module
from heroci_action.detection.sources.environment_reads import read_of, text_of
from heroci_action.detection.sources.source import SettingsSource

_MAX_DEPTH = 12
_MAX_STEPS = 2_000  # settings that refer to themselves over and over
_MAX_SUBSTITUTIONS = 200
Entries = Mapping[str, ast.expr]


@dataclass(frozen=True)
class Resolver:
    """Resolve names, calls of the project's functions, unpacking and `dict(…)`.

    `value_of` is the value of an environment variable, used if it selects one of several items; such variables
    are in `selected`.
    """

    source: SettingsSource
    value_of: Callable[[str], str | None]
    selected: dict[str, str] = field(default_factory=dict)
    _steps: Iterator[int] = field(default_factory=lambda: iter(range(_MAX_STEPS)), repr=False)

    def resolve(self, node: ast.expr | None, depth: int = _MAX_DEPTH) -> ast.expr | None:
        """Return the expression that a name, a call or a condition leads to."""
        for _ in range(depth):
            following = self._follow(node)
            if following is None or following is node:
                return node
            node = following
        return node

    def entries(self, node: ast.expr | None, depth: int = _MAX_DEPTH) -> Entries | None:
        """Return the items of a dictionary by key; None if the expression is not one."""
        if depth == 0 or next(self._steps, None) is None:
            return None
        name = node.id if isinstance(node, ast.Name) else attribute_of_module(node)
        found = self._entries(self.resolve(node), depth - 1)
        if found is None or name is None:
            return found
        return {**found, **self._changes(name)}

    def unpacked(self, node: ast.expr | None, depth: int = _MAX_DEPTH) -> Iterator[ast.expr]:
        """Yield the values that a dictionary unpacks or is merged from, if they are no dictionaries in the code."""
        parts: list[ast.expr] = []
        match self.resolve(node):
            case ast.Dict(keys=keys, values=values):
                parts = [value for key, value in zip(keys, values, strict=True) if key is None]
            case ast.Call(func=ast.Name(id="dict"), args=args, keywords=keywords):
                parts = [*args, *(keyword.value for keyword in keywords if keyword.arg is None)]
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                parts = [left, right]
            case found if found is not None:
                yield found
        for part in parts if depth else ():
            yield from self.unpacked(part, depth - 1)

    def _changes(self, name: str) -> Entries:
        """Return the items that are set later: `NAME["KEY"] = …`, `NAME.update(…)`."""
        found: dict[str, ast.expr] = {}
        for statement in self.source.assigned(name):
            node = statement.node
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            if isinstance(node, ast.Assign) and isinstance(target, ast.Subscript):
                key = text_of(target.slice)
                if key and isinstance(target.value, ast.Name):
                    found[key] = node.value
            elif isinstance(node, ast.Expr) and not statement.conditional:
                found |= self._updates(node.value)
        return found

    def _updates(self, call: ast.expr) -> Entries:
        match call:
            case ast.Call(func=ast.Attribute(attr="update", value=ast.Name() | ast.Attribute())):
                return self._call(call, _MAX_DEPTH // 2)
        return {}

    def _entries(self, node: ast.expr | None, depth: int) -> Entries | None:
        match node:
            case ast.Dict():
                return self._display(node, depth)
            case ast.Call(func=ast.Name(id="dict")):
                return self._call(node, depth)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                one, other = self.entries(left, depth), self.entries(right, depth)
                return None if one is None and other is None else {**(one or {}), **(other or {})}
            case ast.DictComp(generators=[ast.comprehension(ifs=[])]):
                return self._comprehended(node)
        return None

    def _comprehended(self, node: ast.DictComp) -> Entries | None:
        """Return the items of `{key: … for key in ("HOST", "PORT")}`, also of a dictionary's keys and values."""
        (loop,) = node.generators
        rows = self._rows(loop.iter)
        found: dict[str, ast.expr] = {}
        for row in rows or ():
            values = _bound(loop.target, row)
            key, value = (_substituted(part, values) for part in (node.key, node.value))
            if name := self.source.plain(key):
                found[name] = value
        return found if rows is not None else None

    def _rows(self, node: ast.expr) -> list[ast.expr] | None:
        """Return the values of a loop; None if they are not in the code."""
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="items"), args=[]):
                entries = self.entries(owner)
                pairs = (entries or {}).items()
                rows: list[ast.expr] = [ast.Tuple([ast.Constant(key), text]) for key, text in pairs]
                return None if entries is None else rows
        match self.resolve(node):
            case ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
                return values
        return None

    def _display(self, node: ast.Dict, depth: int) -> Entries:
        found: dict[str, ast.expr] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                found |= self.entries(value, depth) or {}
            elif name := self.source.plain(key):
                found[name] = value
        return found

    def _call(self, node: ast.Call, depth: int) -> Entries:
        found: dict[str, ast.expr] = {}
        for argument in node.args:
            found |= self.entries(argument, depth) or {}
        for keyword in node.keywords:
            if keyword.arg is None:
                found |= self.entries(keyword.value, depth) or {}
            else:
                found[keyword.arg] = keyword.value
        return found

    def _follow(self, node: ast.expr | None) -> ast.expr | None:
        match node:
            case ast.Name(id=name):
                return self.source.names.get(name)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return orelse if self._is_unequal(test) else body
            case ast.Subscript(value=value, slice=key):
                return self._item(value, key)
            case ast.Call() if (found := _copied(node) or self._result(node)) is not None:
                return found
        return self.source.names.get(attribute_of_module(node) or "")

    def _is_unequal(self, test: ast.expr) -> bool:
        """Return whether a condition fails because a variable, set or by default, has another value."""
        match test:
            case ast.Compare(
                left=left, ops=[ast.Eq()], comparators=[ast.Constant(value=str(text))]
            ):
                read = read_of(left)
                value = (self.value_of(read.name) or read.default) if read else None
                return value is not None and value != text
        return False

    def _item(self, value: ast.expr, key: ast.expr) -> ast.expr | None:
        entries = self.entries(value)
        name = self.source.plain(key)
        if name is None:
            name = self._selection(key)
        return entries.get(name) if entries is not None and name is not None else None

    def _selection(self, key: ast.expr) -> str | None:
        """Return the value of the variable that a key is read from."""
        read = next(iter(self.source.reads_in(key)), None)
        if read is None:
            return None
        if given := self.value_of(read.name):
            self.selected[read.name] = given
        return given or read.default

    def _result(self, call: ast.Call) -> ast.expr | None:
        """Return the result of a function of the project, with the arguments in place of its parameters."""
        name = call.func.attr if isinstance(call.func, ast.Attribute) else None
        name = call.func.id if isinstance(call.func, ast.Name) else name
        function = self.source.functions.get(name or "")
        # A call such as `get_env("NAME")` is a read of the environment, even if the project defines the function.
        if function is None or read_of(call) is not None:
            return None
        returned = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
        if not returned or returned[-1].value is None:
            return None
        local = {**_arguments(function, call), **_locals(function)}
        return _substituted(returned[-1].value, local)


def _copied(call: ast.Call) -> ast.expr | None:
    """Return what `copy(x)`, `deepcopy(x)`, `copy.deepcopy(x)` and `x.copy()` copy."""
    match call:
        case ast.Call(func=ast.Attribute(attr="copy" | "deepcopy"), args=[argument]):
            return argument
        case ast.Call(func=ast.Name(id="copy" | "deepcopy"), args=[argument]):
            return argument
        case ast.Call(func=ast.Attribute(value=value, attr="copy"), args=[]):
            return value
    return None


def _arguments(function: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr]:
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    found: dict[str, ast.expr] = dict(
        zip(names[len(names) - len(given.defaults) :], given.defaults, strict=True)
    )
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if default is not None:
            found[argument.arg] = default
    found |= dict(zip(names, call.args, strict=False))
    return found | {word.arg: word.value for word in call.keywords if word.arg}


def _locals(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Return the variables of a function; later changes of a dictionary are merged into it."""
    found: dict[str, ast.expr] = {}
    statements = (node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.Expr))
    for node in sorted(statements, key=lambda node: node.lineno):
        match node:
            case ast.Assign(targets=[ast.Name(id=name), *_], value=value):
                found[name] = value
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name), slice=key), *_]):
                _merge(found, name, ast.Dict(keys=[key], values=[node.value]))
            case ast.Expr(value=ast.Call(func=ast.Attribute(ast.Name(id=name), "update")) as call):
                _merge(found, name, ast.Call(ast.Name("dict"), call.args, call.keywords))
    return found


def _merge(found: dict[str, ast.expr], name: str, change: ast.expr) -> None:
    if name in found:
        found[name] = ast.BinOp(found[name], ast.BitOr(), change)


def _bound(target: ast.expr, value: ast.expr) -> dict[str, ast.expr]:
    """Return the names that a loop assigns a value, or its items, to."""
    match target, value:
        case ast.Name(id=name), _:
            return {name: value}
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) | ast.List(elts=values):
            pairs = zip(targets, values, strict=False)
            return {target.id: item for target, item in pairs if isinstance(target, ast.Name)}
    return {}


def _substituted(node: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    substitute = _Substitute(values, iter(range(_MAX_SUBSTITUTIONS)))
    return substitute.visit(copy.deepcopy(node))  # type: ignore[no-any-return]


class _Substitute(ast.NodeTransformer):
    """Replace the names of a function's parameters and variables by their values."""

    def __init__(self, values: Mapping[str, ast.expr], budget: Iterator[int]) -> None:
        self.values = values
        self.budget = budget

    def visit_Name(self, node: ast.Name) -> ast.expr:  # the protocol of ast
        value = self.values.get(node.id)
        if value is None or next(self.budget, None) is None:
            return node
        others = {name: inner for name, inner in self.values.items() if name != node.id}
        inner = _Substitute(others, self.budget)
        return inner.visit(copy.deepcopy(value))  # type: ignore[no-any-return]
