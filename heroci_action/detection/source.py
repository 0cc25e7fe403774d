"""The settings module as a sequence of statements, with the project's modules that it imports put in their place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from heroci_action.detection.environment_reads import Read, declared_defaults, plain, reads, text_of
from heroci_action.detection.layout import module_file
from heroci_action.repository.files import RepositoryFiles, parent

MAX_MODULES = 40
CAUGHT = "an exception is caught"  # what stands for a condition around statements in a `try`


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement at the top level of a settings module, or below an `if`, `try` or `with` (`conditional`)."""

    node: ast.stmt
    file: str
    conditional: bool
    tests: tuple[str, ...] = ()  # the conditions as text, the outermost first


@dataclass(frozen=True)
class SettingsSource:
    """Everything that importing the settings module would execute, as far as it lies in the repository."""

    file: str
    statements: tuple[Statement, ...]
    files: tuple[str, ...]

    @classmethod
    def of(cls, tree: RepositoryFiles, roots: tuple[str, ...], file: str) -> SettingsSource:
        """Follow the imports from the file of the settings module."""
        reader = _Reader(tree, roots)
        statements = tuple(reader.module(file))
        return cls(file=file, statements=statements, files=tuple(reader.seen))

    def assigned(self, name: str) -> list[Statement]:
        """The statements that give a value to a name, or to an item of it."""
        return [statement for statement in self.statements if _target(statement.node) == name]

    @cached_property
    def names(self) -> dict[str, ast.expr]:
        """Names to the expression that they were given last."""
        return {
            target.id: statement.node.value
            for statement in self.statements
            if isinstance(statement.node, ast.Assign | ast.AnnAssign)
            and statement.node.value is not None
            for target in _targets(statement.node)
            if isinstance(target, ast.Name)
        }

    @cached_property
    def reads(self) -> tuple[tuple[Read, Statement], ...]:
        """Every read of the environment, with the statement it stands in."""
        optional = {
            name for statement in self.statements for name in declared_defaults(statement.node)
        }
        return tuple(
            (read, statement)
            for statement in self.statements
            for read in reads(statement.node)
            if read.name not in optional or not read.required
        )

    def reads_in(self, node: ast.AST, depth: int = 3) -> tuple[Read, ...]:
        """The reads in an expression, those behind names included."""
        found = list(reads(node))
        if depth:
            for inner in ast.walk(node):
                if (
                    isinstance(inner, ast.Name)
                    and inner.id in self.names
                    and self.names[inner.id] is not node
                ):
                    found.extend(self.reads_in(self.names[inner.id], depth - 1))
        return tuple(found)

    def plain(self, node: ast.AST | None, depth: int = 3) -> str | None:
        """A constant as text, that behind a name included."""
        if isinstance(node, ast.Name) and depth and node.id in self.names:
            return self.plain(self.names[node.id], depth - 1)
        return plain(node)


@dataclass
class _Reader:
    tree: RepositoryFiles
    roots: tuple[str, ...]

    def __post_init__(self) -> None:
        self.seen: dict[str, None] = {}

    def module(self, file: str, conditional: bool = False) -> Iterator[Statement]:
        if file in self.seen or len(self.seen) >= MAX_MODULES:
            return
        self.seen[file] = None
        yield from self._body(self.tree.python(file).body, file, conditional, ())

    def _body(
        self, body: list[ast.stmt], file: str, conditional: bool, tests: tuple[str, ...]
    ) -> Iterator[Statement]:
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                for imported in self._imported(node, file):
                    yield from self.module(imported, conditional)
            elif isinstance(node, ast.If):
                test = ast.unparse(node.test)
                yield Statement(
                    node=ast.Expr(value=node.test), file=file, conditional=conditional, tests=tests
                )
                yield from self._body(node.body, file, True, (*tests, test))
                yield from self._body(node.orelse, file, True, (*tests, f"not ({test})"))
            elif isinstance(node, ast.Try):
                yield from self._body(
                    [*node.body, *node.orelse, *node.finalbody],
                    file,
                    conditional,
                    (*tests, CAUGHT) if node.handlers else tests,
                )
                for handler in node.handlers:
                    yield from self._body(handler.body, file, True, (*tests, "an exception"))
            elif isinstance(node, ast.With | ast.For):
                yield from self._body(node.body, file, conditional, tests)
            elif isinstance(node, ast.ClassDef):  # django-configurations
                yield from self._body(node.body, file, conditional, (*tests, f"class {node.name}"))
            elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Statement(node=node, file=file, conditional=conditional, tests=tests)
                yield from self._included(node, file)

    def _imported(self, node: ast.Import | ast.ImportFrom, file: str) -> Iterator[str]:
        for name in _module_names(node, file, self.roots):
            found = module_file(self.tree, self.roots, name)
            if found and _is_settings_like(found, file):
                yield found

    def _included(self, node: ast.stmt, file: str) -> Iterator[Statement]:
        """The files of django-split-settings: `include("components/*.py")`."""
        call = node.value if isinstance(node, ast.Expr) else None
        if not (
            isinstance(call, ast.Call)
            and ast.unparse(call.func) in {"include", "split_settings.tools.include"}
        ):
            return
        for argument in call.args:
            inner = (
                argument.args[0] if isinstance(argument, ast.Call) and argument.args else argument
            )
            pattern = text_of(inner)
            if pattern:
                regex = "".join("[^/]*" if char == "*" else _escaped(char) for char in pattern)
                for found in self.tree.matching(regex, under=parent(file)):
                    yield from self.module(found)


def _escaped(char: str) -> str:
    return char if char.isalnum() or char in "_/" else f"\\{char}"


def _module_names(
    node: ast.Import | ast.ImportFrom, file: str, roots: tuple[str, ...]
) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        package = _package(file, roots).split(".")
        kept = package[: len(package) - node.level + 1]
        base = ".".join(part for part in (*kept, base) if part)
    yield base
    yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def _package(file: str, roots: tuple[str, ...]) -> str:
    directory = parent(file)
    for root in roots:
        if root == ".":
            return "" if directory == "." else directory.replace("/", ".")
        if directory == root or directory.startswith(f"{root}/"):
            return directory[len(root) + 1 :].replace("/", ".")
    return ""


def _is_settings_like(found: str, importer: str) -> bool:
    """Modules beside the importing one, and those whose path says that they are about settings."""
    near = parent(found) == parent(importer) or parent(found).startswith(f"{parent(importer)}/")
    words = ("settings", "config", "conf", "env", "base", "common", "secret")
    return near or any(word in part for part in found.lower().split("/")[-2:] for word in words)


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else []


def _target(node: ast.stmt) -> str | None:
    """The name at the bottom of `X = …`, `X["a"]["b"] = …`, `X.update(…)`, `X["a"].update(…)`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr in {"update", "setdefault"}:
            return _bottom(function.value)
        return None
    return next((name for target in _targets(node) if (name := _bottom(target))), None)


def _bottom(node: ast.expr) -> str | None:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
