"""The variables for DEBUG and ALLOWED_HOSTS."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from heroci_action.detection.findings import Finding, Found
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.sources.environment_reads import Read, is_false
from heroci_action.detection.sources.settings_includes import last_name
from heroci_action.detection.sources.source import SettingsSource
from heroci_action.detection.variables.reads import reads_for

# `bool(int(os.environ["DEBUG"]))`, `env.int("DEBUG")`
NUMBERS = frozenset({"int"})
# `json.loads(os.environ["HOSTS"])`, `env.json("HOSTS")`
_PARSERS = frozenset({"loads", "literal_eval", "json"})


def detect_flags(project: ProjectFiles, source: SettingsSource) -> Iterator[Finding]:
    """Yield DEBUG if it is off by default, unless the CI's own environment is known, and hosts if none is allowed."""
    yield from () if project.evidence.testing else debug_off(source)
    for read, statement in reads_for(source, "ALLOWED_HOSTS"):
        in_ci = read.name in project.evidence.env
        if _allows_no_host(read) and not in_ci:
            value = '["*"]' if calls(statement.node, _PARSERS) else "*"
            yield Found(f"env.{read.name}", value, f"ALLOWED_HOSTS in {statement.file}")
    for read, statement in source.reads:
        if read.name == "TEST_DATABASE_PREFIX":
            yield Found("env.TEST_DATABASE_PREFIX", "test_heroci_", f"read in {statement.file}")


def _allows_no_host(read: Read) -> bool:
    return "HOST" in read.name and (not read.has_default or read.default in {"", "[]"})


def debug_off(source: SettingsSource) -> Iterator[Found]:
    """Yield the values that switch DEBUG off, for the variables that do not switch it on by default."""
    for read, statement in reads_for(source, "DEBUG"):
        off = not read.has_default or (read.default is not None and is_false(read.default))
        if off and "DEBUG" in read.name:
            value = "0" if read.default == "0" or calls(statement.node, NUMBERS) else "False"
            yield Found(f"env.{read.name}", value, f"DEBUG in {statement.file}")


def calls(node: ast.AST, names: frozenset[str]) -> tuple[ast.Call, ...]:
    """Return the calls of functions or methods of these names in a statement."""
    found = (each for each in ast.walk(node) if isinstance(each, ast.Call))
    return tuple(each for each in found if last_name(each.func) in names)
