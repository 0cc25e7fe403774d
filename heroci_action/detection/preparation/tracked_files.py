"""Lines of the CI that change what git tracks: HeroCI does not repeat them in the user's checkout."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import UNKNOWN, Command, LeftOut
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.sources.settings_includes import last_name
from heroci_action.repository.files import join
from heroci_action.text import some

_TRACKED = ", which git tracks"
_MODE = "it changes the mode"
# Programs that edit files with an option: `sed -i`, `perl -pi`, `yq -i`, `awk -i inplace`.
_EDITORS = frozenset({"sed", "gsed", "perl", "ruby", "awk", "gawk", "yq"})
_IN_PLACE = re.compile(r"-[a-zA-Z0]*i\S*|--in-?place\S*")
# Programs that change the files that they are called with.
_CHANGING = frozenset({"patch", "dos2unix", "unix2dos", "ex", "ed"})
# Commands of git that change the checkout.
_OF_GIT = frozenset({"am", "apply", "cherry-pick", "revert"})
_BUMPING = frozenset({"bump2version", "bumpversion", "bump-my-version"})
_WRITING = frozenset({"write_text", "write_bytes"})
# `600`, `u=r`: git does not see it, and a program may ask for it.
_PRIVATE = re.compile(r"0?[46]00")


def is_tracked(project: ProjectFiles, path: str) -> bool:
    """Return whether a file is in the repository, and not only written by the CI."""
    return project.tree.has(path) and path not in project.tree.created


def reason_of_write(path: str) -> str:
    """Return why a line that writes a tracked file is left out."""
    return f"it changes {path}{_TRACKED}"


def reason_of_editor(project: ProjectFiles, command: Command) -> str | None:
    """Return that a line edits tracked files in place; None if it does not, or edits only files that the CI makes."""
    call = command.call
    edits = call.name in _EDITORS and any(map(_IN_PLACE.fullmatch, call.arguments))
    if not (edits or call.name in _CHANGING):
        return None
    # The script may contain a value that only the CI knows.
    located = (locate(word, command.directory) for word in call.arguments)
    path = next((path for path in located if path and is_tracked(project, path)), None)
    if path is not None:
        return reason_of_write(path)
    # Next to the script there is a file, unless the shell looks for it: `$(git ls-files)`, `| xargs sed`.
    words = [word for word in call.arguments if not word.startswith("-")]
    unknown = edits and all(UNKNOWN in word for word in words[1:] if word)
    return reason_of_write("files") if unknown or call.name == "patch" else None


def reason_of_version(project: ProjectFiles, command: Command) -> str | None:
    """Return that a line writes another version into the project: `npm version 1.2`, `bump2version patch`."""
    match command.words:
        case ("npm" | "pnpm" | "yarn", "version", _, *_) | ("npm", "pkg", "set", *_):
            path = join(command.directory, "package.json")
        case ("poetry", "version", word, *_) if not word.startswith("-"):
            path = join(command.directory, "pyproject.toml")
        case (program, *_) if program in _BUMPING:
            return reason_of_write("files")
        case ("git", verb, *options) if verb in _OF_GIT and "--check" not in options:
            return reason_of_write("files")
        case _:
            return None
    return reason_of_write(path) if is_tracked(project, path) else None


def reason_of_rewrite(project: ProjectFiles, command: Command) -> str | None:
    """Return that a program of any kind writes its output, or Python code in the line, to a tracked file."""
    paths = [write.path for write in command.writes]
    match command.call.arguments:
        case ("-c", code, *_) if command.call.program == "python":
            paths += filter(None, (locate(word, command.directory) for word in _written(code)))
    path = next((path for path in paths if is_tracked(project, path)), None)
    return reason_of_write(path) if path else None


def _written(code: str) -> Iterator[str]:
    """Yield the constant texts in Python code that writes files, among which are the paths of the files."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except SyntaxError:
        return
    if any(_writes(node) for node in nodes if isinstance(node, ast.Call)):
        yield from (
            each.value
            for each in nodes
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        )


def _writes(call: ast.Call) -> bool:
    """Return whether a call writes a file: `open(path, "w")`, `Path(path).write_text(text)`."""
    if last_name(call.func) in _WRITING:
        return True
    modes = (*call.args[1:2], *(each.value for each in call.keywords if each.arg == "mode"))
    texts = [str(each.value) for each in modes if isinstance(each, ast.Constant)]
    return last_name(call.func) == "open" and any(set("wa+") & set(text) for text in texts)


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
    changing = [f"{line.line!r} ({line.source})" for line in lines if _changes_content(line.reason)]
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


def _is_beside(command: Command) -> bool:
    words = (word for word in command.call.arguments if word.startswith("../"))
    return any(locate(word, command.directory) is None for word in words)


def _changes_content(reason: str) -> bool:
    return reason.endswith(_TRACKED) and not reason.startswith(_MODE)
