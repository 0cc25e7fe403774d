"""The builds of images that the commands of the CI do, on whatever tool."""

from __future__ import annotations

from collections.abc import Iterable

from heroci_action.detection.ci.compose.bake import bake
from heroci_action.detection.ci.compose.image_build import ImageBuild, on_its_base, read_build
from heroci_action.detection.ci.records import Command
from heroci_action.repository.files import RepositoryFiles


def read_builds(command: Command, tree: RepositoryFiles) -> tuple[ImageBuild, ...]:
    """Return the builds that a command such as `docker build` or `docker buildx bake` does."""
    match command.words:
        case ("docker", "buildx", "bake", *words):
            return tuple(bake(command, words, tree))
    build = read_build(command)
    return (build,) if build else ()


def read_all_builds(commands: Iterable[Command], tree: RepositoryFiles) -> tuple[ImageBuild, ...]:
    """Return the builds of several commands in their order, each on its base if an earlier one builds that."""
    found: list[ImageBuild] = []
    for command in commands:
        for build in read_builds(command, tree):
            found.append(on_its_base(build, found, tree))
    return tuple(found)
