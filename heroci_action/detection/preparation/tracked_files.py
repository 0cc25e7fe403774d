"""Lines of the CI that change what git tracks: HeroCI does not repeat them in the user's checkout."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command, LeftOut
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.preparation.steps import write_step
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.text import some

_TRACKED = ", which git tracks"
_MODE = "it changes the mode"
# Programs that unpack archives, and their options with a value.
_UNPACKING = {
    "tar": ("-f", "--file", "-C", "--directory", "-X", "-T"),
    "bsdtar": ("-f", "--file", "-C", "--directory", "-X", "-T"),
    "unzip": ("-d", "-P", "-x"),
}
_EXTRACTS = re.compile(r"--(extract|get)|-\w*x\w*")
_KEEPS = re.compile(r"--(keep|skip)-old-files|-\w*k\w*")
_REPLACES = re.compile(r"-\w*o\w*")
# `600`, `u=r`: git does not see it, and a program may ask for it.
_PRIVATE = re.compile(r"0?[46]00")


def is_tracked(project: ProjectFiles, path: str) -> bool:
    """Return whether a file is in the repository, and not only written by the CI."""
    return project.tree.has(path) and path not in project.tree.created


def reason_of_write(path: str) -> str:
    """Return why a line that writes a tracked file is left out."""
    return f"it changes {path}{_TRACKED}"


def reason_of_mode(project: ProjectFiles, command: Command) -> str | None:
    """Return that `chmod` changes the mode of tracked files or their directories: `chmod -R 777 .`."""
    words = [word for word in command.call.arguments if not word.startswith("-")]
    if words and _PRIVATE.fullmatch(words[0]):
        return None
    located = (locate(word, command.directory) for word in words[1:])
    paths = (path for path in located if path is not None)
    found = (p for p in paths if is_tracked(project, p) or project.tree.has_directory(p))
    path = next(found, None)
    return f"{_MODE} of {'files' if path == '.' else path}{_TRACKED}" if path else None


def warn_of_tracked_files(lines: Iterable[LeftOut]) -> Iterator[Finding]:
    """Warn of the left-out lines before the tests that change the content of tracked files."""
    changing = [f"{line.line!r} ({line.source})" for line in lines if changes_content(line.reason)]
    if changing:
        yield Warn(
            f"the CI changes files that git tracks before its tests, and HeroCI does not repeat that in your "
            f"checkout: {some(changing)}; if the tests need it, let the settings for tests do the same"
        )


def warn_of_directories_outside(commands: Iterable[Command]) -> Iterator[Finding]:
    """Warn of directories that the CI makes beside the checkout, where settings often keep logs: `mkdir ../logs`."""
    made = [
        f"{command.shown!r} ({command.source})"
        for command in commands
        if command.call.name == "mkdir" and _is_beside(command) and not command.may_fail
    ]
    if made:
        yield Warn(
            f"the CI makes directories beside the checkout before its tests, and HeroCI does not: "
            f"{some(list(dict.fromkeys(made)))}; if the tests need them, let the settings for tests use directories "
            "in the checkout"
        )


def warn_of_archives(project: ProjectFiles, lines: Collection[str]) -> Iterator[Finding]:
    """Warn of the lines before the tests that unpack an archive in a directory with tracked files."""
    found = [
        f"{command.shown!r} ({command.source})"
        for command in project.commands
        if _unpacks_over(project, command) and write_step(project, command) in lines
    ]
    if found:
        yield Warn(
            f"the CI unpacks archives in directories with files that git tracks: {some(list(dict.fromkeys(found)))}; "
            "HeroCI repeats that, and it replaces files of the same names in your checkout"
        )


def _unpacks_over(project: ProjectFiles, command: Command) -> bool:
    """Return whether a line may replace tracked files by those of an archive: `tar xf a.tgz`, `unzip -o a.zip`."""
    name, first = command.call.name, command.call.arguments[:1]
    if name not in _UNPACKING:
        return False
    # `tar xzf a.tgz`
    given = tuple(f"-{word}" if name != "unzip" and word.isalpha() else word for word in first)
    options = Options.split((*given, *command.call.arguments[1:]), _UNPACKING[name])
    named = [option for option, _ in options.named]
    if name == "unzip":
        replaces, members = any(map(_REPLACES.fullmatch, named)), options.words[1:]
    else:
        keeps = any(map(_KEEPS.fullmatch, named))
        replaces, members = any(map(_EXTRACTS.fullmatch, named)) and not keeps, options.words
    into = options.value("-C", "--directory", "-d") or "."
    places = [locate(f"{into}/{member}", command.directory) for member in members or (".",)]
    return replaces and any(place and _contains_tracked(project, place) for place in places)


def _contains_tracked(project: ProjectFiles, place: str) -> bool:
    start = "" if place == "." else f"{place}/"
    files = (file for file in project.tree.files if file == place or file.startswith(start))
    return any(is_tracked(project, file) for file in files)


def _is_beside(command: Command) -> bool:
    words = (word for word in command.call.arguments if word.startswith("../"))
    return any(locate(word, command.directory) is None for word in words)


def changes_content(reason: str | None) -> bool:
    """Return whether the reason to leave a line out is that it changes the text of tracked files."""
    if reason is None:
        return False
    return reason.endswith(_TRACKED) and not reason.startswith(_MODE)
