"""The files through which a job talks to its CI service: variables for later steps, outputs, summaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from heroci_action.detection.ci.dotenv import parse_dotenv
from heroci_action.detection.ci.paths import locate, spell
from heroci_action.detection.ci.records import UNKNOWN, Command, Conditional
from heroci_action.detection.ci.working_tree import WorkingTree

# A private-use character, so that no file of a repository has such a name.
_MARK = "\ue001"


def service_file(name: str) -> str:
    """Return the path of a file of the service, as the value of its variable."""
    return spell(f"{_MARK}{name}")


def drop_service_files(commands: Iterable[Command]) -> Iterator[Command]:
    """Yield the commands that do not only write such a file."""
    for command in commands:
        if not (command.writes and all(write.path.startswith(_MARK) for write in command.writes)):
            yield command


def created_files(files: WorkingTree) -> dict[str, str]:
    """Return the files of the checkout that a job has written, without the lines that are not known."""
    found: dict[str, str] = {}
    for path, text in files.written.items():
        if text is not None and not path.startswith(_MARK):
            lines = text.splitlines(keepends=True)
            found[path] = "".join(line for line in lines if UNKNOWN not in line)
    return found


def read_search_path(path: str, files: WorkingTree) -> dict[str, str]:
    """Return the variable PATH with the lines that a job has written into such a file, the last one first."""
    lines = (files.text(locate(path, ".") or "") or "").split()
    return {"PATH": ":".join(reversed(lines))} if lines else {}


def read_assignments(path: str, files: WorkingTree) -> dict[str, str]:
    """Return the lines `NAME=value` that a job has written into such a file; values may only be known to the CI."""
    return parse_dotenv(files.text(locate(path, ".") or "") or "")


def read_conditional(path: str, commands: Iterable[Command]) -> Iterator[Conditional]:
    """Yield the lines `NAME=value` that a job writes into such a file under conditions that are not known."""
    place = locate(path, ".")
    for command in commands:
        for write in command.writes if command.conditions else ():
            found = parse_dotenv(write.text or "") if write.path == place else {}
            for name, value in found.items():
                yield Conditional(
                    name=name, value=value, source=command.source, conditions=command.conditions
                )


def under_same(found: Iterable[Conditional], conditions: frozenset[str]) -> dict[str, str]:
    """Return the variables of a step that runs only if the conditions of their assignments hold, too."""
    return {each.name: each.value for each in found if each.conditions <= conditions}
