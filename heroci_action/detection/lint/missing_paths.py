"""Paths that calls of lint tools name and the repository lacks: with them, a step would fail in every run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.lint.options import is_dropped, with_values
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.text import some

# The subcommands of Ruff.
_MODES = frozenset({"check", "format"})
_PATTERN = re.compile(r"[*?\[]")
_PROGRAMS = frozenset().union(*(tool.programs for tool in LINT_TOOLS.values()))


def without_missing(project: ProjectFiles, command: Command) -> tuple[str, ...]:
    """Return the arguments of a call without the paths that the repository lacks."""
    missing = {word for word, exists in _paths(project, command) if not exists}
    return tuple(word for word in command.call.arguments if word not in missing)


def lacks_every_path(project: ProjectFiles, command: Command) -> bool:
    """Return whether the repository lacks every path of a call; a call without one checks its directory."""
    found = [exists for _, exists in _paths(project, command)]
    return bool(found) and not any(found)


def warn_of_missing_paths(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of the calls of lint tools with paths that the plan does not contain, because the repository lacks them."""
    lines = [
        f"{word!r} in {command.brief!r} ({command.source})"
        for command in project.ci.commands
        if command.call.name in _PROGRAMS and not command.may_fail
        for word, exists in _paths(project, command)
        if not exists
    ]
    if lines:
        yield Warn(
            f"the CI checks paths that the repository lacks, and the plan does not: {some(list(dict.fromkeys(lines)))}"
        )


def _paths(project: ProjectFiles, command: Command) -> Iterator[tuple[str, bool]]:
    """Yield the words of a call that are paths, and whether they exist; the word after an unknown option is none."""
    tree, previous = project.tree, ""
    for word, value in with_values(command.call.arguments):
        path = locate(word, command.directory)
        may_be_value = previous.startswith("-") and not is_dropped(previous, None)
        # Pylint also takes the names of modules, which may be installed.
        is_module = command.call.name == "pylint" and not re.search(r"/|\.py$", word)
        if path is not None and not may_be_value and _is_path(word):
            known = is_module or tree.has(path) or tree.has_directory(path)
            yield word, known or (tree.root / path).exists()
        previous = word if value is None and "=" not in word else ""


def _is_path(word: str) -> bool:
    """Return whether a word is neither an option, nor a subcommand, nor a pattern, nor known only to the CI."""
    named = word.startswith("-") or word in _MODES or UNKNOWN in word
    return not named and _PATTERN.search(word) is None
