"""The statements that importing a settings module executes, in it and in the project's modules that it imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from heroci_action.detection.layout import module_file
from heroci_action.detection.sources.assigned_names import base_name
from heroci_action.detection.sources.environment_reads import plain, reads
from heroci_action.detection.sources.import_aliases import spell_out
from heroci_action.detection.sources.imports import inherited_aliases, module_names
from heroci_action.detection.sources.match_statements import without_match
from heroci_action.detection.sources.runner_process import RunnerProcess
from heroci_action.detection.sources.settings_classes import SettingsClasses
from heroci_action.detection.sources.settings_includes import (
    executed_files,
    include_arguments,
    included_files,
    last_name,
    listed_items,
)
from heroci_action.repository.files import RepositoryFiles, join, parent

MAX_MODULES = 40
_FIELD = re.compile(r"\{\d*\}")  # of a format
CAUGHT = "an exception is caught"  # the condition of statements in a `try`
# Words in the paths of modules that belong to the settings.
_SETTINGS_WORDS = ("settings", "config", "conf", "env", "base", "common", "secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement of a settings module.

    `tests` are the conditions around it as text, the outermost first; `conditional` statements may not be executed.
    `cls` is the class that contains it (django-configurations).
    """

    node: ast.stmt
    file: str
    conditional: bool
    tests: tuple[str, ...] = ()
    cls: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """The surroundings of a statement."""

    file: str
    conditional: bool = False
    tests: tuple[str, ...] = ()
    cls: str | None = None

    def statement(self, node: ast.stmt) -> Statement:
        return Statement(
            node=node,
            file=self.file,
            conditional=self.conditional,
            tests=self.tests,
            cls=self.cls,
        )

    def under(self, test: str) -> _Context:
        return _Context(file=self.file, conditional=True, tests=(*self.tests, test), cls=self.cls)

    def guarded(self) -> _Context:
        tests = (*self.tests, CAUGHT)
        return _Context(file=self.file, conditional=self.conditional, tests=tests, cls=self.cls)

    def inside(self, cls: str) -> _Context:
        return _Context(file=self.file, conditional=self.conditional, tests=self.tests, cls=cls)


