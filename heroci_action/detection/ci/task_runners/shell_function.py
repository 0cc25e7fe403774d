"""What make's function `$(shell …)` returns, if a condition about files decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heroci_action.detection.ci.shell.conditions import truth
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.shell.syntax import parse_shell
from heroci_action.detection.ci.shell.words import lines_of
from heroci_action.detection.ci.working_tree import WorkingTree

if TYPE_CHECKING:
    from tree_sitter import Node

_Outcome = tuple[bool, list[str]]  # whether a statement succeeds, and the lines that it prints


def printed_by(script: str, files: WorkingTree, directory: str) -> str | None:
    """Return the text of `test -d .venv && echo yes`; None if it is not known."""
    state = ShellState(files=files, source="", directory=directory)
    statements = parse_shell(script).named_children
    outcome = _outcome(statements[0], state) if len(statements) == 1 else None
    return None if outcome is None else " ".join(outcome[1])


def _outcome(node: Node, state: ShellState) -> _Outcome | None:
    if node.type != "list":
        known = truth(node, state)
        lines = lines_of([node], state) if known is None else []
        return None if lines is None else (known is not False, lines)
    first = _outcome(node.children[0], state)
    if first is None or first[0] is not (node.children[1].type == "&&"):
        return first
    second = _outcome(node.children[-1], state)
    return None if second is None else (second[0], first[1] + second[1])
