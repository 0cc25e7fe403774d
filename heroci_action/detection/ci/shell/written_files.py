"""The files that a shell line writes into the checkout."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.shell.script import read_script
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import RepositoryFiles, join


def find_written_files(line: str, directory: str, tree: RepositoryFiles) -> tuple[str, ...]:
    """Return the files that a line writes if it runs in this directory; paths are relative to the repository's root."""
    script = Script(text=line, source="", directory=directory)
    state = ShellState.start(script, WorkingTree(tree))
    written = [
        path for command in read_script(script, state) for path in _written_by(command, state)
    ]
    return tuple(dict.fromkeys(written))


def _written_by(command: Command, state: ShellState) -> Iterator[str]:
    yield from (write.path for write in command.writes)
    words = [word for word in command.call.arguments if not word.startswith("-")]
    match command.call.name:
        case "sed" | "perl" if _edits_in_place(command.call.arguments):
            yield from filter(None, map(state.locate, words))
        case "cp" | "mv" | "ln" | "install" if len(words) > 1:
            *sources, target = words
            # The target may be a directory.
            inside = (join(target, source.rpartition("/")[2]) for source in sources)
            yield from filter(None, map(state.locate, (target, *inside)))


def _edits_in_place(arguments: tuple[str, ...]) -> bool:
    return any(
        word.startswith("--in-place")
        or (word.startswith("-") and not word.startswith("--") and "i" in word)
        for word in arguments
    )
