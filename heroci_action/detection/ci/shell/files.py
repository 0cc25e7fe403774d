"""The files that shell statements write, with their text if it is known."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.compose.calls import compose_options, compose_words, composition_of
from heroci_action.detection.ci.records import ROOT, Command, Write
from heroci_action.detection.ci.shell.outputs import output_of
from heroci_action.detection.ci.shell.sed import substitute
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.shell.statement_text import Span
from heroci_action.detection.ci.shell.syntax import bytes_of, text_of
from heroci_action.detection.ci.shell.words import command_words, expand_one
from heroci_action.repository.files import join

if TYPE_CHECKING:
    from tree_sitter import Node

_OF_ENVIRONMENTS = ("-p", "--python", "--prompt")
_INTO = ("-t", "--target-directory")
_NO_DIRECTORY = re.compile(r"-\w*T\w*|--no-target-directory")
_OPERATORS = {">": False, ">|": False, "&>": False, ">>": True, "&>>": True}


def input_of(node: Node, state: ShellState) -> list[str] | None:
    """Return the lines that a statement reads from a heredoc, a text or a file; None if there are none or not known."""
    for redirect in node.children:
        match redirect.type:
            case "heredoc_redirect":
                body = next(_typed(redirect.children, "heredoc_body"), None)
                return _heredoc(body, state).splitlines() if body else None
            case "herestring_redirect":
                return expand_one(redirect.children[-1], state).splitlines()
            case "file_redirect" if redirect.children[0].type == "<":
                file = expand_one(redirect.child_by_field_name("destination"), state)
                return output_of([["cat", file]], state)
    return None


def printed_input(node: Node, state: ShellState) -> list[str] | None:
    """Return the lines that a statement reads and prints as they are: `cat <<EOF`; None for any other statement."""
    body = node.child_by_field_name("body")
    words = command_words(body, state) if body is not None and body.type == "command" else []
    return input_of(node, state) if words in (["cat"], ["cat", "-"]) else None


def writes_of(span: Span, state: ShellState) -> Iterator[Write]:
    """Yield the files that a command, pipeline or redirected statement writes."""
    nodes = list(span.nodes())
    text = _output(nodes, state)
    for redirect in _typed(nodes, "file_redirect"):
        yield from _redirect_writes(redirect, text, state)
    for command in _typed(nodes, "command"):
        yield from _command_writes(command_words(command, state), text, state)


def _typed(nodes: list[Node], name: str) -> Iterator[Node]:
    return (node for node in nodes if node.type == name)


def _redirect_writes(redirect: Node, text: str | None, state: ShellState) -> Iterator[Write]:
    """Yield what `> FILE` and its like write, unless they redirect the errors."""
    operators = (child.type for child in redirect.children if child.type in _OPERATORS)
    operator = next(operators, None)
    path = state.locate(expand_one(redirect.child_by_field_name("destination"), state))
    if operator and path and text_of(redirect.child_by_field_name("descriptor")) in {"", "1"}:
        yield Write(path=path, text=text, append=_OPERATORS[operator])


def _command_writes(words: list[str], text: str | None, state: ShellState) -> Iterator[Write]:
    """Yield what `cp`, `touch`, `ln`, `mv`, `tee` and `dd` write, and the file that marks an environment."""
    program, *arguments = words or [""]
    if environment := _environment(words, state):
        yield from _all([state.locate(f"{environment}/pyvenv.cfg")], None, append=False)
    if made := _composition(words, state):
        yield from _all([state.locate(made[1]) if made[1] else None], made[0], append=False)
    options = Options.split(arguments, ())
    paths = [state.locate(word) for word in options.words]
    match program.rpartition("/")[2]:
        case "tee":
            yield from _all(paths, text, append=options.has("-a", "--append"))
        case "touch":
            yield from _all(paths, "", append=True)
        case "ln" if len(paths) > 1 and _is_symbolic(options):
            yield from _copies([*_linked(options.words, state), paths[-1]], state)
        case "cp" | "mv" | "ln" | "install":
            yield from _copies_of(arguments, state)
        case "dd":
            files = [word.removeprefix("of=") for word in arguments if word.startswith("of=")]
            yield from _all([state.locate(file) for file in files], None, append=False)
        case "sed" if _edits_in_place(arguments):
            yield from _edits(arguments, state)


def _environment(words: list[str], state: ShellState) -> str | None:
    """Return the directory of the environment that a command makes, which later commands look for."""
    match words:
        case ["uv", "sync", *_]:
            return state.env.get("UV_PROJECT_ENVIRONMENT", ".venv")
        case ["uv", "venv", *rest]:
            return next(iter(Options.split(rest, _OF_ENVIRONMENTS).words), ".venv")
        case ["virtualenv", *rest] | [_, "-m", "venv" | "virtualenv", *rest]:
            return next(iter(Options.split(rest, _OF_ENVIRONMENTS).words), None)
    return None


def _copies_of(arguments: list[str], state: ShellState) -> Iterator[Write]:
    """Yield what `cp -rT SOURCE TARGET` and `cp -t DIRECTORY SOURCE` write, as any other copy."""
    options = Options.split(arguments, _INTO)
    words = (*options.words, *options.values(*_INTO)[:1])
    inside = not any(_NO_DIRECTORY.fullmatch(name) for name, _ in options.named)
    if len(words) > 1:
        yield from _copies([state.locate(word) for word in words], state, inside=inside)


def _composition(words: list[str], state: ShellState) -> tuple[str | None, str] | None:
    """Return the text that `docker compose config` makes, and the file of its `-o`; None for any other command."""
    command = Command(
        words=tuple(words), line="", source="", directory=state.directory, env=dict(state.env)
    )
    compose = compose_words(command)
    options = compose_options(compose or (), "-o", "--output")
    if compose is None or options.words[:1] != ("config",) or options.has("--services", "-q"):
        return None
    used = composition_of(compose, command, state.files.current())
    return used.text() if used.paths else None, options.value("-o", "--output") or ""


def _all(paths: list[str | None], text: str | None, *, append: bool) -> Iterator[Write]:
    return (Write(path=path, text=text, append=append) for path in paths if path)


def _edits_in_place(arguments: list[str]) -> bool:
    return any(word.startswith(("-i", "--in-place")) for word in arguments)


def _is_symbolic(options: Options) -> bool:
    return any(name == "--symbolic" or re.fullmatch(r"-\w*s\w*", name) for name, _ in options.named)


def _linked(words: tuple[str, ...], state: ShellState) -> list[str | None]:
    """Return the files that symbolic links point to: a relative target counts from the place of the link."""
    *sources, link = words
    into = state.files.has_directory(state.locate(link) or "")
    place = link if into else posixpath.dirname(link)
    named = (s if s.startswith(ROOT) else posixpath.join(place, s) for s in sources)
    return [state.locate(name) for name in named]


def _edits(arguments: list[str], state: ShellState) -> Iterator[Write]:
    """Yield the job's own files that `sed -i` edits; a script that does more than replace makes their text unknown."""
    options = Options.split(arguments, ("-e", "--expression"))
    given = options.values("-e", "--expression")
    scripts = given or options.words[:1]
    for path in map(state.locate, options.words if given else options.words[1:]):
        if path in state.files.written:
            text = state.files.text(path)
            for script in scripts:
                text = substitute(text, script, extended=options.has("-E", "-r"))
            yield Write(path=path, text=text)


