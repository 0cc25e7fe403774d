"""Expand calls of Invoke and Fabric into the commands of their tasks. The file of the tasks is read, not imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.task_runners.invoke_tasks import Module, Task, read_tasks
from heroci_action.detection.ci.task_runners.python_values import Values
from heroci_action.repository.files import RepositoryFiles, ancestors, join

MAX_DEPTH = 8  # tasks that call each other
FILES_OF_TASKS: Mapping[str, tuple[str, ...]] = {
    "inv": ("tasks.py", "tasks/__init__.py"),
    "invoke": ("tasks.py", "tasks/__init__.py"),
    "fab": ("fabfile.py", "fabfile/__init__.py"),
}
_RUNNING = frozenset({"run", "local", "sudo"})


def expand_invoke(command: Command, tree: RepositoryFiles) -> tuple[Script, ...] | None:
    """Return the commands of the tasks; None if there is no file with such tasks."""
    if command.directory.startswith("/"):
        return None
    places = ancestors(command.directory)
    path = tree.first(
        *(join(p, name) for p in places for name in FILES_OF_TASKS[command.call.name])
    )
    if path is None or tree.python(path) is None:
        return None
    directory = path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[0] or "."
    start = Script(text="", source=path, directory=directory, env=command.env)
    return tuple(_called(read_tasks(path, tree), command.call.arguments, start)) or None


def _called(tasks: Mapping[str, Task], words: tuple[str, ...], start: Script) -> Iterator[Script]:
    """Yield the commands of the tasks in a call, each with the options that follow its name."""
    calls: list[tuple[Task, list[str]]] = []
    for word in words:
        task = tasks.get(word.replace("-", "_"))
        if task is not None:
            calls.append((task, []))
        elif calls:
            calls[-1][1].append(word)
    for task, options in calls:
        yield from _run(task, _given(task.function, options), start, 0)


def _run(task: Task, given: Mapping[str, Any], start: Script, depth: int) -> Iterator[Script]:
    """Yield the commands of a task, after the commands of the tasks before it."""
    if depth > MAX_DEPTH:
        return
    for name in task.before:
        if before := task.module.tasks.get(name):
            yield from _run(before, {}, start, depth + 1)
    values = Values({**task.module.constants, **_defaults(task.function), **given})
    yield from _Body(task.module, depth).commands(task.function.body, values, start)


class _Body:
    """Reads the statements of the functions of a module."""

    def __init__(self, module: Module, depth: int) -> None:
        self.tasks = module.tasks
        self.depth = depth

    def commands(self, body: Iterable[ast.stmt], values: Values, start: Script) -> Iterator[Script]:
        """Yield the commands of statements."""
        for node in body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values = replace(values, names={**values.names, name: values.of(value)})
                    yield from self._calls(value, values, start)
                case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                    added = ast.BinOp(left=ast.Name(id=name), op=ast.Add(), right=value)
                    values = replace(values, names={**values.names, name: values.of(added)})
                case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                    yield from self._calls(value, values, start)
                case ast.With():
                    yield from self.commands(node.body, values, _entered(node, values, start))
                case ast.For():
                    yield from self._for(node, values, start)
                case ast.If():
                    yield from self._if(node, values, start)
                case ast.Try():
                    yield from self.commands(node.body, values, start)

    def _for(self, node: ast.For, values: Values, start: Script) -> Iterator[Script]:
        """Yield the commands for each item of a known list, else once with an unknown one."""
        listed = values.of(node.iter)
        names = {part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)}
        for item in listed if isinstance(listed, list) and len(names) == 1 else [UNKNOWN]:
            inside = replace(values, names={**values.names, **dict.fromkeys(names, item)})
            yield from self.commands(node.body, inside, start)

    def _if(self, node: ast.If, values: Values, start: Script) -> Iterator[Script]:
        test = values.of(node.test)
        if isinstance(test, bool | list) or test == "":
            yield from self.commands(node.body if test else node.orelse, values, start)
        else:
            text = ast.unparse(node.test)
            for condition, body in ((text, node.body), (f"not {text}", node.orelse)):
                yield from self.commands(body, values, start.under(condition))

    def _calls(self, node: ast.expr, values: Values, start: Script) -> Iterator[Script]:
        match node:
            case ast.Attribute(value=inner):
                yield from self._calls(inner, values, start)
            case ast.Call(func=ast.Name(id=name)) if name in self.tasks and name not in _RUNNING:
                given = {word.arg: values.of(word.value) for word in node.keywords if word.arg}
                called = replace(self.tasks[name], before=())
                yield from _run(called, given, start, self.depth + 1)
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[line, *_]):
                if name in _RUNNING:
                    env: Any = next(
                        (values.of(w.value) for w in node.keywords if w.arg == "env"), {}
                    )
                    yield _script(values.of(line), env, start)


def _script(line: Any, env: Any, start: Script) -> Script:
    own = env if isinstance(env, dict) else {}
    known = {name: text for name, text in own.items() if UNKNOWN not in f"{name}{text}"}
    text = " ".join(map(str, line)) if isinstance(line, list) else str(line)
    return replace(start, text=text, env={**start.env, **known})


def _entered(node: ast.With, values: Values, start: Script) -> Script:
    """Return the start of the commands in `with c.cd("web"):`."""
    for item in node.items:
        match item.context_expr:
            case ast.Call(func=ast.Attribute(attr="cd" | "lcd"), args=[place]):
                start = replace(start, directory=join(start.directory, str(values.of(place))))
    return start


def _defaults(function: ast.FunctionDef) -> dict[str, Any]:
    """Return the defaults of the parameters; None is empty."""
    arguments = function.args
    named = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    pairs = zip(named, arguments.defaults, strict=True)
    return {
        name.arg: "" if ast.unparse(value) == "None" else Values({}).of(value)
        for name, value in pairs
    }


def _given(function: ast.FunctionDef, options: list[str]) -> dict[str, Any]:
    """Return the parameters that options set: `--fast`, `--no-fast`, `--apps=shop`, `--apps shop`."""
    defaults = _defaults(function)
    found: dict[str, Any] = {}
    pending = ""
    for word in options:
        name, sign, value = word.partition("=")
        key = name.lstrip("-").replace("-", "_")
        if not word.startswith("-"):
            found[pending] = word
        elif sign:
            found[key] = value
        elif key.startswith("no_") and key not in defaults:
            found[key.removeprefix("no_")] = False
        else:
            found[key] = True
        pending = key
    return found
