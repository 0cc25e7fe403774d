"""Evaluate the conditions of a shell script that are known without running it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.ci.shell_state import ShellState
from heroci_action.detection.ci.syntax import text_of
from heroci_action.detection.ci.words import command_words, expand_one

if TYPE_CHECKING:
    from tree_sitter import Node

_CONSTANTS = {"true": True, ":": True, "false": False}


def is_test(node: Node) -> bool:
    """Return whether a statement only tests something; any other command is assumed to succeed."""
    if node.type in {"negated_command", "list"}:
        named = [child for child in node.children if child.is_named]
        return bool(named) and is_test(named[-1])
    if node.type == "command":
        return text_of(node.child_by_field_name("name")) in {
            "test",
            "command",
            "which",
            "type",
            "grep",
            "false",
        }
    return node.type in {"test_command", "redirected_statement"} and (
        node.type == "test_command" or is_test(node.children[0])
    )


def truth(node: Node, state: ShellState) -> bool | None:
    """Return whether a statement succeeds; None if that is not known."""
    match node.type:
        case "negated_command":
            inner = truth(node.children[-1], state)
            return None if inner is None else not inner
        case "test_command":
            named = [child for child in node.children if child.is_named]
            return _expression(named[0], state) if len(named) == 1 else None
        case "command":
            return _command(node, state)
        case "list":
            return _list(node, state)
    return None


def _list(node: Node, state: ShellState) -> bool | None:
    left, right = truth(node.children[0], state), truth(node.children[-1], state)
    return _and(left, right) if node.children[1].type == "&&" else _or(left, right)


def _and(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return True if left and right else None


def _or(left: bool | None, right: bool | None) -> bool | None:
    if left or right:
        return True
    return False if left is False and right is False else None


def _command(node: Node, state: ShellState) -> bool | None:
    words = command_words(node, state)
    if words[:1] == ["test"]:
        return _test(words[1:], state)
    return _CONSTANTS.get(words[0]) if words else None


def _test(words: list[str], state: ShellState) -> bool | None:
    match words:
        case ["!", *rest] if len(rest) > 1:
            inner = _test(rest, state)
            return None if inner is None else not inner
        case [operator, operand]:
            return _unary(operator, operand, state)
        case [left, operator, right]:
            return _binary(left, operator, right)
    return None


def _expression(node: Node, state: ShellState) -> bool | None:
    match node.type:
        case "unary_expression" if text_of(node.children[0]) == "!":
            inner = _expression(node.children[-1], state)
            return None if inner is None else not inner
        case "unary_expression":
            return _unary(text_of(node.children[0]), expand_one(node.children[-1], state), state)
        case "parenthesized_expression":
            return _expression(node.children[1], state)
        case "binary_expression":
            return _binary_expression(node, state)
        case "word" | "string" | "raw_string" | "simple_expansion" | "expansion":
            return _unary("-n", expand_one(node, state), state)
    return None


def _binary_expression(node: Node, state: ShellState) -> bool | None:
    left, operator, right = node.children[0], text_of(node.children[1]), node.children[-1]
    match operator:
        case "&&" | "-a":
            return _and(_expression(left, state), _expression(right, state))
        case "||" | "-o":
            return _or(_expression(left, state), _expression(right, state))
    if left.type == "unary_expression" and text_of(left.children[0]) == "!":
        # The grammar binds `!` to the first word of `[ ! "$A" = b ]`.
        inner = _binary(expand_one(left.children[-1], state), operator, expand_one(right, state))
        return None if inner is None else not inner
    return _binary(expand_one(left, state), operator, expand_one(right, state))


def _unary(operator: str, operand: str, state: ShellState) -> bool | None:
    if UNKNOWN in operand:
        return None
    found = _UNARY.get(operator)
    return found(operand, state) if found else None


def _exists(operand: str, state: ShellState) -> bool | None:
    """Return whether a fresh checkout has the path; None for a path outside it."""
    path = state.locate(operand)
    return None if path is None else state.files.has(path) or state.files.has_directory(path)


_UNARY: Mapping[str, Callable[[str, ShellState], bool | None]] = {
    "-n": lambda operand, _: bool(operand),
    "-z": lambda operand, _: not operand,
    "-e": _exists,
    "-f": _exists,
    "-d": _exists,
    "-r": _exists,
    "-s": _exists,
}


def _binary(left: str, operator: str, right: str) -> bool | None:
    if UNKNOWN in left or UNKNOWN in right:
        return None
    match operator:
        case "=" | "==":
            return left == right
        case "!=":
            return left != right
    return None
