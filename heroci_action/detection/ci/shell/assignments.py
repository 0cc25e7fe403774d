"""Assign a variable or an array as a shell does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.shell.syntax import text_of
from heroci_action.detection.ci.shell.words import expand, expand_one

if TYPE_CHECKING:
    from tree_sitter import Node


def assign(node: Node, state: ShellState, *, export: bool) -> None:
    """Apply `A=b`, `A+=b` or `A=(b c)` to the state of a shell."""
    name = text_of(node.child_by_field_name("name"))
    value = node.child_by_field_name("value")
    appends = any(child.type == "+=" for child in node.children)
    if value is not None and value.type == "array":
        words = tuple(
            word for child in value.children if child.is_named for word in expand(child, state)
        )
        state.assign_array(name, (*state.arrays.get(name, ()), *words) if appends else words)
        return
    before = (state.value(name) or "") if appends else ""
    state.assign(name, before + expand_one(value, state), export=export)
