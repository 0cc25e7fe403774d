"""Read the tasks of Invoke and Fabric, and the collections that name them. The modules are read, not imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from heroci_action.detection.ci.task_runners.python_values import Values
from heroci_action.repository.files import RepositoryFiles, join, parent

# The names under which Invoke looks for the collection of a file.
_NAMESPACES = ("ns", "namespace")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """A function of a module; `before` are the names of the tasks that run before it."""

    function: ast.FunctionDef
    module: Module
    before: tuple[str, ...] = ()
    is_task: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Collection:
    """Tasks by their names."""

    title: str = ""
    tasks: dict[str, Task] = field(default_factory=dict)

    def named(self) -> dict[str, Task]:
        """Return the tasks by their names in a collection that contains this one: `test.unit`."""
        start = f"{self.title}." if self.title else ""
        return {f"{start}{name}": task for name, task in self.tasks.items()}


@dataclass(kw_only=True, eq=False)
class Module:
    """A module of the repository, with what it imports from the others."""

    name: str
    directory: str
    tasks: dict[str, Task] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    collections: dict[str, _Collection] = field(default_factory=dict)

    def as_collection(self, title: str = "") -> _Collection:
        """Return the collection of the module: the one that it defines, or its tasks."""
        own = next((self.collections[n] for n in _NAMESPACES if n in self.collections), None)
        if own is None:
            tasks = (task for task in self.tasks.values() if task.is_task)
            own = _Collection(tasks={name: task for task in tasks for name in _names(task)})
        return _Collection(title=title or own.title or self.name, tasks=own.tasks)


def read_tasks(path: str, tree: RepositoryFiles) -> Mapping[str, Task]:
    """Return the tasks of a file or package by their names; the modules of a package are collections, too."""
    beside = tree.matching(r"[^/]+\.py", under=parent(path)) if path.endswith("__init__.py") else ()
    reader = _Reader(tree, parent(parent(path)) if path.endswith("__init__.py") else parent(path))
    found: dict[str, Task] = {}
    for file in beside:
        if file != path and (module := reader.module(file)):
            found |= module.as_collection().named()
    main = reader.module(path)
    return {**found, **main.as_collection().tasks} if main else found


class _Reader:
    """Reads modules once; the repository's modules are found in the directory of the file with the tasks."""

    def __init__(self, tree: RepositoryFiles, root: str) -> None:
        self.tree = tree
        self.root = root
        self.done: dict[str, Module] = {}

    def module(self, path: str) -> Module | None:
        """Return a module; None if its file cannot be parsed."""
        parsed = self.tree.python(path) if path not in self.done else None
        if parsed is not None:
            name = path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]
            found = self.done[path] = Module(name=name, directory=parent(path))
            for node in parsed.body:
                self._statement(found, node)
        return self.done.get(path)

    def _statement(self, module: Module, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef():
                module.tasks[node.name] = _task(node, module)
            case ast.ImportFrom():
                self._import(module, node)
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call() as call
            ) if found := _collection(module, call):
                module.collections[name] = found
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                module.constants[name] = Values(module.constants).of(value)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name))) as call):
                if name in module.collections:
                    module.collections[name].tasks.update(_members(module, call))

    def _import(self, module: Module, node: ast.ImportFrom) -> None:
        """Take what `from commands.test import unit` and `from . import test` import."""
        start = join(module.directory, *[".."] * (node.level - 1)) if node.level else self.root
        place = join(start, *(node.module or "").split("."))
        source = self._find(place)
        for alias in node.names:
            name = alias.asname or alias.name
            if part := self._find(join(place, alias.name)):
                module.modules[name] = part
            elif source is not None:
                for own, other in _tables(module, source):
                    own.update({name: other[alias.name]} if alias.name in other else {})

    def _find(self, place: str) -> Module | None:
        path = self.tree.first(f"{place}.py", f"{place}/__init__.py")
        return self.module(path) if path else None


def _tables(module: Module, source: Module) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    yield module.tasks, source.tasks
    yield module.constants, source.constants
    yield module.collections, source.collections


def _collection(module: Module, call: ast.Call) -> _Collection | None:
    """Return the tasks of `Collection("test", unit, all=everything)` and `Collection.from_module(test)`."""
    match call:
        case ast.Call(func=ast.Attribute(attr="from_module"), args=[ast.Name(id=name), *_]) if (
            name in module.modules
        ):
            titles = (word.value for word in call.keywords if word.arg == "name")
            title = next((Values({}).of(value) for value in titles), "")
            return module.modules[name].as_collection(title)
        case ast.Call(func=ast.Name(id="Collection") | ast.Attribute(attr="Collection")):
            title = next((arg.value for arg in call.args if isinstance(arg, ast.Constant)), "")
            return _Collection(title=str(title), tasks=_members(module, call))
    return None


def _members(module: Module, call: ast.Call) -> dict[str, Task]:
    """Return the tasks that a call adds to a collection, by their names in it."""
    found: dict[str, Task] = {}
    for argument in call.args:
        match argument:
            case ast.Name(id=name) if task := module.tasks.get(name):
                found |= dict.fromkeys(_names(task), task)
            case ast.Name(id=name) if name in module.collections:
                found |= module.collections[name].named()
            case ast.Name(id=name) if name in module.modules:
                found |= module.modules[name].as_collection().named()
            case ast.Call() if inner := _collection(module, argument):
                found |= inner.named()
    for word in call.keywords:
        if word.arg and isinstance(word.value, ast.Name) and word.value.id in module.tasks:
            found[word.arg] = module.tasks[word.value.id]
    return found


def _task(node: ast.FunctionDef, module: Module) -> Task:
    for decorator in node.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if ast.unparse(call).rpartition(".")[2] == "task":
            return Task(function=node, module=module, before=tuple(_before(decorator)))
    return Task(function=node, module=module, is_task=False)


def _before(decorator: ast.expr) -> Iterator[str]:
    """Yield the tasks in `@task(clean, build)` and `@task(pre=[clean])`."""
    match decorator:
        case ast.Call(args=arguments, keywords=keywords):
            lists = (word.value for word in keywords if word.arg == "pre")
            named = (item for each in lists for item in getattr(each, "elts", ()))
            yield from (item.id for item in (*arguments, *named) if isinstance(item, ast.Name))


def _names(task: Task) -> Iterator[str]:
    """Yield the names of a task: its function's name, and the names in its decorator."""
    yield task.function.name
    for decorator in task.function.decorator_list:
        for word in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if word.arg in {"name", "aliases"}:
                value = Values({}).of(word.value)
                named = value if isinstance(value, list) else [str(value)]
                yield from (name.replace("-", "_") for name in named)
