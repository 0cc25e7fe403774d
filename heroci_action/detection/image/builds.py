"""The image builds of the project's CI and of its compose files for production."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.compose.image_build import ImageBuild, read_build
from heroci_action.detection.project_files import ProjectFiles, once

_PRODUCTION_COMPOSE = r"(.*/)?(docker-)?compose[^/]*prod[^/]*\.ya?ml"


@once
def find_builds(project: ProjectFiles) -> tuple[ImageBuild, ...]:
    """Return the builds whose Dockerfile is in the repository, first of compose files, then of the CI."""
    found = (*_in_compose(project), *filter(None, map(read_build, project.ci.commands)))
    return tuple(build for build in found if project.tree.has(build.dockerfile))


def _in_compose(project: ProjectFiles) -> Iterator[ImageBuild]:
    for path in project.tree.matching(_PRODUCTION_COMPOSE):
        composition = Composition(tree=project.tree, paths=(path,))
        yield from filter(None, map(composition.build, composition.services))
