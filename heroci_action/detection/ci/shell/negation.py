"""The statement that a sign `!` belongs to: it negates the outcome of a whole pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heroci_action.detection.ci.shell.statement_text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

# Statements in which the grammar binds the sign to the first command.
_AROUND_SIGN = frozenset({"pipeline", "redirected_statement"})


def is_of_pipeline(negated: Node) -> bool:
    """Return whether the sign of `! COMMAND | OTHER` belongs to the pipeline."""
    around = negated.parent
    while around is not None and around.type in _AROUND_SIGN:
        if around.type == "pipeline":
            return True
        around = around.parent
    return False


def span_of(node: Node) -> Span:
    """Return the span of a pipeline or redirection without the sign in front."""
    first = _first(node)
    is_signed = first.type == "negated_command"
    return Span(node, first.children[-1].start_byte) if is_signed else Span.of(node)


def has_sign(statement: Node) -> bool:
    """Return whether a statement has a sign, which the grammar binds to the first command of a pipeline."""
    return _first(statement).type == "negated_command"


def _first(node: Node) -> Node:
    first = node
    while first.type in _AROUND_SIGN:
        first = first.children[0]
    return first
