"""The state of a shell while a script is read."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from heroci_action.detection.ci.paths import locate, spell
from heroci_action.detection.ci.records import UNKNOWN, Conditional, Script
from heroci_action.detection.ci.shell.outside_copies import resolve
from heroci_action.detection.ci.working_tree import WorkingTree

if TYPE_CHECKING:
    from tree_sitter import Node

# `DATABASE_URL`
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# Every job starts without PYTHONPATH, and many append to it: `export PYTHONPATH=$PYTHONPATH:$PWD/src`.
_USUAL = {"PYTHONPATH": "", "PATH": "/usr/local/bin:/usr/bin:/bin", "OSTYPE": "linux-gnu"}


@dataclass
class ShellState:
    """Directory, variables and functions of a shell; `env` holds the exported variables, `local` the others.

    An array is in `arrays`, and its first element is the value of its name. `directory` is relative to the repository's
    root; an absolute path is outside it. It `goes_on` if a command fails. `in_docker` is None if that is not known.
    `perhaps` are the exports under unknown conditions, `doubtful` such values of other variables, and `conditions` the
    conditions here. A loop over the arguments that is `broken` has `ended` early; `in_loop` is one of these. The texts
    in `traps` run at the end.
    """

    files: WorkingTree
    source: str
    directory: str = "."
    env: dict[str, str] = field(default_factory=dict)
    local: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: dict[str, Node] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    script: str = ""
    export_all: bool = False
    goes_on: bool = False
    in_docker: bool | None = None
    stack: tuple[str, ...] = ()
    ended: bool = False
    traps: list[str] = field(default_factory=list)
    in_loop: bool = False
    broken: bool = False
    conditions: frozenset[str] = frozenset()
    perhaps: list[Conditional] = field(default_factory=list)
    doubtful: dict[str, tuple[Conditional, ...]] = field(default_factory=dict)

    @classmethod
    def start(cls, script: Script, files: WorkingTree) -> ShellState:
        """Return the state in which a script begins; a shell has no variable `node-version`."""
        return cls(
            files=files,
            source=script.source,
            directory=script.directory,
            env={name: value for name, value in script.env.items() if _NAME.fullmatch(name)},
            arguments=script.arguments,
            script=script.path,
            goes_on=script.goes_on,
            in_docker=script.in_docker,
            perhaps=list(script.perhaps),
        )

    def fork(self) -> ShellState:
        """Return the state of a subshell, whose changes stay inside."""
        return replace(
            self,
            files=self.files.fork(),
            env=dict(self.env),
            local=dict(self.local),
            arrays=dict(self.arrays),
            functions=dict(self.functions),
            aliases=dict(self.aliases),
            perhaps=list(self.perhaps),
            doubtful=dict(self.doubtful),
        )

    def branch(self, conditions: frozenset[str]) -> ShellState:
        """Return the state of statements under conditions that are not known; only their exports are noted outside."""
        inner = self.fork()
        inner.conditions, inner.perhaps = conditions, self.perhaps
        inner.doubtful = self.doubtful
        return inner

    def value(self, name: str) -> str | None:
        """Return the value of a variable or parameter; None if it is not known."""
        if name.isdigit():
            index = int(name)
            if index == 0:
                return self.script or None
            return self.arguments[index - 1] if index <= len(self.arguments) else ""
        match name:
            case "@" | "*":
                return " ".join(self.arguments)
            case "#":
                return str(len(self.arguments))
            case "PWD":
                return spell(self.directory)
        found = self.text(name)
        return None if found is None or UNKNOWN in found else found

    def text(self, name: str) -> str | None:
        """Return the value of a variable, with UNKNOWN for the parts that are not known; None if it is not set."""
        return self.local.get(name, self.env.get(name, _USUAL.get(name)))

    def assign(self, name: str, value: str, *, export: bool = False) -> None:
        """Set a variable, in the environment if it is exported."""
        self.arrays.pop(name, None)
        if export or self.export_all or name in self.env:
            self.env[name] = value
            self.local.pop(name, None)
            self._note(name, value)
        else:
            self._doubt(name, value)
            self.local[name] = value

    def _note(self, name: str, value: str) -> None:
        """Note an exported variable that commands under a condition may have."""
        found = Conditional(name=name, value=value, source=self.source, conditions=self.conditions)
        if self.conditions and found not in self.perhaps:
            self.perhaps.append(found)

    def _doubt(self, name: str, value: str) -> None:
        """Note the other value that a variable may have after a condition; without one, it is certain again."""
        if not self.conditions:
            self.doubtful.pop(name, None)
        elif value != self.text(name) and UNKNOWN not in value:
            found = Conditional(
                name=name,
                value=value,
                source=self.source,
                conditions=self.conditions,
                is_local=True,
            )
            self.doubtful[name] = (*self.doubtful.get(name, ()), found)

    def adopt_programs(self, ends: list[ShellState]) -> None:
        """Set the variables that name one program at the end of every branch: `coverage` and `.venv/bin/coverage`."""
        for name in ends[0].local:
            values = {end.local.get(name, "") for end in ends}
            program = min(values, key=len)
            same = {value.rpartition("/")[2] for value in values} == {program}
            if same and not self.files.has_directory(program):
                self.assign(name, program)

    def assign_array(self, name: str, words: tuple[str, ...]) -> None:
        """Set an array."""
        self.assign(name, words[0] if words else "")
        self.arrays[name] = words

    def export(self, name: str) -> None:
        """Export a variable that may have been set before."""
        if name in self.local:
            self.env[name] = self.local.pop(name)
            self._note(name, self.env[name])

    def locate(self, word: str) -> str | None:
        """Return a path from the repository's root; None if it is unknown or outside."""
        return locate(word, self.directory)

    def enter(self, word: str) -> None:
        """Apply `cd`."""
        if word == "-":
            self.directory, self.stack = self.stack[-1] if self.stack else ".", self.stack[:-1]
            return
        self.stack = (*self.stack[-9:], self.directory)
        found = self.locate(word)
        if found is None and word.startswith(("/", "~")):
            found = resolve(word, self.files.outside)
        known = word.startswith("/") and UNKNOWN not in word
        elsewhere = posixpath.normpath(word) if known else f"/{UNKNOWN}"
        self.directory = elsewhere if found is None else found
