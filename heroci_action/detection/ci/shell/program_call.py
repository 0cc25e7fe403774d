"""The call of a program in a script as a command, and the files that it writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from heroci_action.detection.ci.calls import parse_call
from heroci_action.detection.ci.records import UNKNOWN, Command, Conditional
from heroci_action.detection.ci.shell.files import input_of, writes_of
from heroci_action.detection.ci.shell.flow import Flow
from heroci_action.detection.ci.shell.outputs import Lines
from heroci_action.detection.ci.shell.outside_copies import find_copies
from heroci_action.detection.ci.shell.pipes import enter_find, with_input, with_words_of_xargs
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.shell.statement_text import Span, render
from heroci_action.detection.ci.shell.syntax import text_of, walk

if TYPE_CHECKING:
    from tree_sitter import Node


def call_program(
    node: Node, words: list[str], env: dict[str, str], state: ShellState, flow: Flow
) -> Iterator[Command]:
    """Yield the command that calls a program with these words and variables; then note the files that it writes."""
    outer = flow.outer or Span.of(node)
    writes = tuple(writes_of(outer, state))
    lines = lines_read_by(node, state, flow)
    words, ignored = enter_find(with_words_of_xargs(words, lines, state), state)
    call = with_input(parse_call(tuple(words)), lines)
    sign = "! " if flow.negated else ""
    yield Command(
        words=tuple(words),
        call=call,
        line=f"{sign}{render(outer, state)}",
        source=state.source,
        directory=state.directory,
        env={name: value for name, value in env.items() if UNKNOWN not in value},
        unknown=frozenset(name for name, value in env.items() if UNKNOWN in value),
        conditions=flow.conditions,
        may_fail=flow.may_fail or ignored,
        decides=flow.decides,
        passed_over=flow.passed_over,
        negated=flow.negated,
        background=flow.background,
        repeats=flow.repeats,
        piped=flow.piped,
        reads_pipe=flow.reads_pipe,
        feeds=flow.feeds,
        writes=writes,
        perhaps=(*state.perhaps, *_doubtful(node, state, flow)),
    )
    for write in writes:
        state.files.write(write)
    state.files.outside.update(find_copies(call, state.directory))


def _doubtful(node: Node, state: ShellState, flow: Flow) -> Iterator[Conditional]:
    """Yield the other values that the variables in the words of a command may have: `pytest $ARGS`."""
    if state.doubtful:
        names = {text_of(inner) for inner in walk(node) if inner.type == "variable_name"}
        for found in (each for name in sorted(names) for each in state.doubtful.get(name, ())):
            if not found.conditions <= flow.conditions:
                yield found


def lines_read_by(node: Node, state: ShellState, flow: Flow) -> Lines:
    """Return the lines that a command reads, if they are known."""
    own = input_of(node, state)
    return flow.lines if own is None else own
