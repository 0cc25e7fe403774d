"""Commands that only make files in order to compare them: together with the comparison, they are a check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from heroci_action.detection.ci.left_out import CHECKS, reason_of_git
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command
from heroci_action.detection.preparation.tracked_files import is_tracked
from heroci_action.detection.project_files import ProjectFiles

COMPARING = frozenset({"diff", "cmp"})
# `--output schema.yml`, `-o docs/api.rst`
_OUTPUTS = frozenset({"-o", "--out", "--output", "--output-file", "--file", "--schema-out"})
# `> /tmp/schema.yml`
_OUTSIDE = re.compile(r">\s*(/tmp/[\w./-]+)")


def find_makers(project: ProjectFiles, commands: Sequence[Command]) -> list[Command]:
    """Return the commands whose files nothing but a comparison uses, such as `generate > x` before `cmp x y`."""
    return [each for place, each in enumerate(commands) if _is_compared(project, commands, place)]


def makes_for(project: ProjectFiles, command: Command, comparison: Command) -> bool:
    """Return whether a command makes a file that the repository lacks, and a comparison names it."""
    return bool(_made(project, command) & _named(comparison))


def _is_compared(project: ProjectFiles, commands: Sequence[Command], place: int) -> bool:
    command, later = commands[place], commands[place + 1 :]
    kept = (each for each in commands if each is not command and each.call.name not in COMPARING)
    others = {name for each in kept for name in _named(each)}
    comparisons = [each for each in later if each.call.name in COMPARING]
    made = _made(project, command)
    if any(made & _named(each) for each in comparisons) and not made & others:
        return True
    # Git compares the files that the command makes again with those in the repository.
    asks = later[0] if later and later[0].call.name == "git" else None
    anew = (
        set(_outputs(command)) if asks and reason_of_git(asks.call.arguments) == CHECKS else set()
    )
    return bool(anew) and all(is_tracked(project, path) for path in anew)


def _made(project: ProjectFiles, command: Command) -> set[str]:
    """Return the files that a command names as its outputs, and that the repository does not contain."""
    return {path for path in _outputs(command) if not is_tracked(project, path)}


def _outputs(command: Command) -> Iterator[str]:
    yield from (write.path for write in command.writes)
    yield from _OUTSIDE.findall(command.line)
    previous = ""
    for word in command.call.arguments:
        option, sign, value = word.partition("=")
        if option in _OUTPUTS and sign:
            yield _path(value, command)
        elif previous in _OUTPUTS:
            yield _path(word, command)
        previous = word


def _named(command: Command) -> set[str]:
    """Return the words of a command as paths, with the files that it writes."""
    words = (word.rpartition("=")[2] for word in command.call.arguments)
    return {*(_path(word, command) for word in words), *(write.path for write in command.writes)}


def _path(word: str, command: Command) -> str:
    return locate(word, command.directory) or word
