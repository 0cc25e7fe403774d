"""Put the templates of Azure's pipelines in place, with their parameters, conditions and loops.

https://learn.microsoft.com/azure/devops/pipelines/process/templates
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from heroci_action.detection.ci.records import ROOT, UNKNOWN
from heroci_action.detection.ci.systems.github_expressions import (
    Partial,
    holds,
    interpolate,
    value_of,
)
from heroci_action.detection.ci.yaml_file import items, read_yaml, table
from heroci_action.repository.files import RepositoryFiles, join, parent

MAX_DEPTH = 12  # templates that use each other
Table = Mapping[str, Any]
# `${{ if eq(parameters.lint, true) }}`, `${{ else }}`
_BRANCH = re.compile(r"\$\{\{\s*(if|elseif|else)\b(.*)\}\}", re.DOTALL)
# `${{ each app in parameters.apps }}`
_LOOP = re.compile(r"\$\{\{\s*each\s+(\w+)\s+in\s+(.*?)\s*\}\}", re.DOTALL)
# `$(python.version)`
_MACRO = re.compile(r"\$\(([\w.]+)\)")
# `$[variables['mode']]`
_AT_RUN_TIME = re.compile(r"\$\[((?:[^\[\]]|\[[^\[\]]*\])*)\]")
# `Build.BuildId`
_OF_THE_SERVICE = re.compile(r"(?i)(Build|System|Agent|Pipeline|Release|Environment)\.")
_CHECKOUT = ("build.sourcesdirectory", "system.defaultworkingdirectory")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The values that an entry inherits from the levels around it; `path` is the file that contains it."""

    tree: RepositoryFiles
    path: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    loop: Mapping[str, Any] = field(default_factory=dict)
    conditions: frozenset[str] = frozenset()
    depth: int = 0

    @property
    def contexts(self) -> Mapping[str, Any]:
        """Return what expressions may refer to."""
        return {
            "parameters": self.parameters,
            "variables": Partial(self.variables),
            **self.loop,
        }

    def fill(self, value: object) -> str:
        """Return a text with the values of its variables and expressions; UNKNOWN marks what only a run knows."""
        text = _AT_RUN_TIME.sub(
            lambda found: "${{" + found[1] + "}}", interpolate(value, self.contexts)
        )
        return _MACRO.sub(self._macro, interpolate(text, self.contexts))

    def _macro(self, match: re.Match[str]) -> str:
        if match[1].lower() in _CHECKOUT:
            return ROOT
        # Azure leaves an unknown name to the shell, where `$(pwd)` is a command.
        unknown = UNKNOWN if _OF_THE_SERVICE.match(match[1]) else match[0]
        return self.variables.get(match[1], unknown)

    def with_variables(self, value: object) -> Scope:
        """Return the scope with the variables of a level, which are a table or a list of names and values."""
        if isinstance(value, Mapping):
            pairs = [(str(name), text) for name, text in value.items()]
        else:
            entries = [entry for entry, _ in self.entries(value, "variables")]
            pairs = [(str(entry.get("name")), entry.get("value")) for entry in entries]
        found = dict(self.variables)
        for name, text in pairs:
            filled = replace(self, variables=found).fill(text) if isinstance(text, str) else ""
            if isinstance(text, str) and "$(" not in filled and UNKNOWN not in filled:
                found[name] = filled
        return replace(self, variables=found)

    def with_defaults(self, document: Table) -> Scope:
        """Return the scope with the parameters that a file declares."""
        declared = document.get("parameters")
        defaults = (
            {str(entry.get("name")): entry.get("default", "") for entry in map(table, declared)}
            if isinstance(declared, list)
            else dict(table(declared))
        )
        return replace(self, parameters={**defaults, **self.parameters})

    def entries(self, value: object, kind: str) -> Iterator[tuple[Table, Scope]]:
        """Yield the stages, jobs, steps or variables of a list, each with its own scope."""
        taken: bool | None = False  # whether a branch of the current condition holds
        for entry in items(value):
            if isinstance(entry, str):
                yield from self.entries(value_of(entry, self.contexts), kind)
                continue
            key, inner = next(iter(table(entry).items()), ("", None))
            if branch := _BRANCH.fullmatch(str(key).strip()):
                runs, taken = self._branch(branch, taken)
                if runs is not False:
                    unknown = {str(key)} if runs is None else set()
                    scope = replace(self, conditions=self.conditions | unknown)
                    yield from scope.entries(inner, kind)
            elif loop := _LOOP.fullmatch(str(key).strip()):
                for scope in self._repeated(loop):
                    yield from scope.entries(inner, kind)
            elif "template" in table(entry):
                yield from self._template(table(entry), kind)
            else:
                yield table(entry), self

    def _branch(self, match: re.Match[str], taken: bool | None) -> tuple[bool | None, bool | None]:
        """Return whether a branch is taken, and whether it or one before it is; None if that is not known."""
        before = False if match[1] == "if" else taken
        own = True if match[1] == "else" else holds("${{" + match[2] + "}}", self.contexts)
        runs = False if before else None if before is None and own is not False else own
        return runs, True if True in (before, own) else None if None in (before, own) else False

    def _repeated(self, match: re.Match[str]) -> Iterator[Scope]:
        """Yield the scope of each round of a loop over a list, or over a table by key and value."""
        values = value_of("${{" + match[2] + "}}", self.contexts)
        pairs = [{"key": key, "value": value} for key, value in table(values).items()]
        for value in (pairs or items(values)) if self.depth < MAX_DEPTH else ():
            loop = {**self.loop, match[1].lower(): value}
            yield replace(self, loop=loop, depth=self.depth + 1)

    def table(self, value: object) -> dict[str, Any]:
        """Return a table with its loops and known conditions in place, and its texts filled."""
        found: dict[str, Any] = {}
        taken: bool | None = False
        for key, inner in table(value).items():
            if loop := _LOOP.fullmatch(str(key).strip()):
                for scope in self._repeated(loop):
                    found |= scope.table(inner)
            elif branch := _BRANCH.fullmatch(str(key).strip()):
                runs, taken = self._branch(branch, taken)
                found |= self.table(inner) if runs else {}
            else:
                filled = self.table(inner) if isinstance(inner, Mapping) else self.fill(inner)
                found[self.fill(key)] = filled
        return found

    def _template(self, entry: Table, kind: str) -> Iterator[tuple[Table, Scope]]:
        path, document = self.read_template(entry["template"])
        if not document or self.depth >= MAX_DEPTH:
            yield entry, self
            return
        given = {
            str(name): value_of(value, self.contexts)
            for name, value in table(entry.get("parameters")).items()
        }
        scope = replace(self, path=path, parameters=given, loop={}, depth=self.depth + 1)
        scope = scope.with_defaults(document)
        if kind == "variables" and isinstance(document.get(kind), Mapping):
            pairs = table(document[kind]).items()
            yield from (({"name": name, "value": text}, scope) for name, text in pairs)
            return
        yield from scope.entries(document.get(kind), kind)

    def read_template(self, name: object) -> tuple[str, Table]:
        """Return the path and content of a template; no content if it is in another repository."""
        path = template_path(self.fill(name), self.path)
        return path, read_yaml(self.tree, path) if path in self.tree.files else {}


def template_path(name: str, path: str) -> str:
    """Return the path of a template that a file names."""
    name = name.removesuffix("@self")
    return join(name.lstrip("/")) if name.startswith("/") else join(parent(path), name)
