"""Environment variables that the settings set themselves: `os.environ.setdefault("EMAIL_URL", "console:")`."""

from __future__ import annotations

import ast

from heroci_action.detection.sources.environment_reads import is_environ
from heroci_action.detection.sources.source import SettingsSource


def find_own_variables(source: SettingsSource) -> frozenset[str]:
    """Return the names of the variables that the settings set, if only under a condition."""
    found: set[str] = set()
    for node in (statement.node for statement in source.statements):
        match node:
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=owner, attr="setdefault"),
                    args=[ast.Constant(value=str(name)), *_],
                )
            ) if is_environ(owner):
                found.add(name)
            case ast.Assign(
                targets=[ast.Subscript(value=owner, slice=ast.Constant(value=str(name)))]
            ) if is_environ(owner):
                found.add(name)
    return frozenset(found)
