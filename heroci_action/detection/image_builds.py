"""The image builds of the project's CI and of its compose files for production."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.detection.ci.yaml_file import read_yaml, table
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.repository.files import join, parent

_PRODUCTION_COMPOSE = r"(.*/)?(docker-)?compose[^/]*prod[^/]*\.ya?ml"
_CONTEXT = re.compile(r"\./?|[\w./-]+")
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


@once
def find_builds(project: ProjectFiles) -> tuple[ImageBuild, ...]:
    """Return the builds whose Dockerfile is in the repository, first of compose files, then of the CI."""
    found = (*_in_compose(project), *_in_ci(project))
    return tuple(build for build in found if project.tree.has(build.dockerfile))


def _in_compose(project: ProjectFiles) -> Iterator[ImageBuild]:
    for path in project.tree.matching(_PRODUCTION_COMPOSE):
        for service in table(read_yaml(project.tree, path).get("services")).values():
            build = table(service).get("build")
            options = table(build)
            context = build if isinstance(build, str) else options.get("context", ".")
            if build is None or not isinstance(context, str):
                continue
            place = join(parent(path), context)
            file = str(options.get("dockerfile", "Dockerfile"))
            yield ImageBuild(
                dockerfile=join(place, file),
                context=place,
                target=options.get("target") or None,
                source=path,
            )


def _in_ci(project: ProjectFiles) -> Iterator[ImageBuild]:
    for command in project.ci.commands:
        match command.words:
            case ("docker" | "podman" | "buildah", "build" | "bud", *rest):
                yield from _build(command, rest)
            case ("docker", "buildx" | "image" | "builder", "build", *rest):
                yield from _build(command, rest)


def _build(command: Command, words: list[str]) -> Iterator[ImageBuild]:
    options: dict[str, str] = {}
    context = "."
    pending = iter(words)
    for word in pending:
        name, sign, value = word.partition("=")
        if word in _VALUED:
            options[word] = next(pending, "")
        elif word.startswith("-"):
            options[name] = value if sign else ""
        elif _CONTEXT.fullmatch(word):
            context = word
    place = join(command.directory, context)
    file = options.get("-f") or options.get("--file")
    if UNKNOWN not in f"{file}{place}" and not place.startswith(("/", "..")):
        yield ImageBuild(
            # The file is relative to the directory of the command, not to the context.
            dockerfile=join(command.directory, file) if file else join(place, "Dockerfile"),
            context=place,
            target=options.get("--target") or None,
            source=command.source,
        )
