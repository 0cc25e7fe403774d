"""Expand a Python script of the repository that starts the tests as another process. Nothing is executed."""

from __future__ import annotations

import ast
import copy
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.task_runners.python_values import Values
from heroci_action.detection.ci.test_runs import program_file
from heroci_action.repository.files import RepositoryFiles

# Functions that start a process, and the place of its command among their arguments.
_STARTING = {
    **dict.fromkeys(("run", "call", "check_call", "check_output", "Popen", "system", "popen"), 0),
    **dict.fromkeys(("execv", "execvp", "execve", "execvpe"), 1),
}
_MODULES = frozenset({"subprocess", "os", "sp"})
_ARGUMENTS = re.compile(r"sys\.argv\[([1-9])(:?)\]")
# A line that runs tests; a script without one is a program like any other.
_TESTS = re.compile(r"\bpy\.?test\b|(manage\.py|django-admin|-m'? '?django)\b.*\btest\b")


def expand_python_script(command: Command, tree: RepositoryFiles) -> tuple[Script, ...] | None:
    """Return the commands that a script starts; None if none of them runs tests."""
    path = program_file(command, tree)
    text = tree.text(path) if path and path.endswith(".py") else ""
    if not re.search(r"\bsubprocess\b|\bos\.(system|exec)", text):
        return None
    start = Script(text="", source=str(path), directory=command.directory, env=command.env)
    module = copy.deepcopy(tree.python(str(path)))
    reader = _Reader(module, command.call.arguments, start)
    scripts = tuple(reader.scripts())
    return scripts if any(_TESTS.search(script.text) for script in scripts) else None


@dataclass
class _Reader:
    """Reads the calls of a module, in the order of the code, with the `arguments` of the script."""

    module: ast.Module
    arguments: tuple[str, ...]
    start: Script
    names: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    wrappers: frozenset[str] = frozenset()
    entered: set[tuple[str, bool]] = field(default_factory=set)  # functions, and whether perhaps

    def scripts(self) -> Iterator[Script]:
        """Yield the commands of the module, those of a function where it is called; others may not run."""
        nodes = [_Known(self.arguments).visit(node) for node in self.module.body]
        functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
        self.functions = {node.name: node for node in functions}
        self.wrappers = frozenset(node.name for node in functions if self._is_wrapper(node))
        yield from self._body(nodes, frozenset())
        known = {name for name, _ in self.entered}
        for name in self.functions.keys() - known - self.wrappers:
            yield from self._function(name, frozenset({name}).difference(self.arguments))

    def _function(self, name: str, conditions: frozenset[str]) -> Iterator[Script]:
        """Yield the commands of a function, unless it calls itself or they are known."""
        function = self.functions.get(name)
        if function and (name, bool(conditions)) not in self.entered:
            self.entered.add((name, bool(conditions)))
            yield from self._body(function.body, conditions)

    def _is_wrapper(self, function: ast.FunctionDef) -> bool:
        """Return whether a function starts the command that is its first parameter."""
        first = next((argument.arg for argument in function.args.args), None)
        calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
        started = map(self._command, calls)
        return any(isinstance(node, ast.Name) and node.id == first for node in started)

    def _body(self, body: list[ast.stmt], conditions: frozenset[str]) -> Iterator[Script]:
        for node in body:
            match node:
                case ast.If(test=test):
                    holds, text = self._holds(test), ast.unparse(test)
                    branches = ((True, node.body, text), (False, node.orelse, f"not {text}"))
                    for taken, statements, condition in branches:
                        if holds in {taken, None}:
                            unknown = {condition} if holds is None else set()
                            yield from self._body(statements, conditions | unknown)
                case ast.For() | ast.While() | ast.With() | ast.Try():
                    yield from self._body(node.body, conditions)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.names[name] = self._value(value)
                    yield from self._calls(value, conditions)
                case ast.FunctionDef() | ast.ClassDef():
                    pass
                case _:
                    self._extend(node)
                    yield from self._calls(node, conditions)

    def _holds(self, test: ast.expr) -> bool | None:
        """Return whether a condition holds: `__name__ == "__main__"`, `mode == "unit"` with the arguments `unit`."""
        match test:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant(str(text))]):
                if ast.unparse(left) == "__name__":
                    return True
                return text in self.arguments if self.arguments else None
            case ast.Compare(
                left=left, ops=[ast.In() | ast.NotIn() as relation], comparators=[table]
            ):
                value, entries = self._value(left), self._value(table)
                known = isinstance(entries, list) and value != UNKNOWN
                return (value in entries) == isinstance(relation, ast.In) if known else None
            case ast.Name():
                value = self._value(test)
                return bool(value) if isinstance(value, list | bool) else None
        return None

    def _extend(self, node: ast.stmt) -> None:
        """Follow `words += […]`, `words.append(…)` and `words.extend([…])`."""
        match node:
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                added = self._value(value)
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(id=name), "append" | "extend"), [value])):
                found = self._value(value)
                added = found if isinstance(found, list) else [found]
            case _:
                return
        known = self.names.get(name)
        if isinstance(known, list) and isinstance(added, list):
            self.names[name] = [*known, *added]

    def _calls(self, node: ast.AST, conditions: frozenset[str]) -> Iterator[Script]:
        for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id not in self.wrappers:
                yield from self._function(call.func.id, conditions)
            given = self._command(call)
            value = self._value(given) if given is not None else None
            text = shlex.join(map(str, value)) if isinstance(value, list) else value
            if isinstance(text, str) and text != UNKNOWN:
                yield replace(self.start, text=text, conditions=conditions)

    def _command(self, call: ast.Call) -> ast.expr | None:
        """Return the expression of the command that a call starts; None if it starts none."""
        match call.func:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in _MODULES:
                place = _STARTING.get(name)
            case ast.Name(id=name) if name in self.wrappers:
                place = 0
            case ast.Name(id="Popen" | "check_call" | "check_output" | "system" as name):
                place = _STARTING[name]
            case _:
                return None
        return None if place is None else next(iter(call.args[place:]), None)

    def _value(self, node: ast.expr) -> Any:
        values = Values(self.names)
        match node:
            # The command of a table: `COMMANDS[name]`, `COMMANDS.get(name)`.
            case ast.Subscript(value=table) | ast.Call(func=ast.Attribute(table, "get")):
                entries = values.of(table)
                found = [
                    each for each in self.arguments if isinstance(entries, dict) and each in entries
                ]
                return entries[found[0]] if found else UNKNOWN
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="shlex"), attr="split"), args=[text]
            ):
                return values.of(text)
            case ast.Call(func=ast.Attribute(value=text, attr="split"), args=[]):
                return values.of(text)
        return values.of(node)


class _Known(ast.NodeTransformer):
    """Replace the known attributes of the interpreter: `sys.executable`, `sys.argv[1]` and `sys.argv[1:]`."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        self.arguments = arguments

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # the protocol of ast
        if ast.unparse(node) == "sys.executable":
            return ast.copy_location(ast.Constant("python"), node)
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:  # the protocol of ast
        match = _ARGUMENTS.fullmatch(ast.unparse(node))
        if match is None:
            return self.generic_visit(node)
        words: list[ast.expr] = [ast.Constant(word) for word in self.arguments[int(match[1]) - 1 :]]
        if match[2]:
            return ast.copy_location(ast.List(elts=words, ctx=ast.Load()), node)
        return ast.copy_location(words[0], node) if words else node