def _copies(paths: list[str | None], state: ShellState, *, inside: bool = True) -> Iterator[Write]:
    """Yield the copies of all paths at the last one, `inside` it if it is a directory."""
    *sources, target = paths
    for source in filter(None, sources if target else ()):
        into = inside and state.files.has_directory(str(target))
        name = f"{target}/{source.rpartition('/')[2]}" if into else str(target)
        for path in state.files.below(source):
            copy = join(f"{name}{path.removeprefix(source)}")
            yield Write(path=copy, text=state.files.text(path), copy_of=path)


def _output(nodes: list[Node], state: ShellState) -> str | None:
    """Return the output of a pipe, else the output of its first command."""
    commands = [command_words(node, state) for node in _typed(nodes, "command")]
    printed = _printed(commands[0] if commands else [], nodes, state)
    lines = output_of(commands, state) if len(commands) > 1 or printed is None else None
    return printed if lines is None else "\n".join([*lines, ""])


def _printed(words: list[str], nodes: list[Node], state: ShellState) -> str | None:
    """Return the output of `echo`, `printf` or `cat`, perhaps with a heredoc."""
    heredoc = next(_typed(nodes, "heredoc_body"), None)
    if made := _composition(words, state):
        return made[0]
    match words:
        case ["cat" | "tee", *_] if heredoc is not None:
            return _heredoc(heredoc, state)
        case ["echo", *rest]:
            return _echo(rest)
        case ["printf", form, *rest]:
            return _printf(form.replace("\\n", "\n"), rest)
        case ["cat", path] if (place := state.locate(path)) is not None:
            return state.files.text(place)
    return None


def _echo(words: list[str]) -> str:
    printed = [word for word in words if word not in {"-e", "-n", "-en", "-ne"}]
    text = " ".join(printed)
    return (text.replace("\\n", "\n") if len(printed) < len(words) else text) + "\n"


def _printf(form: str, words: list[str]) -> str:
    """Return what printf prints: the format, repeated until every word has taken the place of a `%s`."""
    count = form.count("%s")
    if not count:
        return form
    repeats = max(-(-len(words) // count), 1)
    pending = itertools.chain(words, itertools.repeat(""))
    return re.sub("%s", lambda _: next(pending), form * repeats)


def _heredoc(body: Node, state: ShellState) -> str:
    start = body.prev_sibling
    while start is not None and start.type != "heredoc_start":
        start = start.prev_sibling
    if text_of(start)[:1] in {"'", '"', "\\"} or not body.children:
        return text_of(body)
    source = bytes_of(body)
    found: list[str] = []
    position = 0
    for child in (child for child in body.children if child.type != "heredoc_content"):
        found.append(source[position : child.start_byte - body.start_byte].decode(errors="replace"))
        found.append(expand_one(child, state))
        position = child.end_byte - body.start_byte
    return "".join([*found, source[position:].decode(errors="replace")])
