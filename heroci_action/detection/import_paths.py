"""The directories that the CI adds to PYTHONPATH and to PATH."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.project_ci import ProjectCI
from heroci_action.repository.files import RepositoryFiles


def import_paths(tree: RepositoryFiles, ci: ProjectCI) -> tuple[str, ...]:
    """Return the directories in the PYTHONPATH of the tests that the repository has or the job makes."""
    made = set(_made_directories(ci))
    entries = path_entries("PYTHONPATH", ci)
    return tuple(path for path in entries if path in made or tree.has_directory(path))


def _made_directories(ci: ProjectCI) -> Iterator[str | None]:
    for command in ci.suite.job.commands if ci.suite else ():
        if command.call.name == "mkdir" and not command.conditional:
            yield from (locate(word, command.directory) for word in command.call.arguments)


def path_entries(variable: str, ci: ProjectCI) -> tuple[str, ...]:
    """Return the paths of the repository in a variable of the tests."""
    found: dict[str, None] = {}
    for run in ci.suite.runs if ci.suite else ():
        for env in (run.command.call.env, run.command.env):
            for entry in env.get(variable, "").split(":"):
                path = locate(entry, run.command.directory) if entry else None
                if path is not None:
                    found[path] = None
    return tuple(found)
