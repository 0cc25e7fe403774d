"""What every detector gets: the files of the repository, the layout, and the user's configuration."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import Any, TypeVar

from heroci_action.detection.evidence import Command, Evidence, gather
from heroci_action.detection.layout import Layout, import_roots, module_file
from heroci_action.detection.tox import factors_of
from heroci_action.detection.tox import lines as tox_lines
from heroci_action.repository.files import RepositoryFiles, join

Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class ProjectFiles:
    """The input of every detector; `given` is the configuration as the user wrote it."""

    tree: RepositoryFiles
    given: Mapping[str, Any]
    layout: Layout
    _answers: dict[object, Any] = field(default_factory=dict, init=False, repr=False)

    def configured(self, key: str) -> Any:
        """Return the user's value for a dotted key; None if there is none."""
        value: Any = self.given
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def answer(self, question: Callable[[ProjectFiles], Any]) -> Any:
        """Ask a question about the project, or return the answer of the first time."""
        if question not in self._answers:
            self._answers[question] = question(self)
        return self._answers[question]

    @cached_property
    def evidence(self) -> Evidence:
        """What the project's own CI says."""
        return gather(self.tree)

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The commands of the project's own test jobs, those of tox and make in their place."""
        own = self.evidence.testing
        tox = any(re.search(r"\btox\b", command.line) for command in own) or not own
        make = any(re.search(r"\bmake\b", command.line) for command in own) or not own
        expanded = tuple(inner for command in own for inner in self.expanded(command))
        return (
            *expanded,
            *(self.tox_commands if tox else ()),
            *(self.make_commands if make else ()),
        )

    def expanded(self, command: Command) -> Iterator[Command]:
        """The command, and behind it what a task of taskipy or poethepoet stands for."""
        yield command
        match = re.search(r"\b(?:task|poe) (\w+)", command.line)
        for directory in self.layout.directories if match else ():
            tool = self.tree.toml(join(directory, "pyproject.toml")).get("tool", {})
            for table in (tool.get("taskipy"), tool.get("poe")):
                task = (
                    table.get("tasks", {}).get(match[1])
                    if match and isinstance(table, dict)
                    else None
                )
                line = task.get("cmd") if isinstance(task, dict) else task
                if isinstance(line, str):
                    yield replace(command, line=line, directory=directory)

    @cached_property
    def tox(self) -> Mapping[str, str]:
        """The section [testenv] of tox.ini (or of setup.cfg)."""
        for path in (self.layout.beside("tox.ini"), "tox.ini"):
            if self.tree.has(path):
                return self.tree.ini(path).get("testenv", {})
        table = (
            self.tree.toml("pyproject.toml").get("tool", {}).get("tox", self.tree.toml("tox.toml"))
        )
        base = (
            table.get("env_run_base", table.get("testenv")) if isinstance(table, Mapping) else None
        )
        return (
            {name: _tox_text(value) for name, value in base.items()}
            if isinstance(base, Mapping)
            else {}
        )

    @cached_property
    def tox_factors(self) -> frozenset[str]:
        """The factors of the environment of tox that the tests are run like."""
        for path in (self.layout.beside("tox.ini"), "tox.ini"):
            if self.tree.has(path):
                section = self.tree.ini(path).get("tox", {})
                return factors_of(section.get("envlist", section.get("env_list", "")))
        table = (
            self.tree.toml("pyproject.toml").get("tool", {}).get("tox", self.tree.toml("tox.toml"))
        )
        listed = table.get("env_list", table.get("envlist")) if isinstance(table, Mapping) else None
        return factors_of("\n".join(map(str, listed)) if isinstance(listed, list) else "")

    @cached_property
    def tox_commands(self) -> tuple[Command, ...]:
        """The commands of [testenv], as far as they hold in the chosen environment."""
        env = {**self.tox_env}
        lines = tox_lines(self.tox.get("commands", ""), self.tox_factors)
        return tuple(Command(line=line, source="tox.ini", testing=True, env=env) for line in lines)

    @cached_property
    def tox_env(self) -> dict[str, str]:
        """The variables of [testenv], as far as they hold in the chosen environment."""
        pairs = (
            line.partition("=")
            for line in tox_lines(
                self.tox.get("setenv", self.tox.get("set_env", "")), self.tox_factors
            )
        )
        return {
            name.strip(): value.strip() for name, sign, value in pairs if sign and "{" not in value
        }

    @cached_property
    def make_commands(self) -> tuple[Command, ...]:
        """The recipes of the Makefile's targets that are about tests."""
        path = self.tree.first(self.layout.beside("Makefile"), "Makefile")
        commands: list[Command] = []
        target = ""
        for line in self.tree.text(path).splitlines() if path else ():
            if match := re.match(r"([\w.-]+)\s*:(?!=)", line):
                target = match[1]
            elif line.startswith("\t") and re.fullmatch(r"ci|\S*test\S*", target) and path:
                commands.append(Command(line=line.strip().lstrip("@-"), source=path, testing=True))
        return tuple(commands)

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """Where imports start."""
        return import_roots(self.tree, self.layout)

    def module(self, name: str) -> str | None:
        """The file of one of the project's modules."""
        return module_file(self.tree, self.roots, name)


def _tox_text(value: object) -> str:
    """A value of tox's TOML as its INI form has it: one item a line, commands as lines, variables as NAME=value."""
    if isinstance(value, Mapping):
        return "\n".join(f"{name}={text}" for name, text in value.items() if isinstance(text, str))
    if isinstance(value, list):
        items = (shlex.join(map(str, item)) if isinstance(item, list) else item for item in value)
        return "\n".join(item for item in items if isinstance(item, str))
    return str(value)


def once(question: Callable[[ProjectFiles], Answer]) -> Callable[[ProjectFiles], Answer]:
    """Make a function of a project compute its answer only once for each project."""

    @wraps(question)
    def ask(project: ProjectFiles) -> Answer:
        answer: Answer = project.answer(question)
        return answer

    return ask


def words(line: str) -> tuple[str, ...]:
    """A command line in words; by blanks where its quotes do not match."""
    try:
        return tuple(shlex.split(line, comments=True))
    except ValueError:
        return tuple(line.split())
