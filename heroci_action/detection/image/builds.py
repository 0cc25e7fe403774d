"""The image builds of the project's CI and of its compose files for production."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from heroci_action.detection.ci.compose.bake import read_builds
from heroci_action.detection.ci.compose.composition import COMPOSE_FILE, Composition
from heroci_action.detection.ci.compose.image_build import ImageBuild
from heroci_action.detection.project_files import ProjectFiles, once

# `compose.prod.yml`, `production.yml`; a file of another kind lists no services.
_PRODUCTION_COMPOSE = r"(.*/)?[\w.-]*prod[\w.-]*\.ya?ml"


@once
def find_builds(project: ProjectFiles) -> tuple[ImageBuild, ...]:
    """Return the builds whose Dockerfile is in the repository, first of compose files, then of the CI."""
    in_compose = _in_compose(project, _PRODUCTION_COMPOSE)
    built = (read_builds(command, project.tree) for command in project.ci.commands)
    found = (*in_compose, *itertools.chain.from_iterable(built))
    return tuple(build for build in found if project.tree.has(build.dockerfile))


def find_composed(project: ProjectFiles) -> frozenset[str]:
    """Return the Dockerfiles that any compose file builds, whatever their names."""
    named = {build.dockerfile for build in _in_compose(project, COMPOSE_FILE)}
    return frozenset(filter(project.tree.has, named))


def _in_compose(project: ProjectFiles, pattern: str) -> Iterator[ImageBuild]:
    for path in project.tree.matching(pattern):
        composition = Composition(tree=project.tree, paths=(path,))
        yield from filter(None, map(composition.build, composition.services))
