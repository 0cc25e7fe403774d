"""Settings that demand TLS of the database, which the server of a run does not offer."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers.database_choice import value_of
from heroci_action.detection.settings.source import settings_source
from heroci_action.detection.sources.environment_reads import Read, is_false, read_of
from heroci_action.detection.sources.source import SettingsSource

MAX_NAMES = 5  # that refer to each other
# https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
_DEMANDING = frozenset({"require", "verify-ca", "verify-full"})


def warn_of_encryption(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of `ssl_require=not DEBUG` and of `sslmode`, with the variable that turns them off."""
    source = settings_source(project)
    if source is None or project.configured("services") is not None:
        return
    written, of_ci = project.configured("env") or {}, value_of(project)
    asked = _Option(source, lambda name: written.get(name) or of_ci(name))
    for statement in source.statements:
        for name, node in () if statement.tests else _options(statement.node):
            if asked.demands(node):
                cures = tuple(asked.cures(node))
                remedy = f"set {cures[0]}" if cures else "use other settings for the tests"
                yield Warn(
                    f"{statement.file} demands TLS of the database ({name}), which the server of this "
                    f"run does not offer, so that the tests cannot connect; {remedy}",
                    cures,
                )
                return


def _options(statement: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the options for TLS in a statement."""
    for node in ast.walk(statement):
        match node:
            case ast.keyword(arg="ssl_require" as name, value=value):
                yield name, value
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "sslmode":
                        yield "sslmode", value


class _Option:
    """The value of an option, if it is known with the variables of the tests."""

    def __init__(self, source: SettingsSource, value: Callable[[str], str | None]) -> None:
        self.source = source
        self.value = value

    def demands(self, node: ast.expr) -> bool:
        """Return whether the option is surely true, or the name of a mode that demands TLS."""
        found = self._text(node)
        return found in _DEMANDING or found == str(True)

    def cures(self, node: ast.expr) -> Iterator[str]:
        """Yield the line for the variable with another value of which the option is off."""
        names = {read.name for read in self.source.reads_in(node)}
        values = ("disable",) if self._text(node) in _DEMANDING else (str(False), str(True))
        for name in names if len(names) == 1 else ():
            for value in values:
                if not _Option(self.source, {name: value}.get).demands(node):
                    yield f'env.{name} = "{value}"'
                    return

    def _text(self, node: ast.expr, depth: int = MAX_NAMES) -> str | None:
        """Return the value as text; None if it is not known."""
        match node:
            case ast.Constant(value=value):
                return str(value)
            # With several assignments, it is not known which one counts here.
            case ast.Name(id=name) if depth and len(self.source.assigned(name)) == 1:
                return self._text(self.source.names[name], depth - 1)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                found = self._text(operand, depth)
                return None if found is None else str(is_false(found))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                found = self._text(test, depth)
                return None if found is None else self._text(orelse if is_false(found) else body)
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                found = self._text(left, depth)
                return None if found is None else str(found == self._text(right, depth))
        return self._of_variable(read) if (read := read_of(node)) else None

    def _of_variable(self, read: Read) -> str | None:
        given = self.value(read.name) or read.default
        is_unset = not (given or read.required or read.has_default)
        return str(None) if is_unset else given
