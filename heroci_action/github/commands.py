"""Workflow commands: lines on standard output that GitHub's runner acts upon."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from actions_toolkit.command import Command

from heroci_action.results.records import Severity
from heroci_action.text import clip, printable

MAX_ANNOTATIONS = 10  # of each level for a step: actions/runner, ExecutionContext, _maxIssueCount
MAX_MESSAGE = 4_096  # characters: actions/runner, ExecutionContext, _maxIssueMessageLength

_OLD_COMMAND = re.compile(r"##(?=\[)")
_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
_ZERO_WIDTH = "\u200b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A message at a place in the code; `file` is relative to the repository's root, lines count from 1."""

    level: Severity
    message: str
    title: str | None = None
    file: str | None = None
    line: int | None = None
    end_line: int | None = None
    column: int | None = None


def command(name: str, message: str = "", **properties: str | int | None) -> str:
    """A command as the one line it is, escaped by the toolkit; properties without a value are left out.

    The toolkit would print those as empty, and GitHub take an empty `file` for a file of that name.
    """
    given = {
        key: printable(str(value)) for key, value in properties.items() if value not in (None, "")
    }
    return str(Command(name, given, printable(message)))


def annotation(note: Annotation) -> str:
    """The command for an annotation; a message longer than GitHub keeps is cut with an ellipsis."""
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
    """Asks the runner to mask a value in all that follows; it masks single lines only."""
    return str(Command("add-mask", {}, value))


def group(title: str, lines: Iterable[str], *, token: str) -> Iterator[str]:
    """A foldable group; its lines are somebody else's and stand between stop-commands with a random token."""
    yield command("group", " ".join(inert(title).split()))
    yield from untrusted(lines, token=token)
    yield command("endgroup")


def untrusted(lines: Iterable[str], *, token: str) -> Iterator[str]:
    """Lines among which no command is obeyed until the token comes back; nobody can print what he cannot guess."""
    yield command("stop-commands", token)
    for line in lines:
        yield from inert(line).split("\n")
    yield f"::{token}::"


def inert(text: str) -> str:
    """Text that is no command: neither `::` at the start of a line nor `##[` anywhere.

    The pages that show a log read the second form on their own, also where commands are stopped.
    """
    plain = _OLD_COMMAND.sub(f"##{_ZERO_WIDTH}", printable(text))
    return _COMMAND.sub(rf"\1:{_ZERO_WIDTH}", plain)


def write_line(stream: TextIO, line: str) -> None:
    """Write a line to a stream that may not know all characters; those it does not know become `?`."""
    encoding = stream.encoding or "utf-8"
    stream.write(line.encode(encoding, errors="replace").decode(encoding) + "\n")
