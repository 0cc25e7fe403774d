"""Expand calls of Invoke and Fabric into the commands of their tasks. The file of the tasks is read, not imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.task_runners.python_values import Values
from heroci_action.repository.files import RepositoryFiles, ancestors, join, parent

MAX_DEPTH = 8  # tasks that call each other
FILES_OF_TASKS: Mapping[str, tuple[str, ...]] = {
    "inv": ("tasks.py", "tasks/__init__.py"),
    "invoke": ("tasks.py", "tasks/__init__.py"),
    "fab": ("fabfile.py", "fabfile/__init__.py"),
}
_RUNNING = frozenset({"run", "local", "sudo"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A task: its function, and the names of the tasks that run before it."""

    function: ast.FunctionDef
    before: tuple[str, ...] = ()
    is_task: bool = True


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
    reader = _Reader(start)
    for prefix, part in _modules(path, tree):
        reader.read(prefix, part)
    return tuple(reader.called(command.call.arguments)) or None


def _modules(path: str, tree: RepositoryFiles) -> Iterator[tuple[str, ast.Module]]:
    """Yield the modules of a file or package of tasks, each with the prefix of its tasks: `tests.unit`."""
    beside = tree.matching(r"[^/]+\.py", under=parent(path)) if path.endswith("__init__.py") else ()
    for file in (*(file for file in beside if file != path), path):
        module = tree.python(file)
        name = file.rpartition("/")[2].removesuffix(".py")
        if module is not None:
            yield "" if file == path else f"{name}.", module


class _Reader:
    """Reads the tasks of modules, and the functions that they call."""

    def __init__(self, start: Script) -> None:
        self.start = start
        self.tasks: dict[str, _Task] = {}
        self.constants: dict[str, Any] = {}
        self.names: dict[str, _Task] = {}

    def read(self, prefix: str, module: ast.Module) -> None:
        """Read a module; a prefix is the name of a collection of tasks."""
        for node in module.body:
            match node:
                case ast.FunctionDef():
                    task = self.tasks[node.name] = _task(node)
                    names = _names(task) if task.is_task else ()
                    self.names |= {f"{prefix}{name}": task for name in names}
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.constants[name] = Values(self.constants).of(value)

    def called(self, words: tuple[str, ...]) -> Iterator[Script]:
        """Yield the commands of the tasks in a call, each with the options that follow its name."""
        calls: list[tuple[_Task, list[str]]] = []
        for word in words:
            task = self.names.get(word.replace("-", "_"))
            if task is not None:
                calls.append((task, []))
            elif calls:
                calls[-1][1].append(word)
        for task, options in calls:
            yield from self._run(task, _given(task.function, options), self.start, 0)

    def _run(
        self, task: _Task, given: Mapping[str, Any], start: Script, depth: int
    ) -> Iterator[Script]:
        if depth > MAX_DEPTH:
            return
        for name in task.before:
            if name in self.tasks:
                yield from self._run(self.tasks[name], {}, start, depth + 1)
        values = Values({**self.constants, **_defaults(task.function), **given})
        yield from self._body(task.function.body, values, start, depth)

    def _body(
        self, body: Iterable[ast.stmt], values: Values, start: Script, depth: int
    ) -> Iterator[Script]:
        for node in body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values = replace(values, names={**values.names, name: values.of(value)})
                    yield from self._calls(value, values, start, depth)
                case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                    added = ast.BinOp(left=ast.Name(id=name), op=ast.Add(), right=value)
                    values = replace(values, names={**values.names, name: values.of(added)})
                case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                    yield from self._calls(value, values, start, depth)
                case ast.With():
                    yield from self._body(node.body, values, _entered(node, values, start), depth)
                case ast.If():
                    yield from self._if(node, values, start, depth)
                case ast.Try():
                    yield from self._body(node.body, values, start, depth)

    def _if(self, node: ast.If, values: Values, start: Script, depth: int) -> Iterator[Script]:
        test = values.of(node.test)
        if isinstance(test, bool | list) or test == "":
            yield from self._body(node.body if test else node.orelse, values, start, depth)
        else:
            unsure = replace(start, conditional=True)
            yield from self._body((*node.body, *node.orelse), values, unsure, depth)

    def _calls(self, node: ast.expr, values: Values, start: Script, depth: int) -> Iterator[Script]:
        match node:
            case ast.Attribute(value=inner):
                yield from self._calls(inner, values, start, depth)
            case ast.Call(func=ast.Name(id=name)) if name in self.tasks and name not in _RUNNING:
                function = self.tasks[name].function
                given = {word.arg: values.of(word.value) for word in node.keywords if word.arg}
                inner_run = replace(self.tasks[name], before=(), function=function)
                yield from self._run(inner_run, given, start, depth + 1)
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


def _task(node: ast.FunctionDef) -> _Task:
    for decorator in node.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if ast.unparse(call).rpartition(".")[2] == "task":
            return _Task(function=node, before=tuple(_before(decorator)))
    return _Task(function=node, is_task=False)


def _before(decorator: ast.expr) -> Iterator[str]:
    """Yield the tasks in `@task(clean, build)` and `@task(pre=[clean])`."""
    match decorator:
        case ast.Call(args=arguments, keywords=keywords):
            lists = (word.value for word in keywords if word.arg == "pre")
            named = (item for each in lists for item in getattr(each, "elts", ()))
            yield from (item.id for item in (*arguments, *named) if isinstance(item, ast.Name))


def _names(task: _Task) -> Iterator[str]:
    """Yield the names of a task: its function's name, and the names in its decorator."""
    yield task.function.name
    for decorator in task.function.decorator_list:
        for word in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if word.arg in {"name", "aliases"}:
                value = Values({}).of(word.value)
                named = value if isinstance(value, list) else [str(value)]
                yield from (name.replace("-", "_") for name in named)


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
