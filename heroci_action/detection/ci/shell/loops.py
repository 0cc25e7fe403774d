"""How often the body of a loop runs: once if it only tries again, or once for each argument that it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.shell.conditions import is_test, truth
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.shell.syntax import fields, text_of, walk

if TYPE_CHECKING:
    from tree_sitter import Node


def without_trials(loop: Node, words: list[str]) -> list[str]:
    """Return the words of a loop, of numbers the first if it only tries again: it waits, or ends with a success."""
    return words[:1] if all(map(str.isdecimal, words)) and _tries_again(loop) else words


def _tries_again(loop: Node) -> bool:
    ends = [inner.children for inner in walk(loop) if inner.type == "list"]
    first = any(text_of(each[-1]) == "break" and each[1].type == "&&" for each in ends)
    return first or _calls(loop, "sleep")


def takes_arguments(loop: Node, state: ShellState) -> bool:
    """Return whether a loop takes one argument after the other: `while [ $# -gt 0 ]; do … shift; done`."""
    return _calls(loop, "shift") and _holds(loop, state) is not None


def find_repeated(loop: Node, state: ShellState) -> Iterator[tuple[Node, bool]]:
    """Yield the commands that `while` and `until` call again and again, and whether each must pass in the end.

    `until pg_isready; do sleep 1; done`, `while ! npm ci; do sleep 5; done`
    """
    for condition in (each for each in fields(loop, "condition") if each.is_named):
        must_pass, command = loop.children[0].type == "until", condition
        if condition.type == "negated_command":
            must_pass, command = not must_pass, condition.children[-1]
        if truth(command, state) is None and not is_test(command):
            yield command, must_pass


def _calls(loop: Node, program: str) -> bool:
    commands = (inner for inner in walk(loop) if inner.type == "command")
    return any(text_of(command).split(" ")[0] == program for command in commands)


def take_arguments(
    loop: Node, state: ShellState, run: Callable[[], Iterator[Command]]
) -> Iterator[Command]:
    """Yield the commands of such a loop; `run` runs its body once."""
    left = len(state.arguments) + 1
    while left > len(state.arguments) and _holds(loop, state) and not state.ended:
        left = len(state.arguments)
        state.in_loop = True
        yield from run()
        if state.broken:
            state.ended = state.broken = False
            break
    state.in_loop = False


def _holds(loop: Node, state: ShellState) -> bool | None:
    """Return whether the condition of `while` or `until` lets the body run once more; None if it is not known."""
    conditions = [each for each in fields(loop, "condition") if each.is_named]
    known = truth(conditions[-1], state) if len(conditions) == 1 else None
    return known if known is None or loop.children[0].type == "while" else not known
