"""Parse shell scripts and makefiles with tree-sitter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from heroci_action.detection.ci.records import ROOT, UNKNOWN

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# ROOT in as many bytes, but without the brace that begins a group of commands.
_ROOT_WORD = "\ue001\ue001"
# `# why`, a comment between the lines of a command, at which the grammar loses the rest of the line
_COMMENT = re.compile(r"`[ \t]*#[^`\n]*`")
# `PYTHONPATH=$PYTHONPATH:$PWD/src`
_ASSIGNMENT = re.compile(r"(?<![^\s;&|('\"])\w+=[^\s\"';&|]+")
_NAME = re.compile(r"\$([A-Za-z_]\w*)")
# `$(shell git rev-parse HEAD)`
_SHELL_CALL = re.compile(r"\$\(shell\s")
_PARENTHESIS = re.compile(r"[()]|\n\s*\n")
# A backslash before an empty line joins nothing to its line, and the grammar would lose the next rule.
_JOINS_NOTHING = re.compile(r"\\\n(?=[ \t]*\n)")
# A parenthesis that opens no `$(…)`.
_OWN_PARENTHESIS = re.compile(r"(?<!\$)\(")


@cache
def _shell_parser() -> Parser:
    # Late imports save start-up time: a project without a CI needs no grammar.
    import tree_sitter  # noqa: PLC0415
    import tree_sitter_bash  # noqa: PLC0415

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


@cache
def _make_parser() -> Parser:
    # Late imports save start-up time, as above.
    import tree_sitter  # noqa: PLC0415
    import tree_sitter_make  # noqa: PLC0415

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_make.language()))


# Scripts and makefiles are read once for each call of them; trees are never changed.
@lru_cache(maxsize=256)
def parse_shell(text: str) -> Node:
    """Return the syntax tree of a shell script; what cannot be parsed is an ERROR node in it."""
    bare = _COMMENT.sub(lambda match: " " * len(match[0]), text)
    readable = _ASSIGNMENT.sub(_with_braces, bare.replace(ROOT, _ROOT_WORD))
    source = readable.encode(errors="replace")
    return _shell_parser().parse(source).root_node


def _with_braces(match: re.Match[str]) -> str:
    """Return an assignment with braces around its variables: the grammar cuts `$A:$B/c` in two."""
    several = match[0].count("$") > 1
    return _NAME.sub(r"${\1}", match[0]) if several else match[0]


@lru_cache(maxsize=16)
def parse_makefile(text: str) -> Node:
    """Return the syntax tree of a makefile."""
    readable = _JOINS_NOTHING.sub("\n", _without_nested_calls(text))
    return _make_parser().parse(readable.encode(errors="replace")).root_node


def _without_nested_calls(text: str) -> str:
    """Replace `$(shell python -c 'f(1)')` by UNKNOWN: at such parentheses the grammar loses the rest of the file."""
    found: list[str] = []
    position = 0
    for match in _SHELL_CALL.finditer(text):
        end = _closing(text, match.end())
        if match.start() >= position and _OWN_PARENTHESIS.search(text, match.end(), end):
            found += [text[position : match.start()], UNKNOWN]
            position = end
    return "".join([*found, text[position:]])


def _closing(text: str, start: int) -> int:
    """Return the position after the parenthesis that closes a call, at most at the end of the paragraph."""
    depth = 1
    for match in _PARENTHESIS.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(match[0], -depth)
        if depth <= 0:
            return match.end()
    return len(text)


def text_of(node: Node | None) -> str:
    """Return the source text of a node."""
    return bytes_of(node).decode(errors="replace") if node else ""


def bytes_of(node: Node) -> bytes:
    """Return the source of a node, to which the positions in the tree belong."""
    return (node.text or b"").replace(_ROOT_WORD.encode(), ROOT.encode())


def fields(node: Node, name: str) -> list[Node]:
    """Return the children of a node in a field."""
    return node.children_by_field_name(name)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, in source order, without recursion."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(current.children))


def ends_line(assignment: Node) -> bool:
    """Return whether a line ends after an assignment; the grammar takes `A=1 B=2` as a prefix of the next line."""
    following = assignment.next_sibling
    while following is not None and following.type == "variable_assignment":
        following = following.next_sibling
    return following is not None and following.start_point.row > assignment.end_point.row
