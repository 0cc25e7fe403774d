"""Read a shell script as a list of commands. Nothing is executed.

Directories, variables, functions, conditions and loops are followed if their values are known: a command in the body
of an `if` whose condition is not known is conditional, and its exports do not leave the body.
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from heroci_action.detection.ci.calls import parse_call
from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.shell.assignments import assign
from heroci_action.detection.ci.shell.builtins import (
    BUILTINS,
    assign_fields,
    read_lines,
    read_names,
)
from heroci_action.detection.ci.shell.conditions import (
    QUESTIONS,
    gives_up,
    is_more_than_a_value,
    is_test,
    shrugs,
    truth,
)
from heroci_action.detection.ci.shell.files import input_of, printed_input, writes_of
from heroci_action.detection.ci.shell.flow import Flow
from heroci_action.detection.ci.shell.loops import (
    find_repeated,
    take_arguments,
    takes_arguments,
    without_trials,
)
from heroci_action.detection.ci.shell.negation import has_sign, is_of_pipeline, span_of
from heroci_action.detection.ci.shell.outcomes import (
    CLAUSES,
    Wanted,
    fails,
    keeps_outcome,
    split_clause,
    wanted_of_condition,
    wanted_of_left,
)
from heroci_action.detection.ci.shell.program_call import call_program, lines_read_by
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.shell.statement_text import Span
from heroci_action.detection.ci.shell.syntax import ends_line, fields, parse_shell, text_of, walk
from heroci_action.detection.ci.shell.words import command_words, expand, expand_one, lines_of

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 60  # nested statements and calls
MAX_LOOPS = 50  # passes through a loop over known words


def read_script(script: Script, state: ShellState) -> Iterator[Command]:
    """Yield the commands of a script in order; `state` changes as its shell would, unless a condition is unknown."""
    flow = Flow(conditions=script.conditions, may_fail=script.may_fail)
    yield from _maybe(parse_shell(script.text), state, flow)
    # What a trap sets does not run again: `trap cleanup EXIT` in `cleanup`.
    for text in tuple(state.traps):
        yield from _maybe(parse_shell(text), replace(state, ended=False), flow)


def _run(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    handler = _HANDLERS.get(node.type)
    if handler is None or flow.depth > MAX_DEPTH or state.ended:
        return
    yield from handler(node, state, replace(flow, depth=flow.depth + 1))


def _statements(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    last = next((child for child in reversed(node.children) if child.type in _HANDLERS), None)
    for child in node.children:
        following = child.next_sibling
        background = flow.background or (following is not None and following.type == "&")
        own = flow.unjudged() if flow.judged and child != last else flow
        if state.goes_on and child != last and not keeps_outcome(child):
            own = replace(own, passed_over=True)
        yield from _run(child, state, replace(own, background=background))


def _list(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    left, alone, right = node.children[0], node.children[1].type == "||", node.children[-1]
    may_fail = flow.may_fail or (alone and shrugs(right))
    # `! (a || b)` passes only if both fail.
    both_fail = alone and flow.negated
    asks = alone and not (shrugs(right) or gives_up(right))
    first = flow if both_fail else flow.judge(wanted_of_left(node), asks=asks)
    yield from _run(left, state, replace(first, may_fail=may_fail, outer=None))
    known = truth(left, state)
    if known is alone:
        return
    outer = Span(flow.outer.node, right.start_byte) if flow.outer else None
    second = replace(flow, outer=outer)
    if known is None and not both_fail and (alone or is_test(left) or fails(right)):
        second = second.under(f"not {text_of(left)}" if alone else text_of(left))
    yield from _maybe(right, state, second)


def _maybe(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    """Run a statement; the changes of a conditional one do not leave it."""
    yield from _run(node, state.branch(flow.conditions) if flow.conditions else state, flow)


def _pipeline(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    negated = flow.negated is not (has_sign(node) and not flow.decides)
    inner = replace(flow, piped=True, negated=negated, outer=flow.outer or span_of(node))
    commands = [child for child in node.children if child.is_named]
    for index, child in enumerate(commands):
        lines = lines_of(commands[:index], state) if index else flow.lines
        feeds = tuple(_program_of(each, state) for each in commands[index + 1 :])
        reads = flow.reads_pipe or index > 0
        own = replace(inner, lines=lines, feeds=feeds, reads_pipe=reads)
        yield from _run(child, state.fork(), own)
    for write in writes_of(flow.outer or Span.of(node), state):
        state.files.write(write)


def _program_of(node: Node, state: ShellState) -> str:
    """Return the program of a statement, or the kind of a statement that is no command: `while_statement`."""
    words = command_words(node, state) if node.type == "command" else []
    return parse_call(tuple(words)).name if words else node.type


def _group(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    yield from _statements(node, state, replace(flow, outer=None))


def _subshell(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    named = [child.type for child in node.children if child.is_named]
    if named == ["subshell"] and text_of(node).startswith("(("):
        return  # The grammar does not recognise the arithmetic in `! ((a || b))`.
    inner = state.fork()
    inner.files = state.files
    yield from _group(node, inner, flow)


def _redirected(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    body = node.child_by_field_name("body")
    feeds = tuple(_program_of(each, state) for each in _behind_heredoc(node))
    if body is not None:
        lines = input_of(node, state)
        inner = replace(flow, lines=flow.lines if lines is None else lines)
        if feeds:
            inner = replace(inner, piped=True, feeds=feeds)
        yield from _run(body, state, replace(inner, outer=flow.outer or span_of(node)))
    for redirect in node.children:
        if redirect.type == "heredoc_redirect":
            # The grammar puts what follows `<<EOF` on its line into the redirection: `cat <<EOF | bash`.
            lines = printed_input(node, state)
            piped = replace(flow, lines=lines, reads_pipe=True, outer=flow.outer or span_of(node))
            yield from _statements(redirect, state, piped if feeds else flow)


def _behind_heredoc(node: Node) -> Iterator[Node]:
    """Yield the commands that read the output of one with a heredoc."""
    for redirect in (child for child in node.children if child.type == "heredoc_redirect"):
        for pipeline in (child for child in redirect.children if child.type == "pipeline"):
            yield from (child for child in pipeline.children if child.is_named)


def _assignment(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    assign(node, state, export=False)
    for child in fields(node, "value"):
        yield from _substituted(child, state, flow)


def _substituted(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    """Run `$(docker create IMAGE pytest)` and `$(flake8 shop)`; others only compute a value."""
    for inner in walk(node):
        if inner.type == "command_substitution":
            own = replace(flow, outer=None, negated=False)
            commands = _statements(inner, state.fork(), own)
            yield from (command for command in commands if is_more_than_a_value(command))


def _assignments(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    for child in node.children:
        yield from _run(child, state, flow)


def _declaration(node: Node, state: ShellState, _: Flow) -> Iterator[Command]:
    export = text_of(node.children[0]) == "export"
    for child in node.children[1:]:
        if child.type == "variable_assignment":
            assign(child, state, export=export)
        elif export and child.type == "variable_name":
            state.export(text_of(child))
        elif export:
            # The grammar sees no assignment in `export "A=b"`, and no name in `export $(cut -d= -f1 FILE)`.
            BUILTINS["export"](list(expand(child, state)), state)
    yield from ()


def _unset(node: Node, state: ShellState, _: Flow) -> Iterator[Command]:
    BUILTINS["unset"]([text_of(child) for child in node.children[1:]], state)
    return iter(())


def _if(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    """Follow the branch that is taken; if that is not known, every branch is conditional."""
    clauses = [node, *(child for child in node.children if child.type in CLAUSES)]
    taken: bool | None = None
    ends: list[ShellState] = []
    for clause in clauses:
        conditions, body = split_clause(clause)
        judged = flow.judge(wanted_of_condition(node, clause), asks=not gives_up(node))
        for condition in conditions:
            own = judged if condition == conditions[-1] else judged.unjudged()
            yield from _run(condition, state, own)
        taken = truth(conditions[-1], state) if conditions else True
        text = text_of(conditions[-1]) if conditions else ""
        if taken is not False:
            inner = flow.under(text) if taken is None else flow
            ends.append(state.branch(inner.conditions) if inner.conditions else state)
            for child in body:
                yield from _run(child, ends[-1], inner)
        if taken is None:
            flow = flow.under(f"not {text}")
        if taken:
            state.adopt_programs(ends)
            return


def _case(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    subject = expand_one(node.child_by_field_name("value"), state)
    for item in (child for child in node.children if child.type == "case_item"):
        patterns = [expand_one(pattern, state) for pattern in fields(item, "value")]
        if UNKNOWN in subject:
            case = " ".join([subject, *patterns])
            inner = flow.under(case)
            yield from _statements(item, state.branch(inner.conditions), inner)
        elif any(fnmatch.fnmatchcase(subject, pattern) for pattern in patterns):
            yield from _statements(item, state, flow)
            return


def _for(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    name = text_of(node.child_by_field_name("variable"))
    words = [word for value in fields(node, "value") for word in expand(value, state)]
    yield from _passes(
        node, [{name: word} for word in without_trials(node, words)], {name: UNKNOWN}, state, flow
    )


def _passes(
    loop: Node,
    passes: list[dict[str, str]],
    unknown: Mapping[str, str],
    state: ShellState,
    flow: Flow,
) -> Iterator[Command]:
    """Run the body of a loop with the variables of each pass, once for many; if none is known, it is conditional."""
    body = loop.child_by_field_name("body")
    if body is None:
        return
    values = [value for variables in passes for value in variables.values()]
    inner = replace(flow, lines=None, outer=None)
    known = bool(passes) and UNKNOWN not in "".join(values)
    if not known:
        inner = inner.under(text_of(loop))
        state = state.branch(inner.conditions)
    if not known or len(passes) > MAX_LOOPS:
        passes = [dict(unknown)]
    for variables in passes:
        for name, value in variables.items():
            state.assign(name, value)
        yield from _statements(body, state, inner)


def _while(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    """Follow `while read NAME` through known lines; how often any other loop runs is not known."""
    if (body := node.child_by_field_name("body")) and takes_arguments(node, state):
        inner = replace(flow, lines=None, outer=None)
        yield from take_arguments(node, state, lambda: _statements(body, state, inner))
        return
    words = [command_words(each, state) for each in fields(node, "condition") if each.is_named]
    names = read_names(words[0]) if len(words) == 1 else ()
    for command, must_pass in find_repeated(node, state) if not names else ():
        own = flow if must_pass else flow.judge(Wanted.EITHER, asks=True)
        yield from _run(command, state, replace(own, repeats=True, lines=None, outer=None))
    passes = [assign_fields(names, line) for line in flow.lines or () if names]
    yield from _passes(node, passes, dict.fromkeys(names, UNKNOWN), state, flow)


def _counting(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    """Follow the body of `for ((i = 0; i < 5; i++))` once; how often it runs is not known."""
    parts = (part for name in ("initializer", "condition", "update") for part in fields(node, name))
    counters = (each for part in parts for each in walk(part) if each.type == "variable_name")
    names = map(text_of, counters)
    yield from _passes(node, [], dict.fromkeys(names, UNKNOWN), state, flow)


def _function(node: Node, state: ShellState, _: Flow) -> Iterator[Command]:
    body = node.child_by_field_name("body")
    if body is not None:
        state.functions[text_of(node.child_by_field_name("name"))] = body
    return iter(())


def _command(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    env = dict(state.env)
    for child in node.children:
        if child.type == "variable_assignment":
            name = text_of(child.child_by_field_name("name"))
            env[name] = expand_one(child.child_by_field_name("value"), state)
            if ends_line(child):
                state.assign(name, env[name])
    words = command_words(node, state)
    if not words or words == ["exec"]:  # `exec 2>&1` only redirects.
        return
    if words[0] in state.aliases or words[0] == "eval":
        yield from _parsed_again(words, state, flow)
    elif words[0] in state.functions:
        yield from _call(state.functions[words[0]], words, state, flow)
    elif words[0] in {"source", "."}:
        yield from _source(words, state, flow)
    elif words[0] in {"read", "mapfile", "readarray"}:
        read_lines(words, lines_read_by(node, state, flow), state)
    elif words[0] in BUILTINS:
        BUILTINS[words[0]](words[1:], state)
    else:
        yield from _program(node, words, env, state, flow)


def _program(
    node: Node, words: list[str], env: dict[str, str], state: ShellState, flow: Flow
) -> Iterator[Command]:
    """Run a program, unless the script only asks it a question: `if grep -q x FILE`."""
    if flow.asks and not flow.piped and words[0] in QUESTIONS:
        return
    if words[0] == "test":
        yield from _substituted(node, state, flow)
    yield from call_program(node, words, env, state, flow)


def _call(body: Node, words: list[str], state: ShellState, flow: Flow) -> Iterator[Command]:
    before, state.arguments = state.arguments, tuple(words[1:])
    yield from _statements(body, state, flow)
    state.arguments, state.ended = before, False


def _parsed_again(words: list[str], state: ShellState, flow: Flow) -> Iterator[Command]:
    """Run the words of `eval`, or the text of an alias, in which its name means the program: `alias ls="ls -l"`."""
    before = dict(state.aliases)
    own = state.aliases.pop(words[0], None)
    text = " ".join(words[1:]) if own is None else f"{own} {shlex.join(words[1:])}"
    yield from _statements(parse_shell(text), state, replace(flow, outer=None))
    state.aliases = {**before, **state.aliases}


def _source(words: list[str], state: ShellState, flow: Flow) -> Iterator[Command]:
    """Run a file in the same shell; a file that does not exist (`activate`) is ignored."""
    path = state.locate(words[1]) if len(words) > 1 else None
    text = state.files.text(path) if path else None
    if text is not None:
        yield from _statements(parse_shell(text), state, flow)


def _negated(node: Node, state: ShellState, flow: Flow) -> Iterator[Command]:
    """Yield the commands of `! grep -r TODO .`; the sign means nothing if the outcome only chooses a branch."""
    turns = not (flow.decides or is_of_pipeline(node))
    yield from _run(node.children[-1], state, replace(flow, negated=flow.negated is not turns))


_HANDLERS: dict[str, Callable[[Node, ShellState, Flow], Iterator[Command]]] = {
    "program": _statements,
    "compound_statement": _group,
    "do_group": _statements,
    "ERROR": _statements,
    "list": _list,
    "pipeline": _pipeline,
    "subshell": _subshell,
    "redirected_statement": _redirected,
    "negated_command": _negated,
    "variable_assignment": _assignment,
    "variable_assignments": _assignments,
    "test_command": _substituted,
    "declaration_command": _declaration,
    "unset_command": _unset,
    "if_statement": _if,
    "case_statement": _case,
    "for_statement": _for,
    "while_statement": _while,
    "c_style_for_statement": _counting,
    "function_definition": _function,
    "command": _command,
}
