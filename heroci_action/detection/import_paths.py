"""The directories that the CI adds to PYTHONPATH and to PATH."""

from __future__ import annotations

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.project_ci import ProjectCI
from heroci_action.repository.files import RepositoryFiles


def import_paths(tree: RepositoryFiles, ci: ProjectCI) -> tuple[str, ...]:
    """Return the directories of the repository in the PYTHONPATH of the tests."""
    return tuple(path for path in path_entries("PYTHONPATH", ci) if tree.has_directory(path))


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
