"""The directories that the CI adds to PYTHONPATH."""

from __future__ import annotations

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.project_ci import ProjectCI
from heroci_action.repository.files import RepositoryFiles


def import_paths(tree: RepositoryFiles, ci: ProjectCI) -> tuple[str, ...]:
    """Return the directories of the repository in the PYTHONPATH of the tests."""
    found: dict[str, None] = {}
    for run in ci.suite.runs if ci.suite else ():
        for env in (run.command.call.env, run.command.env):
            for entry in env.get("PYTHONPATH", "").split(":"):
                path = locate(entry, run.command.directory) if entry else None
                if path is not None and tree.has_directory(path):
                    found[path] = None
    return tuple(found)
