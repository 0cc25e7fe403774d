"""The defaults of environment variables that the settings declare apart from the reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from heroci_action.detection.sources.environment_reads import GETTERS, plain, text_of
from heroci_action.detection.sources.settings_includes import last_name

# `Env`, `OwnEnv`, `SmartEnv2`
_ENV_CLASS = re.compile(r"\w*Env\d*")


def declared_defaults(
    nodes: Iterable[ast.AST], functions: Mapping[str, ast.FunctionDef]
) -> dict[str, str | None]:
    """Return the defaults in `environ.Env(DEBUG=(bool, False))`, and None for names that only helpers read.

    The helpers are functions of the project with their own default. The scheme may be a dictionary: `Env(**SCHEME)`.
    """
    inner = [each for node in nodes for each in ast.walk(node)]
    calls = [node for node in inner if isinstance(node, ast.Call)]
    tables = dict(filter(None, map(_named_table, inner)))
    helpers = {name for name, node in functions.items() if _has_own_default(node)}
    found: dict[str, str | None] = {}
    for call in calls:
        if _ENV_CLASS.fullmatch(last_name(call.func) or ""):
            found |= dict(_scheme(call.keywords, tables))
        elif getattr(call.func, "id", "") in helpers and (name := _name_of(call)):
            found.setdefault(name, None)
    return found


def _name_of(call: ast.Call) -> str | None:
    """Return the first argument of a helper, which names the variable."""
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "name")]
    return text_of(given[0]) if given else None


def _named_table(node: ast.AST) -> tuple[str, ast.Dict] | None:
    """Return the name and the value of an assignment of a dictionary."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as value) | ast.AnnAssign(
            target=ast.Name(id=name), value=ast.Dict() as value
        ):
            return name, value
    return None


def _scheme(
    keywords: Iterable[ast.keyword], tables: Mapping[str, ast.Dict]
) -> Iterator[tuple[str, str | None]]:
    """Yield the names and defaults of a scheme of django-environ."""
    for keyword in keywords:
        match keyword:
            case ast.keyword(arg=str(name), value=value):
                yield from _entry(name, value)
            case ast.keyword(value=table):
                for name, value in _unpacked(table, tables):
                    yield from _entry(name, value)


def _unpacked(node: ast.expr, tables: Mapping[str, ast.Dict]) -> Iterator[tuple[str, ast.expr]]:
    """Yield the items of a dictionary that others may be merged into: `{**REQUIRED, **OPTIONAL}`."""
    match node:
        case ast.Name(id=name) if name in tables:
            # A table may unpack itself.
            others = {key: table for key, table in tables.items() if key != name}
            yield from _unpacked(tables[name], others)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                yield from (
                    _unpacked(value, tables) if key is None else [(text_of(key) or "", value)]
                )
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            yield from _unpacked(left, tables)
            yield from _unpacked(right, tables)


def _entry(name: str, value: ast.expr) -> Iterator[tuple[str, str | None]]:
    """Yield the name and the default of a variable, None if it is not a constant."""
    match value:
        case ast.Tuple(elts=[_, *rest]):
            yield name, plain(rest[0]) if rest else None


def _has_own_default(function: ast.FunctionDef) -> bool:
    """Return whether a helper function has a value for variables that are not set: `def get(name, default="")`."""
    positional = [*function.args.posonlyargs, *function.args.args]
    by_place = positional[len(positional) - len(function.args.defaults) :]
    pairs = [
        *zip(by_place, function.args.defaults, strict=True),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    given = [value for argument, value in pairs if argument.arg == "default" and value is not None]
    empty = any(isinstance(value, ast.Constant) and value.value is None for value in given)
    return any(plain(value) is not None for value in given) or (empty and _only_gets(function))


def _only_gets(function: ast.FunctionDef) -> bool:
    """Return whether a function is `return os.environ.get(name, default)`, so that it returns None without a value."""
    raises = any(isinstance(node, ast.Raise) for node in ast.walk(function))
    match function.body[-1]:
        case ast.Return(value=ast.Call(func=called, args=[_, ast.Name(id="default")])):
            return not raises and ast.unparse(called) in GETTERS
    return False
