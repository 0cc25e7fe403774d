"""The .env files that code reads, perhaps by a name from the environment: `env.read_env(f"env/{name}")`."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from heroci_action.detection.sources.environment_reads import COMPUTED, Read, read_of, reads
from heroci_action.detection.sources.settings_includes import last_name
from heroci_action.repository.files import RepositoryFiles, ancestors, join, parent

_READERS = ("read_env", "load_dotenv", "dotenv_values")
_JOINS = frozenset({"join", "joinpath"})
# Options with which the file counts before the environment.
_OVERRIDING = frozenset({"override", "overwrite"})
# Calls that return the path that they get.
_SAME = frozenset({"str", "Path", "abspath", "realpath", "find_dotenv"})
# Calls that only ask whether a file is there.
_LOOKING = frozenset({"exists", "isfile", "is_file"})
_DEPTH = 8


def find_env_files(tree: RepositoryFiles, place: str, env: Mapping[str, str]) -> Iterator[str]:
    """Yield the files that the code below `place` reads by the value of a variable, in the order of reading."""
    for file, call in _reading_calls(tree, place):
        paths = _Paths.of(tree.python(file), env)
        found = paths.texts(call.args[0])
        if found != replace(paths, env=None).texts(call.args[0]):
            yield from filter(None, (_locate(tree, file, text) for text in found))


def find_fixed_files(tree: RepositoryFiles, place: str) -> Iterator[tuple[str, str]]:
    """Yield the files that modules below `place` always read if they exist, each with the module.

    `read_env(os.path.join(BASE, "..", "env", ".env"))`; variables of the environment count before those of the file.
    """
    for file, call in _reading_calls(tree, place, always=True):
        if _OVERRIDING.isdisjoint(str(each.arg) for each in call.keywords):
            texts = _Paths.of(tree.python(file), {}).texts(call.args[0])
            found = filter(None, (_locate(tree, file, text) for text in texts))
            yield from ((path, file) for path in found)


def _reading_calls(
    tree: RepositoryFiles, place: str, *, always: bool = False
) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls below `place` that read files, perhaps only those that `always` do, each after its module."""
    for file in tree.python_with(*_READERS):
        if place not in ancestors(parent(file)):
            continue
        module = tree.python(file)
        # The functions of manage.py run, too.
        imported = always and file.rpartition("/")[2] != "manage.py"
        for call in _imported(module.body) if imported else ast.walk(module):
            if isinstance(call, ast.Call) and last_name(call.func) in _READERS and call.args:
                yield file, call


def _imported(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes that importing a module reaches; `if path.exists():` is no condition here."""
    for statement in statements:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                continue
            case ast.If(test=test, body=body):
                calls = (each for each in ast.walk(test) if isinstance(each, ast.Call))
                if any(last_name(each.func) in _LOOKING for each in calls):
                    yield from _imported(body)
            case _:
                yield from ast.walk(statement)


def _locate(tree: RepositoryFiles, file: str, text: str) -> str | None:
    """Return the file whose path ends as the known end of a text; the one next to the module counts first."""
    end = text.rpartition(COMPUTED)[2].removeprefix("/").removeprefix("../")
    if not end:
        return None
    if tree.has(beside := join(parent(file), end)):
        return beside
    found = [path for path in tree.files if f"/{path}".endswith(f"/{end}")]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paths:
    """The values of expressions in a module; without `env`, those of variables are unknown."""

    env: Mapping[str, str] | None
    assigned: dict[str, ast.expr] = field(default_factory=dict)
    listed: dict[str, ast.expr] = field(default_factory=dict)

    @classmethod
    def of(cls, module: ast.Module, env: Mapping[str, str]) -> _Paths:
        """Read the assignments and the loops of a module."""
        found = cls(env=env)
        for node in ast.walk(module):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found.assigned[name] = value
                case ast.For(target=ast.Name(id=name), iter=items):
                    found.listed[name] = items
        return found

    def texts(self, node: ast.expr, depth: int = _DEPTH) -> list[str]:
        """Return the texts that an expression may be, with `…` for unknown parts."""
        if read := read_of(node):
            return [self._value(read)]
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.Name(id=name) if name in self.listed:
                return self._items(self.listed[name])
        separator, parts = self._parts(node) if depth else ("", [])
        texts = (self.texts(part, depth - 1) for part in parts)
        joined = (separator.join(each) for each in itertools.product(*texts))
        return list(joined) if parts else [COMPUTED]

    def _parts(self, node: ast.expr) -> tuple[str, list[ast.expr]]:
        """Return the parts of which an expression makes a path, and the separator; none of any other expression."""
        separator, parts = "", list[ast.expr]()
        match node:
            case ast.JoinedStr(values=values):
                parts = values
            case ast.BinOp(left=left, op=ast.Add() | ast.Div() as sign, right=right):
                separator, parts = "/" if isinstance(sign, ast.Div) else "", [left, right]
            case ast.Call(func=function, args=values) if last_name(function) in _JOINS:
                separator, parts = "/", values
            case ast.FormattedValue(value=value):
                parts = [value]
            case ast.Call(func=function, args=[value]) if last_name(function) in _SAME:
                parts = [value]
            case ast.Name(id=name) if name in self.assigned:
                parts = [self.assigned[name]]
        return separator, parts

    def _items(self, node: ast.expr) -> list[str]:
        """Return the items of a list in a variable, as in `env.list("ENV_FILES")`."""
        read = next(reads(node), None)
        return [item.strip() for item in (self._value(read) if read else COMPUTED).split(",")]

    def _value(self, read: Read) -> str:
        text = None if self.env is None else self.env.get(read.name, read.default)
        return COMPUTED if text is None else text
