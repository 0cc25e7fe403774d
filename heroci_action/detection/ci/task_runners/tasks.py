"""Expand tasks that are declared in pyproject.toml, in a Pipfile or in a Taskfile.

`task lint` of taskipy, `poe lint` of poethepoet, `pdm run lint`, `rye run lint`, `pixi run lint`, `pipenv run lint`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from heroci_action.detection.ci.command_line import split_at_dashes
from heroci_action.detection.ci.dotenv import parse_known
from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.task_runners.pixi_manifest import find_manifest
from heroci_action.detection.ci.yaml_file import items, read_yaml, table
from heroci_action.repository.files import RepositoryFiles, ancestors, join

MAX_NESTED = 10  # tasks that refer to each other
_TASKFILES = ("Taskfile.yml", "Taskfile.yaml", "Taskfile.dist.yml", "taskfile.yml")
# `{{.APPS}}`, `{{ .APPS | default "shop" }}`, and any other expression
_TEMPLATE = re.compile(
    r"\{\{-?\s*(?:\.(\w+)\s*(?:\|\s*default\s+[\"']([^\"']*)[\"']\s*)?|.*?)-?\}\}"
)
# `{args}`, `{args:shop}`: where pdm puts the arguments
_ARGUMENTS = re.compile(r"\{args(?::([^}]*))?\}")
# The table of the tasks in pyproject.toml by the program that runs them.
_TABLES: Mapping[str, tuple[str, ...]] = {
    "task": ("tool", "taskipy", "tasks"),
    "taskipy": ("tool", "taskipy", "tasks"),
    "poe": ("tool", "poe", "tasks"),
    "pdm": ("tool", "pdm", "scripts"),
    "rye": ("tool", "rye", "scripts"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tasks:
    """The tasks of one file."""

    path: str
    directory: str
    entries: Mapping[str, Any]
    env: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] | None = None  # of a Taskfile, whose commands are templates
    joins_lines: bool = False  # of a command, which no shell reads

    def called(self, words: tuple[str, ...]) -> Iterator[Script]:
        """Yield the scripts of a call; a call of a Taskfile may name several tasks and set variables."""
        before, after = split_at_dashes(words)
        if self.variables is None:
            yield from self.scripts(next(iter(words), ""), (*before[1:], *after))
            return
        given = dict(word.split("=", 1) for word in before if "=" in word)
        tasks = replace(self, variables={**self.variables, **given})
        for name in [word for word in before if "=" not in word] or ["default"]:
            yield from tasks.scripts(name, after)

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
            own = {**(self.variables or {}), **_plain(entry.get("vars"))}
            tasks = self if self.variables is None else replace(self, variables=own)
            for script in tasks.of_table(entry, arguments, depth):
                yield replace(
                    script,
                    directory=join(script.directory, str(entry.get("cwd", entry.get("dir", ".")))),
                    env={**script.env, **_plain(entry.get("env"))},
                )

    def of_table(
        self, entry: Mapping[str, Any], arguments: tuple[str, ...], depth: int
    ) -> Iterator[Script]:
        """Yield the scripts of a task that is a table, after the tasks that it needs."""
        if declared := entry.get("args"):
            values = _bind(declared, arguments)
            entry = {**entry, "args": None, "env": {**table(entry.get("env")), **values}}
            yield from (
                replace(script, env={**script.env, **values})
                for script in self.of_table(entry, (), depth)
            )
            return
        for key in ("deps", "depends-on", "depends_on"):
            for needed in items(entry.get(key)):
                yield from self.scripts(str(table(needed).get("task", needed)), (), depth + 1)
        for key in ("cmd", "shell"):
            command = entry.get(key)
            if isinstance(command, list):
                yield self._script(shlex.join(map(str, command)), arguments)
            elif isinstance(command, str):
                is_one = key == "cmd" and self.joins_lines
                text = " ".join(command.split("\n")).strip() if is_one else command
                yield self._script(text, arguments)
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
        if self.variables is None and words and words[0] in self.entries:
            yield from self.scripts(words[0], (*words[1:], *arguments), depth + 1)
        else:
            yield self._script(line, arguments)

    def _script(self, text: str, arguments: tuple[str, ...]) -> Script:
        given = shlex.join(arguments)
        line = _ARGUMENTS.sub(lambda match: given or match[1] or "", text)
        line = line if _ARGUMENTS.search(text) else f"{text} {given}".strip()
        if self.variables is not None:
            values = {**self.variables, "CLI_ARGS": given}
            line = _TEMPLATE.sub(lambda match: values.get(match[1], match[2] or UNKNOWN), text)
        return Script(
            text=line, source=self.path, directory=self.directory, env=self.env, arguments=arguments
        )


def _bind(declared: object, arguments: tuple[str, ...]) -> dict[str, str]:
    """Return the variables that poethepoet makes of the declared arguments of a task."""
    entries: list[Mapping[str, Any]] = [
        {"name": entry, **table(entry)} for entry in items(declared) or table(declared)
    ]
    if isinstance(declared, Mapping):
        entries = [{**entry, **table(declared[entry["name"]])} for entry in entries]
    found: dict[str, str] = {}
    rest = list(arguments)
    for entry in entries:
        name, value = str(entry["name"]).lstrip("-"), entry.get("default", "")
        spelled = items(entry.get("options")) or [f"--{name}"]
        place = next((place for place, word in enumerate(rest) if word in spelled), None)
        if entry.get("positional"):
            value = rest.pop(0) if rest else value
        elif place is not None:
            value = "".join(rest[place + 1 : place + 2])
            del rest[place : place + 2]
        found[name] = str(value)
    return found


def _plain(env: object) -> dict[str, str]:
    return {name: value for name, value in table(env).items() if isinstance(value, str)}


def expand_task(command: Command, tree: RepositoryFiles, runner: str) -> tuple[Script, ...] | None:
    """Return the scripts of a task; `runner` is the program before its name."""
    call = command.call
    words = (call.name, *call.arguments) if runner in call.launchers else call.arguments
    words = words[1:] if words[:1] == ("run",) else words
    found = (tuple(tasks.called(words)) for tasks in _files(command, tree, runner))
    return next(filter(None, found), None)


def _shared(options: Mapping[str, Any], tree: RepositoryFiles, directory: str) -> dict[str, str]:
    """Return the variables of all scripts of pdm: `_.env`, and the file in `_.env_file`."""
    name = options.get("env_file")
    text = tree.text(join(directory, name)) if isinstance(name, str) else ""
    return {**parse_known(text), **_plain(options.get("env"))}


def _entries(tree: RepositoryFiles, directory: str, runner: str) -> tuple[str, Mapping[str, Any]]:
    """Return the file in a directory that declares the tasks of a program, and its tasks."""
    if runner == "pixi":
        manifest = find_manifest(tree, directory)
        return (manifest.path, manifest.tasks) if manifest else ("", {})
    path = join(directory, "Pipfile" if runner == "pipenv" else "pyproject.toml")
    entries: Any = tree.toml(path)
    for key in ("scripts",) if runner == "pipenv" else _TABLES[runner]:
        entries = table(entries).get(key)
    return path, table(entries)


def _files(command: Command, tree: RepositoryFiles, runner: str) -> Iterator[_Tasks]:
    for directory in ancestors(command.directory) if not command.directory.startswith("/") else ():
        path, entries = _entries(tree, directory, runner)
        if entries:
            env = {**command.env, **_shared(table(entries.get("_")), tree, directory)}
            yield _Tasks(
                path=path,
                directory=directory,
                entries=entries,
                env=env,
                joins_lines=runner in {"poe", "pdm"},
            )
        taskfile = tree.first(*(join(directory, name) for name in _TASKFILES))
        if runner == "task" and taskfile:
            document = read_yaml(tree, taskfile)
            env = {**command.env, **_plain(document.get("env"))}
            yield _Tasks(
                path=taskfile,
                directory=directory,
                entries=table(document.get("tasks")),
                env=env,
                variables=_plain(document.get("vars")),
            )
