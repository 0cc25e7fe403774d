"""Workflow commands: lines on standard output that GitHub's runner executes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from actions_toolkit.command import Command

from heroci_action.github.inert import inert
from heroci_action.results.records import Severity
from heroci_action.text import clip, printable

# actions/runner, ExecutionContext: _maxIssueCount (per level and step), _maxIssueMessageLength (characters)
MAX_ANNOTATIONS = 10
MAX_MESSAGE = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A message at a location; `file` is relative to the repository's root, lines count from 1."""

    level: Severity
    message: str
    title: str | None = None
    file: str | None = None
    line: int | None = None
    end_line: int | None = None
    column: int | None = None


def command(name: str, message: str = "", **properties: str | int | None) -> str:
    """Return a command as one line, escaped by the toolkit, without empty properties.

    The toolkit would print them, and GitHub would treat an empty `file` as the name of a file.
    """
    given = {
        key: printable(str(value)) for key, value in properties.items() if value not in (None, "")
    }
    return str(Command(name, given, printable(message)))


def annotation(note: Annotation) -> str:
    """Return the command for an annotation; a message above GitHub's limit is cut with an ellipsis."""
    return command(
        note.level.value,
        clip(printable(note.message), MAX_MESSAGE),
        title=clip(note.title, 250) if note.title else None,
        file=note.file,
        line=note.line if note.file else None,
        endLine=note.end_line if note.file and note.line else None,
        col=note.column if note.file and note.line and not note.end_line else None,
    )


def add_mask(value: str) -> str:
    """Return the command that makes the runner mask a value from now on; it masks single lines only."""
    return str(Command("add-mask", {}, value))


def group(title: str, lines: Iterable[str], *, token: str) -> Iterator[str]:
    """Yield a collapsible group whose lines are untrusted."""
    yield command("group", " ".join(inert(title).split()))
    yield from untrusted(lines, token=token)
    yield command("endgroup")


def untrusted(lines: Iterable[str], *, token: str) -> Iterator[str]:
    """Yield lines between stop-commands and `token`, a random value, so that the runner executes none of them."""
    yield command("stop-commands", token)
    for line in lines:
        yield from inert(line).split("\n")
    yield f"::{token}::"


def write_line(stream: TextIO, line: str) -> None:
    """Write a line; characters that the stream's encoding lacks become `?`."""
    encoding = stream.encoding or "utf-8"
    stream.write(line.encode(encoding, errors="replace").decode(encoding) + "\n")
