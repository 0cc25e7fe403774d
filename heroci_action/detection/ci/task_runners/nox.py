"""Expand a call of nox into the installations and commands of its sessions. The noxfile is read, not imported."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from heroci_action.detection.ci.command_line import split_at_dashes
from heroci_action.detection.ci.matrix import version_of
from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.task_runners.python_values import Values
from heroci_action.repository.files import RepositoryFiles, join

MAX_DEPTH = 8  # functions that call each other
_PRINTING = frozenset({"-l", "--list", "--list-sessions", "--version", "-h", "--help"})


@dataclass(kw_only=True)
class _Arguments:
    sessions: list[str] = field(default_factory=list)
    file: str = "noxfile.py"
    posargs: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()

    @property
    def only_installs(self) -> bool:
        """Whether nox installs the packages of the sessions, but does not run their programs."""
        return "--install-only" in self.flags

    @property
    def only_prints(self) -> bool:
        """Whether nox runs nothing."""
        return not _PRINTING.isdisjoint(self.flags)

    @classmethod
    def parse(cls, words: tuple[str, ...]) -> _Arguments:
        own, posargs = split_at_dashes(words)
        found = cls(posargs=posargs, flags=frozenset(own))
        pending = ""
        for word in own:
            name, sign, value = word.partition("=")
            if word.startswith("-"):
                pending = name
                found._take(name, value) if sign else None
            else:
                found._take(pending, word)
        return found

    def _take(self, option: str, value: str) -> None:
        if option in {"-s", "--session", "--sessions", "-e"}:
            self.sessions.append(value)
        elif option in {"-f", "--noxfile"}:
            self.file = value


def expand_nox(command: Command, tree: RepositoryFiles) -> tuple[Script, ...] | None:
    """Return the commands of the sessions; None if there is no noxfile or no such session, or nox only prints."""
    asked = _Arguments.parse(command.call.arguments)
    path = join(command.directory, asked.file)
    if asked.only_prints or not tree.has(path):
        return None
    noxfile = Noxfile(tree.python(path), only_installs=asked.only_installs)
    found: list[Script] = []
    for name in asked.sessions or noxfile.defaults:
        start = Script(text="", source=path, directory=command.directory, env=command.env)
        found += noxfile.scripts(name.partition("(")[0], asked.posargs, start)
    return tuple(found) or None


class Noxfile:
    """The sessions of a noxfile, by name."""

    def __init__(self, module: ast.Module, *, only_installs: bool = False) -> None:
        self.only_installs = only_installs
        self.functions = {
            node.name: node for node in module.body if isinstance(node, ast.FunctionDef)
        }
        self.constants: dict[str, Any] = {}
        self.sessions: dict[str, ast.FunctionDef] = {}
        self.defaults: list[str] = []
        self.running: list[str] = []
        for node in module.body:
            if isinstance(node, ast.Assign):
                self._assign(node)
            elif isinstance(node, ast.FunctionDef) and (name := _session_name(node)):
                self.sessions[name] = node
        self.defaults = self.defaults or list(self.sessions)

    def _assign(self, node: ast.Assign) -> None:
        value = Values(self.constants, ()).of(node.value)
        for target in node.targets:
            if ast.unparse(target) == "nox.options.sessions":
                self.defaults = value if isinstance(value, list) else []
            elif isinstance(target, ast.Name):
                self.constants[target.id] = value

    def scripts(self, name: str, posargs: tuple[str, ...], start: Script) -> list[Script]:
        """Return the installations and commands of a session, in order."""
        # A session for several versions is called by its name and the version: tests-3.12.
        session = self.sessions.get(name) or self.sessions.get(re.sub(r"-[\d.]+$", "", name))
        if session is None or name in self.running:
            return []
        values = Values({**self.constants, **_parameters(session, self.constants)}, posargs)
        reader = _Session(self, values, replace(start, environment=f"nox {name}"))
        self.running.append(name)
        reader.function(session, depth=0)
        self.running.pop()
        return reader.found


def _session_name(node: ast.FunctionDef) -> str | None:
    for decorator in node.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if ast.unparse(call).rpartition(".")[2] == "session":
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            named = (keyword.value for keyword in keywords if keyword.arg == "name")
            return next(
                (
                    str(ast.literal_eval(value))
                    for value in named
                    if isinstance(value, ast.Constant)
                ),
                node.name,
            )
    return None


def _parameters(node: ast.FunctionDef, constants: Mapping[str, Any]) -> dict[str, Any]:
    """Return the newest of the values of each `@nox.parametrize`."""
    found: dict[str, Any] = {}
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("parametrize"):
            name, *values = (Values(constants, ()).of(argument) for argument in decorator.args[:2])
            options = values[0] if values and isinstance(values[0], list) else []
            if isinstance(name, str) and options:
                found[name] = max(options, key=lambda option: version_of(str(option)))
    return found


class _Session:
    """Reads the body of a session."""

    def __init__(self, noxfile: Noxfile, values: Values, start: Script) -> None:
        self.noxfile = noxfile
        self.values = values
        self.current = start
        self.found: list[Script] = []
        self.depth = 0

    def function(self, node: ast.FunctionDef, depth: int) -> None:
        if depth <= MAX_DEPTH:
            self._body(node.body, depth)

    def _body(self, body: Iterable[ast.stmt], depth: int) -> None:
        for node in body:
            match node:
                case ast.Expr(value=ast.Call() as call):
                    self._call(call, depth)
                case ast.Assign(targets=[ast.Name(id=name)]):
                    self.values = replace(
                        self.values, names={**self.values.names, name: self.values.of(node.value)}
                    )
                case ast.Assign(
                    targets=[ast.Subscript(value=ast.Attribute(attr="env"), slice=key)]
                ):
                    self._environment({self.values.of(key): self.values.of(node.value)})
                case ast.With():
                    before = self.current
                    for item in node.items:
                        if isinstance(item.context_expr, ast.Call):
                            self._call(item.context_expr, depth)
                    self._body(node.body, depth)
                    self.current = before
                case ast.If():
                    self._if(node, depth)
                case ast.Try():
                    self._body(node.body, depth)

    def _if(self, node: ast.If, depth: int) -> None:
        value = self.values.of(node.test)
        if isinstance(value, list | bool):
            self._body(node.body if value else node.orelse, depth)
            return
        before, text = self.current, ast.unparse(node.test)
        for condition, body in ((text, node.body), (f"not {text}", node.orelse)):
            self.current = before.under(condition)
            self._body(body, depth)
        self.current = before

    def _call(self, call: ast.Call, depth: int) -> None:
        match call.func:
            case ast.Name(id=name) if name in self.noxfile.functions:
                self.function(self.noxfile.functions[name], depth + 1)
            case ast.Attribute(attr="install" | "conda_install"):
                self._add(["pip", "install", *self.values.words(call.args)], call)
            case ast.Attribute(attr="run_always" | "run_install"):
                self._add(self.values.words(call.args), call)
            case ast.Attribute(attr="run" | "run_unsafe") if not self.noxfile.only_installs:
                self._add(self.values.words(call.args), call)
            case ast.Attribute(attr="chdir" | "cd") if call.args:
                self.current = replace(
                    self.current,
                    directory=join(self.current.directory, str(self.values.of(call.args[0]))),
                )
            case ast.Attribute(attr="update", value=ast.Attribute(attr="env")):
                self._environment(self._given(call))
            case ast.Attribute(attr="notify") if call.args:
                self.found += self.noxfile.scripts(
                    str(self.values.of(call.args[0])), (), self.current
                )

    def _given(self, call: ast.Call) -> dict[str, Any]:
        """Return the variables in `session.env.update({"A": "b"}, C="d")`."""
        found = {str(keyword.arg): self.values.of(keyword.value) for keyword in call.keywords}
        for value in map(self.values.of, call.args):
            found = {**value, **found} if isinstance(value, dict) else found
        return found

    def _environment(self, env: Mapping[str, Any]) -> None:
        known = {str(name): str(value) for name, value in env.items() if UNKNOWN not in str(value)}
        self.current = replace(self.current, env={**self.current.env, **known})

    def _add(self, words: list[str], call: ast.Call) -> None:
        env: Any = next(
            (self.values.of(keyword.value) for keyword in call.keywords if keyword.arg == "env"), {}
        )
        own = (
            {str(name): str(value) for name, value in env.items()} if isinstance(env, dict) else {}
        )
        if words:
            self.found.append(
                replace(self.current, text=shlex.join(words), env={**self.current.env, **own})
            )
