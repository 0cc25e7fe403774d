"""Where the sign `!` belongs: to a line that passes only if its command fails, or to a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heroci_action.detection.ci.shell.statement_text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

# Statements in which the grammar binds the sign to the first command.
_AROUND_SIGN = frozenset({"pipeline", "redirected_statement"})


def is_in_condition(negated: Node) -> bool:
    """Return whether something depends on the outcome of `! COMMAND`, with the pipes and redirections around it."""
    around = negated.parent
    while around is not None and around.type in _AROUND_SIGN:
        around = around.parent
    return around is None or around.type not in {"program", "compound_statement"}


def span_of(node: Node) -> Span:
    """Return the span of a pipeline or redirection, in a condition without the sign in front."""
    first = node
    while first.type in _AROUND_SIGN:
        first = first.children[0]
    is_signed = first.type == "negated_command" and is_in_condition(first)
    return Span(node, first.children[-1].start_byte) if is_signed else Span.of(node)


def is_negated(pipeline: Node) -> bool:
    """Return whether a pipeline has a sign, which the grammar binds to its first command."""
    first = pipeline.children[0]
    return first.type == "negated_command" and not is_in_condition(first)
