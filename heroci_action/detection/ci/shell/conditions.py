"""Evaluate the conditions of a shell script that are known without running it."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from heroci_action.detection.ci.left_out import CHECKS, reason_of_program
from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.shell.syntax import parse_shell, text_of, walk
from heroci_action.detection.ci.shell.words import command_words, expand_one

if TYPE_CHECKING:
    from tree_sitter import Node

_SHRUGS = frozenset({"true", ":", "echo", "exit 0"})
# Programs that compare or look for something: no check of the CI if no answer ends the script.
QUESTIONS = frozenset({"cmp", "diff", "grep"})
_ENDS = frozenset({"exit", "return"})
# `exit 1`, `exit "$failed"`
_OWN_FAILURE = re.compile(r"\"?(?:[1-9]|\$)")
# Words of commands that run tests or ask for changes, also where their output is read.
_CHECKING = frozenset({"pytest", "py.test", "test", "makemigrations", "--porcelain", "--exit-code"})
# `$1` and `${1}` in a regular expression
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
# Docker makes this file in each container.
_OF_DOCKER = "/.dockerenv"
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


def is_more_than_a_value(command: Command) -> bool:
    """Return whether a command whose output is read may run tests, checks something, or makes or starts an image."""
    words = {word.partition("=")[0] for word in (command.call.name, *command.call.arguments)}
    return (
        command.call.container is not None
        or {"docker", "build"} <= words
        or not words.isdisjoint(_CHECKING)
        or reason_of_program(command.call.name) == CHECKS
    )


def gives_up(node: Node) -> bool:
    """Return whether statements may end the script with a failure, if only the failure of the last command."""
    return any(code != "0" for code in _exit_codes(node))


def fails_by_itself(script: str) -> bool:
    """Return whether a script ends with a failure that it decides itself, and not another program."""
    return any(map(_OWN_FAILURE.match, _exit_codes(parse_shell(script))))


def _exit_codes(node: Node) -> Iterator[str]:
    """Yield the codes with which statements end the script as it spells them, "" for the code of the last command."""
    for inner in (each for each in walk(node) if each.type == "command"):
        name = text_of(inner.child_by_field_name("name"))
        if name in _ENDS:
            yield text_of(inner.child_by_field_name("argument"))
        elif name == "false":
            yield ""


def shrugs(node: Node) -> bool:
    """Return whether a statement after `||` ignores a failure."""
    text = text_of(node)
    return not _SHRUGS.isdisjoint({text, text.split(" ", 1)[0]})


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
    """Return the value of comparisons that are joined.

    The grammar takes `A = b || C = d` as `(A = (b || C)) = d`, so its words are read in their order instead.
    """
    words = list(_flatten(node))
    known: bool | None = False
    for alternative in _split(words, {"||", "-o"}):
        every: bool | None = True
        for part in _split(alternative, {"&&", "-a"}):
            every = _and(every, _comparison(part, state))
        known = _or(known, every)
    return known


def _flatten(node: Node) -> Iterator[Node]:
    if node.type != "binary_expression":
        yield node
        return
    for child in node.children:
        yield from _flatten(child)


def _split(words: list[Node], operators: Collection[str]) -> Iterator[list[Node]]:
    """Yield the words between operators."""
    part: list[Node] = []
    for word in words:
        if word.type != "word" and text_of(word) in operators:
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _comparison(words: list[Node], state: ShellState) -> bool | None:
    match words:
        case [operand]:
            return _expression(operand, state)
        case [left, operator, right]:
            return _compare(left, text_of(operator), right, state)
    return None


_QUOTED = frozenset({"string", "raw_string", "ansi_c_string"})


def _compare(left: Node, operator: str, right: Node, state: ShellState) -> bool | None:
    if left.type == "unary_expression" and text_of(left.children[0]) == "!":
        # The grammar binds `!` to the first word of `[ ! "$A" = b ]`.
        inner = _compare(left.children[-1], operator, right, state)
        return None if inner is None else not inner
    value, other = expand_one(left, state), expand_one(right, state)
    if operator == "=~":
        other = _pattern(right, state)
        return None if UNKNOWN in value or UNKNOWN in other else _finds(other, value)
    if right.type not in _QUOTED and operator in {"=", "==", "!="} and _is_pattern(right):
        known = UNKNOWN not in value and UNKNOWN not in other
        return fnmatch.fnmatchcase(value, other) is (operator != "!=") if known else None
    return _binary(value, operator, other)


def _is_pattern(node: Node) -> bool:
    """Return whether the right side of a comparison is a pattern, because it is in `[[ … ]]`."""
    parent: Node | None = node.parent
    while parent is not None and parent.type != "test_command":
        parent = parent.parent
    return parent is not None and text_of(parent.children[0]) == "[["


def _pattern(node: Node, state: ShellState) -> str:
    """Return a regular expression with its variables, which the grammar leaves as they are: `^${1}$`."""
    if node.type != "regex":
        return expand_one(node, state)
    found = _VARIABLE.sub(lambda match: _known(match[1] or match[2], state), text_of(node))
    # `^${1:-all}$` and `^$(uname)$` are not followed; a dollar at the end is one of the pattern.
    return UNKNOWN if re.search(r"\$[({]", found) else found


def _known(name: str, state: ShellState) -> str:
    value = state.value(name)
    return UNKNOWN if value is None else value


def _finds(pattern: str, value: str) -> bool | None:
    """Return whether a regular expression finds something; None if Python does not understand it."""
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return None


def _unary(operator: str, operand: str, state: ShellState) -> bool | None:
    if UNKNOWN in operand:
        return None
    found = _UNARY.get(operator)
    return found(operand, state) if found else None


def _exists(operand: str, state: ShellState) -> bool | None:
    """Return whether a fresh checkout has the path; None for a path outside it, except for the file of Docker."""
    if operand == _OF_DOCKER:
        return state.in_docker
    path = state.locate(operand)
    return None if path is None else state.files.has(path) or state.files.has_directory(path)


def _is_of_kind(operand: str, state: ShellState) -> bool | None:
    """Return False for a path that a fresh checkout lacks, and None for any other: its kind of file is not known."""
    return False if _exists(operand, state) is False else None


_UNARY: Mapping[str, Callable[[str, ShellState], bool | None]] = {
    "-n": lambda operand, _: bool(operand),
    "-z": lambda operand, _: not operand,
    "-e": _exists,
    "-f": _exists,
    "-d": _exists,
    "-r": _exists,
    "-s": _exists,
    "-L": _is_of_kind,
    "-h": _is_of_kind,
    "-x": _is_of_kind,
}


def _binary(left: str, operator: str, right: str) -> bool | None:
    if UNKNOWN in left or UNKNOWN in right:
        return None
    match operator:
        case "=" | "==":
            return left == right
        case "!=":
            return left != right
    if operator in _NUMERIC and left.strip().isdecimal() and right.strip().isdecimal():
        return _NUMERIC[operator](int(left), int(right))
    return None


_NUMERIC: Mapping[str, Callable[[int, int], bool]] = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-gt": int.__gt__,
    "-ge": int.__ge__,
    "-lt": int.__lt__,
    "-le": int.__le__,
}
