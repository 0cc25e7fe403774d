"""The settings module as a sequence of statements, including the project's modules that it imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from heroci_action.detection.layout import module_file
from heroci_action.detection.sources.called_functions import called_parts
from heroci_action.detection.sources.declared_defaults import declared_defaults
from heroci_action.detection.sources.environment_reads import (
    Read,
    plain,
    reads,
    text_of,
)
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
        reader = _Reader(tree, roots, process or RunnerProcess(), typed)
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
        return [statement for statement in self.statements if _target(statement.node) == name]

    @cached_property
    def names(self) -> dict[str, ast.expr]:
        """Return the expression that was assigned last to each name."""
        return {
            target.id: statement.node.value
            for statement in self.statements
            if isinstance(statement.node, ast.Assign | ast.AnnAssign)
            and statement.node.value is not None
            for target in _targets(statement.node)
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
        """Return the names in an expression, without those of which only a part counts.

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


@dataclass
class _Reader:
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
        """Yield what the objects of settings classes read when a statement creates them."""
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
            if isinstance(node, ast.Assign) and name in map(_base_name, node.targets):
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


def _belongs_to_settings(found: str, importer: str) -> bool:
    """Return whether an imported module is next to the importing one, or has a path that mentions settings."""
    near = parent(found) == parent(importer) or parent(found).startswith(f"{parent(importer)}/")
    return near or any(
        word in part for part in found.lower().split("/")[-2:] for word in _SETTINGS_WORDS
    )


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else []


def _target(node: ast.stmt) -> str | None:
    """Return the name that is changed by `X = …`, `X["a"]["b"] = …`, `X.update(…)` and `X["a"].update(…)`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr in {"update", "setdefault"}:
            return _base_name(function.value)
        return None
    return next((name for target in _targets(node) if (name := _base_name(target))), None)


def _base_name(node: ast.expr) -> str | None:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else attribute_of_module(node)


def attribute_of_module(node: ast.expr | None) -> str | None:
    """Return NAME for `configuration.NAME` and `getattr(configuration, "NAME", …)`."""
    match node:
        case ast.Attribute(attr=name) if name.isupper():
            return name
        case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(), name, *_]):
            return text_of(name)
    return None
