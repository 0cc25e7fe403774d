"""The text of a shell statement, as it can be run again without the CI's variables."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heroci_action.detection.ci.records import ROOT
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.shell.syntax import bytes_of, walk
from heroci_action.detection.ci.shell.words import expand_list, expand_one

if TYPE_CHECKING:
    from tree_sitter import Node

_QUOTED = frozenset({"string", "heredoc_body"})


@dataclass(frozen=True, slots=True)
class Span:
    """The source from a byte offset to the end of a node.

    The grammar attaches a redirection to the whole list before it; it belongs to the last command only.
    """

    node: Node
    start: int

    @classmethod
    def of(cls, node: Node) -> Span:
        """Return the whole of a node."""
        return cls(node, node.start_byte)

    def nodes(self) -> Iterator[Node]:
        """Yield the nodes that begin in the span."""
        return (child for child in walk(self.node) if child.start_byte >= self.start)


def render(span: Span, state: ShellState) -> str:
    """Return the statement's text with known variables replaced by their values."""
    source = bytes_of(span.node)[span.start - span.node.start_byte :]
    found: list[str] = []
    position = 0
    for child in span.nodes():
        start = child.start_byte - span.start
        replacement = _replacement(child, state) if start >= position else None
        if replacement is not None:
            found.append(source[position:start].decode(errors="replace"))
            found.append(replacement)
            position = child.end_byte - span.start
    found.append(source[position:].decode(errors="replace"))
    text = "".join(found)
    return " ".join(text.replace("\\\n", " ").split(" ")) if "<<" not in text else text


def _replacement(node: Node, state: ShellState) -> str | None:
    """Return the text in place of a variable; None for any other part of the statement."""
    listed = expand_list(node, state)
    if listed is not None:
        return shlex.join(listed)
    if node.type not in {"simple_expansion", "expansion"}:
        return None
    value = expand_one(node, state)
    quoted = node.parent is not None and node.parent.type in _QUOTED
    return _escape(value) if quoted else _quote(value)


def _quote(value: str) -> str:
    return shlex.quote(value) if value and not value.startswith(ROOT) else value


def _escape(value: str) -> str:
    return "".join(f"\\{char}" if char in '"\\$`' else char for char in value)
