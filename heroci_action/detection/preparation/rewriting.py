"""Lines of the CI that rewrite files that git tracks, each kind with its own evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.detection.preparation.code_writes import find_written
from heroci_action.detection.preparation.tracked_files import is_tracked, reason_of_write
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.repository.files import join

ANY = "files"  # that are not known by name
# Programs that edit files with an option: `sed -i`, `perl -pi`, `yq -i`, `awk -i inplace`.
_EDITORS = frozenset({"sed", "gsed", "perl", "ruby", "awk", "gawk", "yq"})
_IN_PLACE = re.compile(r"-[a-zA-Z0]*i\S*|--in-?place\S*")
# Programs that change the files that they are called with.
_CHANGING = frozenset({"patch", "dos2unix", "unix2dos", "ex", "ed"})
# Commands of git that change the checkout.
_OF_GIT = frozenset({"am", "apply", "cherry-pick", "revert"})
_BUMPING = frozenset({"bump2version", "bumpversion", "bump-my-version"})


def reason_of_rewrite(project: ProjectFiles, command: Command) -> str | None:
    """Return that a line rewrites tracked files; None if it does not, or changes only files that the CI makes."""
    found = (path for way in _WAYS for path in way(project, command))
    path = next((path for path in found if path == ANY or is_tracked(project, path)), None)
    return reason_of_write(path) if path else None


def reason_of_output(project: ProjectFiles, command: Command) -> str | None:
    """Return that a program writes its output to a tracked file."""
    paths = (write.path for write in command.writes)
    path = next((path for path in paths if is_tracked(project, path)), None)
    return reason_of_write(path) if path else None


def _by_version(_: ProjectFiles, command: Command) -> Iterator[str]:
    """Yield the file into which a line writes another version: `npm version 1.2`, `bump2version patch`."""
    match command.words:
        case ("npm" | "pnpm" | "yarn", "version", _, *_) | ("npm", "pkg", "set", *_):
            yield join(command.directory, "package.json")
        case ("poetry", "version", word, *_) if not word.startswith("-"):
            yield join(command.directory, "pyproject.toml")
        case (program, *_) if program in _BUMPING:
            yield ANY


def _by_patch(_: ProjectFiles, command: Command) -> Iterator[str]:
    """Yield that git applies commits or patches."""
    match command.words:
        case ("git", verb, *options) if verb in _OF_GIT and "--check" not in options:
            yield ANY


def _by_editor(project: ProjectFiles, command: Command) -> Iterator[str]:
    """Yield the files that an editor changes in place."""
    call = command.call
    edits = call.name in _EDITORS and any(map(_IN_PLACE.fullmatch, call.arguments))
    if not (edits or call.name in _CHANGING):
        return
    # The script may contain a value that only the CI knows.
    located = (locate(word, command.directory) for word in call.arguments)
    yield from (path for path in located if path and is_tracked(project, path))
    # Next to the script there is a file, unless the shell looks for it: `$(git ls-files)`, `| xargs sed`.
    words = [word for word in call.arguments if not word.startswith("-")]
    unknown = edits and all(UNKNOWN in word for word in words[1:] if word)
    if unknown or call.name == "patch":
        yield ANY


_Way = Callable[[ProjectFiles, Command], Iterator[str]]
_WAYS: tuple[_Way, ...] = (_by_version, _by_patch, _by_editor, find_written)
