"""The projects of the repository around a directory."""

from __future__ import annotations

from pathlib import Path

from heroci_action.config.location import configuration_file, repository_root
from heroci_action.detection.projects import choose_project, find_projects
from heroci_action.project import ProjectConfig
from heroci_action.repository.files import RepositoryFiles


def find_project(path: Path, name: str) -> Path:
    """Return the directory of the project with this name or path. Raises UsageError with the candidates."""
    place = path.resolve()
    root = repository_root(place)
    tree = RepositoryFiles.read(root)
    return root / choose_project(tree, name, place=place.relative_to(root).as_posix())


def project_directories(path: Path) -> tuple[str, ...]:
    """Return the directories of the projects, relative to the root of the repository."""
    return find_projects(RepositoryFiles.read(repository_root(path.resolve())))


def file_to_write(project: ProjectConfig) -> tuple[str, tuple[str, ...]]:
    """Return the configuration file of the project, relative to the root, and the table in it.

    A new file belongs to the directory of the project, if the repository contains others.
    """
    place = project.place if project.facts.other_projects else project.root
    new = place / "heroci.toml"
    found = configuration_file(project.root, project.place)
    return found or (new.relative_to(project.root).as_posix(), ())
