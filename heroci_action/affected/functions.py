"""The functions of a Python module, and which of them differ between two versions of it; pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """The body of a function: its lines, its syntax tree as text, and whether a decorator may keep its results."""

    first: int
    last: int
    body: str
    keeps_results: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module as functions by their qualified names, and `rest`: everything that runs when it is imported.

    Nested functions are part of the outer one. Comments and blank lines count for neither.
    """

    functions: Mapping[str, Function]
    rest: str


def parse_module(source: str) -> Module | None:
    """Return the parts of a module; None if this Python cannot parse it."""
    try:
        tree = ast.parse(source)
        found = {name: _describe(node) for name, node in _numbered(_functions(tree.body))}
        for node in list(_all_functions(tree.body)):
            # A generator runs its body later than a function does.
            kind = "generator" if _is_generator(node) else "function"
            node.body = [ast.Expr(ast.Constant(kind))]
        return Module(functions=found, rest=ast.dump(tree))
    except (SyntaxError, ValueError, RecursionError):
        return None


def changed_functions(old: str, new: str) -> frozenset[str] | None:
    """Return the functions whose bodies differ; None if anything else does, which no single test is known to use."""
    before, after = parse_module(old), parse_module(new)
    if before is None or after is None or before.rest != after.rest:
        return None
    return frozenset(
        name
        for name, function in before.functions.items()
        if function.body != after.functions[name].body
    )


def _functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, _Function]]:
    """Yield the outermost functions of a block, including methods and functions in conditional blocks."""
    for node in body:
        if isinstance(node, _Function):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.")
        else:
            yield from _functions(_statements(node), prefix)


def _statements(node: ast.AST) -> list[ast.stmt]:
    """Return the statements inside a statement, such as the branches of an `if`."""
    found: list[ast.stmt] = []
    for child in ast.iter_child_nodes(node):
        found += [child] if isinstance(child, ast.stmt) else _statements(child)
    return found


def _all_functions(body: list[ast.stmt]) -> Iterator[_Function]:
    return (node for _, node in _functions(body))


def _numbered(found: Iterator[tuple[str, _Function]]) -> Iterator[tuple[str, _Function]]:
    """Yield unique names: a property and its setter have the same one."""
    seen: dict[str, int] = {}
    for name, node in found:
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name} {seen[name]}"), node


def _describe(node: _Function) -> Function:
    names = (ast.unparse(decorator) for decorator in node.decorator_list)
    return Function(
        first=node.body[0].lineno,
        last=node.end_lineno or node.body[-1].lineno,
        body="\n".join(map(ast.dump, node.body)),
        keeps_results=any("cache" in name or "memo" in name for name in names),
    )


def _is_generator(node: _Function) -> bool:
    return any(isinstance(child, ast.Yield | ast.YieldFrom) for child in ast.walk(node))
