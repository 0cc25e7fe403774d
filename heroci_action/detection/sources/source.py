"""The settings module as its statements and imports define it: names with their values, and reads of variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from heroci_action.detection.sources.assigned_names import (
    attribute_of_module,
    changed_name,
    targets,
)
from heroci_action.detection.sources.called_functions import called_parts
from heroci_action.detection.sources.declared_defaults import declared_defaults
from heroci_action.detection.sources.environment_reads import (
    Read,
    plain,
    reads,
)
from heroci_action.detection.sources.runner_process import RunnerProcess
from heroci_action.detection.sources.settings_classes import SettingsClasses
from heroci_action.detection.sources.settings_includes import (
    last_name,
)
from heroci_action.detection.sources.statements import ModuleReader, Statement
from heroci_action.repository.files import RepositoryFiles, join


@dataclass(frozen=True)
class SettingsSource:
    """Everything in the repository that importing the settings module would execute."""

    file: str
    statements: tuple[Statement, ...]
    files: tuple[str, ...]
    functions: Mapping[str, ast.FunctionDef] = field(default_factory=dict)
    bases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        tree: RepositoryFiles,
        roots: tuple[str, ...],
        file: str,
        *,
        configuration: str = "",
        process: RunnerProcess | None = None,
    ) -> SettingsSource:
        """Follow the imports from the file of the settings module.

        `configuration` is the class that django-configurations uses; the statements of unrelated classes are left out.
        The names of some files are computed with the environment of the tests' `process`. Branches that it does not
        take are left out.
        """
        typed = SettingsClasses(
            lambda path: tree.first(*(join(root, path) for root in roots)) is not None
        )
        reader = ModuleReader(tree, roots, process or RunnerProcess(), typed)
        statements = tuple(reader.module(file))
        used = _linearised(configuration, reader.bases)
        if used:
            free = [statement for statement in statements if statement.cls is None]
            # A class overrides its bases, wherever they are defined.
            owned = [s for name in reversed(used) for s in statements if s.cls == name]
            statements = (*free, *owned)
        return cls(file, statements, tuple(reader.seen), reader.functions, reader.bases)

    def assigned(self, name: str) -> list[Statement]:
        """Return the statements that assign a value to a name, or to an item of it."""
        return [statement for statement in self.statements if changed_name(statement.node) == name]

    @cached_property
    def names(self) -> dict[str, ast.expr]:
        """Return the expression that was assigned last to each name."""
        return {
            target.id: statement.node.value
            for statement in self.statements
            if isinstance(statement.node, ast.Assign | ast.AnnAssign)
            and statement.node.value is not None
            for target in targets(statement.node)
            if isinstance(target, ast.Name)
            and attribute_of_module(statement.node.value) != target.id
        }

    @cached_property
    def reads(self) -> tuple[tuple[Read, Statement], ...]:
        """Return every read of the environment with its statement."""
        defaults = declared_defaults((s.node for s in self.statements), self.functions)
        return tuple(
            (read.with_declared(defaults), each)
            for statement in self.statements
            for each in (statement, *self.called(statement))
            for read in reads(each.node)
        )

    def called(self, statement: Statement) -> Iterator[Statement]:
        """Yield the statements of the functions that a statement calls."""
        for node, branched in called_parts(statement.node, self.functions):
            yield replace(statement, node=node, conditional=statement.conditional or branched)

    def reads_in(self, node: ast.AST) -> tuple[Read, ...]:
        """Return the reads in an expression and in the values of its names, to a depth of three names."""
        found = list(reads(node))
        free = dict(self.names)
        level = [node]
        for _ in range(3):
            names = set[str]().union(*map(self._names_in, level))
            level = [free.pop(name) for name in [*free] if name in names]
            found += [read for value in level for read in reads(value)]
        return tuple(found)

    def _names_in(self, node: ast.AST) -> set[str]:
        """Return the names in an expression, unless only a part of their value counts.

        These are objects (`CONFIG = Config(PATH)` in `CONFIG.host` and `CONFIG("x")`), and tables (`secrets["host"]`).
        """
        nodes = list(ast.walk(node))
        names = {inner: inner.id for inner in nodes if isinstance(inner, ast.Name)}
        for inner in nodes:
            match inner:
                case ast.Subscript(value=ast.Name() as owner):
                    names.pop(owner, None)
                case ast.Attribute(value=ast.Name() as owner) | ast.Call(func=ast.Name() as owner):
                    if _is_object(self.names.get(owner.id)):
                        names.pop(owner, None)
        return set(names.values())

    def plain(self, node: ast.AST | None, depth: int = 3) -> str | None:
        """Return a constant, or the constant value of a name, as text."""
        if isinstance(node, ast.Name) and depth and node.id in self.names:
            return self.plain(self.names[node.id], depth - 1)
        return plain(node)


def _is_object(node: ast.expr | None) -> bool:
    """Return whether an expression creates an object of a class."""
    return isinstance(node, ast.Call) and (last_name(node.func) or "")[:1].isupper()


def _linearised(name: str, bases: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return a class and its bases, the nearest first."""
    found: dict[str, None] = {}
    pending = [name] if name in bases else []
    while pending:
        current = pending.pop(0)
        if current not in found and current in bases:
            found[current] = None
            pending.extend(bases[current])
    return list(found)
