"""Files that the CI writes from its secrets and that the settings read, such as the key of a service account."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings.source import settings_source


def warn_of_secret_files(project: ProjectFiles) -> Iterator[Finding]:
    """Warn that the plan lacks these files, unless the user has configured what runs before the tests.

    Files of variables (`.env`) are left out: warnings about their variables name them.
    """
    if project.configured("tests.before") is not None:
        return
    readers = _named_by_settings(project)
    for path, command in _secret_files(project).items():
        name = path.rpartition("/")[2]
        if "env" not in name and name in readers:
            yield Warn(
                f"{command.source} writes {path} with a value that only the CI knows, and {readers[name]} names it; if "
                "the tests need it, make one with a test value in tests.before: `heroci init` proposes a line"
            )


def _secret_files(project: ProjectFiles) -> dict[str, Command]:
    """Return the files whose last text contains a value that only the CI knows, each with the command."""
    found: dict[str, Command] = {}
    for command in project.commands:
        for write in command.writes:
            is_unknown = UNKNOWN in (command.line if write.text is None else write.text)
            if is_unknown:
                found[write.path] = command
            elif not command.conditional:
                found.pop(write.path, None)
    return found


def _named_by_settings(project: ProjectFiles) -> dict[str, str]:
    """Return the last parts of the paths among the texts in the settings, each with its file."""
    source = settings_source(project)
    return {
        node.value.rpartition("/")[2]: statement.file
        for statement in (source.statements if source else ())
        for node in ast.walk(statement.node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
