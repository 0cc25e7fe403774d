"""Builds of images: which Dockerfile, from which directory, with which arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.compose.interpolation import fill
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command
from heroci_action.detection.dockerfile import Dockerfile
from heroci_action.repository.files import RepositoryFiles, join

# `./backend`
_CONTEXT = re.compile(r"[\w./][\w./-]*")
_VALUED = frozenset(
    {
        "-f", "--file", "--target", "-t", "--tag", "--build-arg", "--platform", "--cache-from", "--cache-to", "-o",
        "--output", "--label", "--network", "--progress", "--secret", "--ssh", "--builder", "-m", "--memory",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """A build of an image; paths are relative to the repository's root."""

    dockerfile: str
    context: str
    target: str | None
    source: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    # What a compose file says about the container.
    health_check: str = ""
    command: tuple[str, ...] = ()

    def parse(self, tree: RepositoryFiles) -> Dockerfile:
        """Return the Dockerfile at the target of the build."""
        return Dockerfile(tree.text(self.dockerfile), self.target)

    def base(self, tree: RepositoryFiles) -> str | None:
        """Return the image from which the build starts."""
        dockerfile = self.parse(tree)
        known = {**dockerfile.arguments, **self.arguments}
        return fill(dockerfile.base, known) if dockerfile.base else None


def read_build(command: Command) -> ImageBuild | None:
    """Return the build that a command such as `docker build` does; None for any other command."""
    match command.words:
        case ("docker" | "podman" | "buildah", "build" | "bud", *words) | (
            "docker",
            "buildx" | "image" | "builder",
            "build",
            *words,
        ):
            pass
        case _:
            return None
    options = Options.split(words, _VALUED)
    context = next(filter(_CONTEXT.fullmatch, reversed(options.words)), ".")
    place = locate(context, command.directory)
    file = options.value("-f", "--file")
    # The file is relative to the directory of the command, not to the context.
    dockerfile = locate(file, command.directory) if file else join(place or ".", "Dockerfile")
    if place is None or dockerfile is None:
        return None
    pairs = (pair.partition("=") for pair in options.values("--build-arg"))
    return ImageBuild(
        dockerfile=dockerfile,
        context=place,
        target=options.value("--target"),
        source=command.source,
        arguments={name: value for name, sign, value in pairs if sign},
        tags=options.values("-t", "--tag"),
    )
