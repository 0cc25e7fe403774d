"""Expand tasks that are declared in pyproject.toml, in a Pipfile or in a Taskfile.

`task lint` of taskipy, `poe lint` of poethepoet, `pdm run lint`, `rye run lint`, `pixi run lint`, `pipenv run lint`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.yaml_file import items, read_yaml, table
from heroci_action.repository.files import RepositoryFiles, ancestors, join

MAX_NESTED = 10  # tasks that refer to each other
_TASKFILES = ("Taskfile.yml", "Taskfile.yaml", "Taskfile.dist.yml", "taskfile.yml")
# The table of the tasks in pyproject.toml by the program that runs them.
_TABLES: Mapping[str, tuple[str, ...]] = {
    "task": ("tool", "taskipy", "tasks"),
    "taskipy": ("tool", "taskipy", "tasks"),
    "poe": ("tool", "poe", "tasks"),
    "pdm": ("tool", "pdm", "scripts"),
    "rye": ("tool", "rye", "scripts"),
    "pixi": ("tool", "pixi", "tasks"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tasks:
    """The tasks of one file."""

    path: str
    directory: str
    entries: Mapping[str, Any]
    env: Mapping[str, str] = field(default_factory=dict)

    def scripts(self, name: str, arguments: tuple[str, ...], depth: int = 0) -> Iterator[Script]:
        """Yield the scripts of a task, after the tasks that it needs."""
        if name not in self.entries or depth > MAX_NESTED:
            return
        for before in (f"pre_{name}",):
            yield from self.scripts(before, (), depth + 1)
        yield from self._of_entry(self.entries[name], arguments, depth)

    def _of_entry(self, entry: object, arguments: tuple[str, ...], depth: int) -> Iterator[Script]:
        if isinstance(entry, str):
            yield self._script(entry, arguments)
        elif isinstance(entry, list):
            yield from self._of_list(entry, arguments, depth)
        elif isinstance(entry, Mapping):
            for script in self._of_table(entry, arguments, depth):
                yield replace(
                    script,
                    directory=join(script.directory, str(entry.get("cwd", entry.get("dir", ".")))),
                    env={**script.env, **_plain(entry.get("env"))},
                )

    def _of_table(
        self, entry: Mapping[str, Any], arguments: tuple[str, ...], depth: int
    ) -> Iterator[Script]:
        for key in ("deps", "depends-on", "depends_on"):
            for needed in items(entry.get(key)):
                yield from self.scripts(str(table(needed).get("task", needed)), (), depth + 1)
        for key in ("cmd", "shell"):
            command = entry.get(key)
            if isinstance(command, list):
                yield self._script(shlex.join(map(str, command)), arguments)
            elif isinstance(command, str):
                yield self._script(command, arguments)
        for key in ("sequence", "composite", "chain", "cmds"):
            yield from self._of_list(items(entry.get(key)), arguments, depth)
        if isinstance(entry.get("ref"), str):
            yield from self._named(entry["ref"], arguments, depth)
        if isinstance(entry.get("task"), str):
            yield from self.scripts(entry["task"], arguments, depth + 1)

    def _of_list(
        self, entries: list[Any], arguments: tuple[str, ...], depth: int
    ) -> Iterator[Script]:
        for entry in entries:
            if isinstance(entry, str):
                yield from self._named(entry, arguments, depth)
            else:
                yield from self._of_entry(entry, arguments, depth + 1)

    def _named(self, line: str, arguments: tuple[str, ...], depth: int) -> Iterator[Script]:
        """Yield the task with this name, else the line as a command."""
        words = line.split()
        if words and words[0] in self.entries:
            yield from self.scripts(words[0], (*words[1:], *arguments), depth + 1)
        else:
            yield self._script(line, arguments)

    def _script(self, text: str, arguments: tuple[str, ...]) -> Script:
        line = f"{text} {shlex.join(arguments)}".strip()
        return Script(
            text=line, source=self.path, directory=self.directory, env=self.env, arguments=arguments
        )


def _plain(env: object) -> dict[str, str]:
    return {name: value for name, value in table(env).items() if isinstance(value, str)}


def expand_task(command: Command, tree: RepositoryFiles, runner: str) -> tuple[Script, ...] | None:
    """Return the scripts of a task; `runner` is the program in front of its name."""
    call = command.call
    words = (call.name, *call.arguments) if runner in call.launchers else call.arguments
    words = words[1:] if words[:1] == ("run",) else words
    name = next(iter(words), "")
    for tasks in _files(command, tree, runner):
        arguments = tuple(word for word in words[1:] if word != "--")
        found = tuple(tasks.scripts(name, arguments))
        if found:
            return found
    return None


def _files(command: Command, tree: RepositoryFiles, runner: str) -> Iterator[_Tasks]:
    for directory in ancestors(command.directory) if not command.directory.startswith("/") else ():
        path = join(directory, "Pipfile" if runner == "pipenv" else "pyproject.toml")
        entries: Any = tree.toml(path)
        for key in ("scripts",) if runner == "pipenv" else _TABLES[runner]:
            entries = table(entries).get(key)
        if table(entries):
            yield _Tasks(path=path, directory=directory, entries=table(entries), env=command.env)
        taskfile = tree.first(*(join(directory, name) for name in _TASKFILES))
        if runner == "task" and taskfile:
            document = read_yaml(tree, taskfile)
            env = {**command.env, **_plain(document.get("env"))}
            yield _Tasks(
                path=taskfile, directory=directory, entries=table(document.get("tasks")), env=env
            )