@dataclass
class ModuleReader:
    """Reads modules in the order in which Python executes them; what earlier statements define counts for later ones.

    `seen` are the files. `functions`, and the `bases` of classes, are the definitions in them.
    """

    tree: RepositoryFiles
    roots: tuple[str, ...]
    process: RunnerProcess
    typed: SettingsClasses
    seen: dict[str, None] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    bases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lists: dict[str, list[tuple[ast.expr, _Context]]] = field(default_factory=dict)
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)  # inherited, by module

    def module(self, file: str, importer: _Context | None = None) -> Iterator[Statement]:
        """Yield the statements of a file, under the conditions of the statement that imports it."""
        if file in self.seen or len(self.seen) >= MAX_MODULES:
            return
        self.seen[file] = None
        inherited = inherited_aliases(self.tree, self.roots, file, self.aliases)
        tree = without_match(spell_out(self.tree.python(file), inherited))
        context = replace(importer, file=file, cls=None) if importer else _Context(file=file)
        yield from self._body(tree.body, context)

    def _body(self, body: list[ast.stmt], context: _Context) -> Iterator[Statement]:
        for node in body:
            match node:
                case ast.Import() | ast.ImportFrom():
                    yield from self._imported(node, context)
                    self.typed.learn(node)
                case ast.If():
                    yield from self._if(node, context)
                case ast.Try():
                    yield from self._try(node, context)
                case ast.With() | ast.For():
                    yield from self._executed(node, context)
                    yield from self._body(node.body, context)
                case ast.ClassDef():
                    self.bases[node.name] = tuple(filter(None, map(last_name, node.bases)))
                    self.typed.learn(node)
                    if node.name not in self.typed.classes:
                        yield from self._body(node.body, context.inside(node.name))
                case ast.FunctionDef():
                    self.functions[node.name] = node
                    yield from self._typed(node, context)
                case ast.AsyncFunctionDef():
                    pass
                case _:
                    self.process.learn(node)
                    yield from self._typed(node, context)
                    yield from self._executed(node, context)
                    yield from self._loaded(node, context)
                    yield context.statement(self.typed.settle(self.process.settle(node)))
                    yield from self._included(node, context)

    def _typed(self, node: ast.stmt, context: _Context) -> Iterator[Statement]:
        """Yield the reads of the objects of settings classes that a statement creates."""
        self.typed.learn(node, conditional=context.conditional)
        yield from map(context.statement, self.typed.created_by(node))

    def _if(self, node: ast.If, context: _Context) -> Iterator[Statement]:
        truth = self.process.truth(node.test)
        if truth is not None:
            yield from self._body(node.body if truth else node.orelse, context)
            return
        asked = self.typed.settle(node.test)
        test = ast.unparse(asked)
        yield from _tested(asked, context)
        yield from self._body(node.body, context.under(test))
        yield from self._body(node.orelse, context.under(f"not ({test})"))

    def _try(self, node: ast.Try, context: _Context) -> Iterator[Statement]:
        body = [*node.body, *node.orelse, *node.finalbody]
        yield from self._body(body, context.guarded() if node.handlers else context)
        for handler in node.handlers:
            yield from self._body(handler.body, context.under("an exception"))

    def _imported(
        self, node: ast.Import | ast.ImportFrom, context: _Context
    ) -> Iterator[Statement]:
        for name in module_names(node, context.file, self.roots):
            found = module_file(self.tree, self.roots, name)
            if found and _belongs_to_settings(found, context.file):
                yield from self.module(found, context)

    def _loaded(self, node: ast.stmt, context: _Context) -> Iterator[Statement]:
        """Follow `configuration = importlib.import_module(NAME)`."""
        match node:
            case ast.Assign(value=ast.Call(func=function, args=[argument, *_])):
                if last_name(function) != "import_module":
                    return
                name = self._text(argument, context.file)
                if name and (found := module_file(self.tree, self.roots, name)):
                    yield from self.module(found, context)

    def _executed(self, node: ast.stmt, context: _Context) -> Iterator[Statement]:
        """Follow `exec(open("local_settings.py").read())`, with the file opened there or by the `with` around it."""
        for path in executed_files(node):
            if found := self.tree.first(join(parent(context.file), path), join(path)):
                yield from self.module(found, context)

    def _text(self, node: ast.expr, file: str) -> str | None:
        """Return the text of an expression in a file: of constants, names, and variables of the CI or defaults."""
        match node:
            case ast.Name(id=name):
                return self._text_of_name(name, file)
            case ast.BoolOp(op=ast.Or(), values=values):
                return next(filter(None, self._texts(values, file)), None)
            case ast.JoinedStr(values=values):
                return _joined(self._texts(values, file))
            case ast.FormattedValue(value=value):
                return self._text(value, file)
            case ast.Call(func=ast.Attribute(ast.Constant(str(form)), "format"), args=arguments):
                parts = [*_FIELD.split(form), ""]
                texts = [*self._texts(arguments, file), ""]
                return _joined([part for pair in zip(parts, texts, strict=False) for part in pair])
        found = next(reads(node), None)
        return plain(node) if found is None else self.process.env.get(found.name) or found.default

    def _texts(self, nodes: list[ast.expr], file: str) -> list[str | None]:
        return [self._text(node, file) for node in nodes]

    def _text_of_name(self, name: str, file: str) -> str | None:
        """Return the text that a file assigns to a name first."""
        for node in self.tree.python(file).body:
            if isinstance(node, ast.Assign) and name in map(base_name, node.targets):
                return self._text(node.value, file)
        return None

    def _included(self, node: ast.stmt, context: _Context) -> Iterator[Statement]:
        """Follow django-split-settings: `include("components/*.py")` and `include(*FILES)`."""
        for name, items in listed_items(node):
            self.lists.setdefault(name, []).extend((item, context) for item in items)
        for argument in include_arguments(node):
            starred = argument.value if isinstance(argument, ast.Starred) else None
            listed = self.lists.get(starred.id, []) if isinstance(starred, ast.Name) else None
            for item, place in listed or [(argument, context)]:
                if regex := included_files(item, partial(self._text, file=place.file)):
                    for found in self.tree.matching(regex, under=parent(context.file)):
                        yield from self.module(found, place)


def _tested(test: ast.expr, context: _Context) -> Iterator[Statement]:
    """Yield the parts of a condition: parts after `and` are evaluated only if the first one holds."""
    first, others = test, list[ast.expr]()
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        first, *others = test.values
    yield context.statement(ast.Expr(value=first))
    for other in others:
        yield context.under(ast.unparse(first)).statement(ast.Expr(value=other))


def _joined(texts: list[str | None]) -> str | None:
    known = [text for text in texts if text is not None]
    return "".join(known) if len(known) == len(texts) else None


def _belongs_to_settings(found: str, importer: str) -> bool:
    """Return whether an imported module is next to the importing one, or has a path that mentions settings."""
    near = parent(found) == parent(importer) or parent(found).startswith(f"{parent(importer)}/")
    return near or any(
        word in part for part in found.lower().split("/")[-2:] for word in _SETTINGS_WORDS
    )
