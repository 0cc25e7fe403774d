"""Expand the words of a shell command: quotes, variables and substitutions; then braces and globs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from heroci_action.detection.ci.paths import spell
from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.ci.shell.globs import Part, expand_parts
from heroci_action.detection.ci.shell.outputs import Lines, output_of
from heroci_action.detection.ci.shell.parameters import modify
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.shell.syntax import bytes_of, fields, parse_shell, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_WORDS = 2_000  # of one expansion; a longer one is not a realistic command line
# `"$@"`, `"${@:2}"`, `"${FLAGS[@]}"`, `${FLAGS[@]+"${FLAGS[@]}"}`: each element is a word.
_LIST = re.compile(
    r'"\$(?:@|\{(?:@|(\w+)\[@\])(?::\s*(\d+)(?::\s*(\d+))?)?\})"|\$\{(\w+)\[@\]:?\+"\$\{\4\[@\]\}"\}'
)
# `${*:2}`, `${FLAGS[*]:1}`: a part of the words, not of their text.
_SEVERAL = re.compile(
    r"\$\{(?:[@*]|(?P<name>\w+)\[[@*]\]):\s*(?P<start>\d+)(?::\s*(?P<count>\d+))?\}"
)
_EXPANSION = re.compile(
    r"\$\{(?P<sign>[#!]?)(?P<name>\w+|[@*#?])(?:\[(?P<index>[^]]*)\])?(?:(?P<default>:?[-=+?]).*|(?P<text>.*))\}",
    re.DOTALL,
)
_ALL = frozenset({"@", "*"})


def expand(node: Node, state: ShellState) -> list[str]:
    """Return the words that one word of a script becomes; UNKNOWN marks the unknown parts."""
    listed = expand_list(node, state)
    if listed is not None:
        return list(listed)
    words = expand_parts(_parts(node, state), state)
    found = list(itertools.islice(words, MAX_WORDS + 1))
    return found if len(found) <= MAX_WORDS else [UNKNOWN]


def expand_list(node: Node, state: ShellState) -> tuple[str, ...] | None:
    """Return the elements of all arguments or of a known array; None for any other word."""
    match = _LIST.fullmatch(text_of(node))
    if match is None:
        return None
    return _elements(match[1] or match[4], match[2], match[3], state)


def _elements(
    name: str | None, start: str | None, count: str | None, state: ShellState
) -> tuple[str, ...] | None:
    """Return the elements of an array, without a name all arguments, from one on; None if they are not known."""
    # The first argument has the number 1, the first element of an array the number 0.
    elements = state.arrays.get(name) if name else ("", *state.arguments)
    first = int(start or 0) if name else max(int(start or 1), 1)
    return elements and elements[first:][: int(count) if count else None]


def command_words(node: Node, state: ShellState) -> list[str]:
    """Return the words of a command, without assignments and redirections."""
    own = [
        child
        for child in node.children
        if child.type != "variable_assignment" and not child.type.endswith("_redirect")
    ]
    together = (*_without_spaces(own), *_behind_redirections(node))
    return [word for nodes in together for word in _expand_together(nodes, state)]


def _without_spaces(nodes: Iterable[Node]) -> Iterator[list[Node]]:
    """Yield the nodes of each word."""
    pending: list[Node] = []
    for node in nodes:
        if pending and pending[-1].end_byte != node.start_byte:
            yield pending
            pending = []
        pending.append(node)
    yield pending


def _behind_redirections(command: Node) -> Iterator[list[Node]]:
    """Yield the words after a redirection, which the grammar takes for further files: `pytest > log tests`."""
    statement = command.parent
    if statement is None or statement.child_by_field_name("body") != command:
        return
    for redirect in statement.children:
        if redirect.type == "file_redirect":
            yield from itertools.islice(_without_spaces(fields(redirect, "destination")), 1, None)


def _expand_together(nodes: list[Node], state: ShellState) -> list[str]:
    """Expand the nodes of one word. The grammar cuts `$A-$B/c` in two; with braces it does not."""
    if len(nodes) < 2:  # noqa: PLR2004  # two nodes in one word
        return [word for node in nodes for word in expand(node, state)]
    text = "".join(map(text_of, nodes))
    braced = re.sub(r"\$([A-Za-z_]\w*)", r"${\1}", text)
    if braced == text:
        # As in NAME=\"`command`\".
        parts = [part for node in nodes for part in _parts(node, state)]
        return list(expand_parts(parts, state))
    children = parse_shell(f"x {braced}").children[:1]
    return [word for child in children for word in command_words(child, state)[1:]]


def expand_one(node: Node | None, state: ShellState) -> str:
    """Return the text of a word that is neither split nor globbed, such as the value of an assignment."""
    return "".join(part.text for part in _parts(node, state)) if node else ""


def _parts(node: Node, state: ShellState) -> list[Part]:
    if node.type in {"concatenation", "command_name"}:
        return [part for child in node.children for part in _parts(child, state)]
    reader = _READERS.get(node.type)
    return [reader(node, state)] if reader else list(_unescape(text_of(node)))


def _unescape(text: str) -> Iterator[Part]:
    """Take the backslashes out of an unquoted word; the characters after them count as quoted."""
    for index, piece in enumerate(re.split(r"\\(.|\n)", text, flags=re.DOTALL)):
        if piece and not (index % 2 and piece == "\n"):
            yield Part(piece, quoted=bool(index % 2))


def _unescape_ansi(text: str) -> str:
    try:
        return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError:
        return text


def _string(node: Node, state: ShellState) -> str:
    """Return the text between double quotes. The grammar leaves out some blanks, so the gaps count as well."""
    source = bytes_of(node)
    found: list[str] = []
    position = 2 if node.type == "translated_string" else 1
    for child in node.children:
        if child.type not in {"simple_expansion", "expansion", "command_substitution"}:
            continue
        start, end = child.start_byte - node.start_byte, child.end_byte - node.start_byte
        found.append(_plain_string(source[position:start]))
        found.append(_parts(child, state)[0].text)
        position = end
    found.append(_plain_string(source[position:-1]))
    return "".join(found)


def _plain_string(source: bytes) -> str:
    text = source.decode(errors="replace")
    return re.sub(r"\\([\\\"$`\n])", lambda match: match[1].strip("\n"), text)


def _variable(node: Node, state: ShellState) -> str:
    """Return the value of `$NAME` or `${NAME…}`."""
    name = text_of(node).lstrip("$").removeprefix("{").removesuffix("}")
    partly = state.text(name) if name not in state.arrays else None
    if partly is not None and UNKNOWN in partly:
        return partly
    if node.type == "simple_expansion":
        return _known(state.value(name))
    if part := _SEVERAL.fullmatch(text_of(node)):
        found = _elements(part["name"], part["start"], part["count"], state)
        return _known(None if found is None else " ".join(found))
    match = _EXPANSION.fullmatch(text_of(node))
    if match is None:
        return UNKNOWN
    value = _value(match["sign"], match["name"], match["index"], state)
    if operator := match["default"]:
        return _known(_or_default(value, operator, lambda: _operand(node, state)))
    text = _filled(match["text"], state)
    return _known(None if value is None or UNKNOWN in text else modify(value, text))


def _value(sign: str, name: str, index: str | None, state: ShellState) -> str | None:
    """Return the value in `${NAME[index]}`, the length in `${#NAME}`, or in `${!NAME}` the variable that it names."""
    name = "0" if name == "BASH_SOURCE" else name
    words = state.arrays.get(name)
    value = state.value(name) if words is None else _element(words, index)
    if value is None or not sign:
        return value
    if sign == "!":
        return None if index else state.value(value)
    return str(len(value if words is None or index not in _ALL else words))


def _filled(text: str, state: ShellState) -> str:
    """Return the pattern in `${NAME#$OTHER/}` with its variables; the grammar does not parse it."""
    if "$" not in text and '"' not in text and "'" not in text:
        return text
    bare = text.replace('"', "").replace("'", "")
    words = parse_shell(f'x "{bare}"').children[:1]
    return " ".join(word for child in words for word in command_words(child, state)[1:])


def _element(words: tuple[str, ...], index: str | None) -> str | None:
    """Return the element of an array, or all of them in one text."""
    if index in _ALL:
        return " ".join(words)
    position = int(index) if index and index.isdigit() else 0 if index is None else len(words)
    return words[position] if position < len(words) else None


def _known(value: str | None) -> str:
    return UNKNOWN if value is None else value


def _operand(node: Node, state: ShellState) -> str:
    """Return the word after the operator of `${NAME:-word}`."""
    named = [child for child in node.children if child.is_named]
    return "".join(expand_one(child, state) for child in named[1:])


def _or_default(value: str | None, operator: str, operand: Callable[[], str]) -> str | None:
    match operator.removeprefix(":"):
        case "-" | "=":
            return value or operand()
        case "+":
            return operand() if value else ""
    return value


def _substitute(node: Node, state: ShellState) -> str:
    """Return the output of `$(…)` if it is known without running it."""
    named = [child for child in node.children if child.is_named]
    if len(named) == 1 and named[0].type == "file_redirect" and named[0].children[0].type == "<":
        # `$(< FILE)`
        file = expand_one(named[0].child_by_field_name("destination"), state)
        lines = output_of([["cat", file]], state)
        return UNKNOWN if lines is None else "\n".join(lines)
    if len(named) > 1 or (named and named[0].type == "list"):
        return _directory_in(named, state) or _first_output(named, state)
    if len(named) == 1 and named[0].type == "redirected_statement":
        return _output_for_file(named[0], state)
    pipe = named[0].children if len(named) == 1 and named[0].type == "pipeline" else named
    lines = lines_of([child for child in pipe if child.is_named], state)
    return UNKNOWN if lines is None else "\n".join(lines)


def _output_for_file(node: Node, state: ShellState) -> str:
    """Return what `cut -d= -f1 < FILE` prints."""
    body, redirect = node.children[0], node.children[-1]
    if (
        body.type != "command"
        or redirect.type != "file_redirect"
        or redirect.children[0].type != "<"
    ):
        return UNKNOWN
    file = expand_one(redirect.child_by_field_name("destination"), state)
    lines = output_of([["cat", file], command_words(body, state)], state)
    return UNKNOWN if lines is None else "\n".join(lines)


def _directory_in(nodes: list[Node], state: ShellState) -> str:
    """Return the output of `cd DIRECTORY && pwd`, with which scripts find their own directory."""
    commands = [command for node in nodes for command in _successful(node)]
    match [command_words(command, state) for command in commands]:
        case [["cd", *_, directory], ["pwd", *_]] if (path := state.locate(directory)) is not None:
            return spell(path)
    return ""


def _first_output(nodes: list[Node], state: ShellState) -> str:
    """Return the output of `command -v python3 || echo python`, whose first command finds something."""
    first, operator, *_ = (*nodes[0].children, nodes[0])
    if first.type == "redirected_statement" and text_of(first.children[-1]).startswith("2>"):
        first = first.children[0]
    lines = lines_of([first], state) if len(nodes) == 1 and operator.type == "||" else None
    return "\n".join(lines) if lines else UNKNOWN


def _successful(node: Node) -> Iterator[Node]:
    """Yield the commands of a statement that run if none fails: of `cd x || exit 1`, the first one."""
    match node.type:
        case "redirected_statement":
            yield from _successful(node.children[0])
        case "list":
            yield from _successful(node.children[0])
            if node.children[1].type == "&&":
                yield from _successful(node.children[-1])
        case "command":
            yield node


def lines_of(commands: list[Node], state: ShellState) -> Lines:
    """Return the lines that a pipe of commands prints; None if they are not known."""
    if any(command.type != "command" for command in commands):
        return None
    return output_of([command_words(command, state) for command in commands], state)


_READERS: Mapping[str, Callable[[Node, ShellState], Part]] = {
    "raw_string": lambda node, _: Part(text_of(node)[1:-1], quoted=True),
    "ansi_c_string": lambda node, _: Part(_unescape_ansi(text_of(node)[2:-1]), quoted=True),
    "string": lambda node, state: Part(_string(node, state), quoted=True),
    "translated_string": lambda node, state: Part(_string(node, state), quoted=True),
    "simple_expansion": lambda node, state: Part(_variable(node, state), split=True),
    "expansion": lambda node, state: Part(_variable(node, state), split=True),
    "command_substitution": lambda node, state: Part(_substitute(node, state), split=True),
    "arithmetic_expansion": lambda *_: Part(UNKNOWN),
    "process_substitution": lambda *_: Part(UNKNOWN),
}
