"""The image builds of the project's CI and of its compose files for production."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from heroci_action.detection.ci.command_line import split_words
from heroci_action.detection.ci.compose.bake import read_bake_files
from heroci_action.detection.ci.compose.builds import read_builds
from heroci_action.detection.ci.compose.composition import COMPOSE_FILE, Composition
from heroci_action.detection.ci.compose.image_build import ImageBuild
from heroci_action.detection.ci.records import LeftOut
from heroci_action.detection.ci.yaml_file import read_yaml, table, texts
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.repository.files import join, parent

_HEROKU = "heroku.yml"
# `compose.prod.yml`, `production.yml`; a file of another kind lists no services.
_PRODUCTION_COMPOSE = r"(.*/)?[\w.-]*prod[\w.-]*\.ya?ml"


# `docker-compose.override.yml`, `compose-prod.yaml`
_VARIANT = re.compile(r"((?:.*/)?(?:docker-)?compose)[.-][^/]*\.ya?ml")
# `prod`, `web-production`: services of a compose file with several purposes
_PRODUCTION_SERVICE = re.compile(r"(?:.*[-_])?prod(?:uction)?(?:[-_].*)?", re.IGNORECASE)


@once
def find_builds(project: ProjectFiles) -> tuple[ImageBuild, ...]:
    """Return the builds whose Dockerfile is in the repository: of Heroku, of compose files, then of the CI.

    Services for production of other compose files come last.
    """
    released = filter(None, [read_released(project)])
    in_compose = _in_compose(project, _PRODUCTION_COMPOSE)
    built = (read_builds(command, project.tree) for command in project.ci.commands)
    named = _in_compose(project, COMPOSE_FILE, _PRODUCTION_SERVICE)
    found = (*released, *in_compose, *itertools.chain.from_iterable(built), *named)
    return tuple(build for build in found if project.tree.has(build.dockerfile))


def read_released(project: ProjectFiles) -> ImageBuild | None:
    """Return the build of the application in heroku.yml, with the command that starts it.

    https://devcenter.heroku.com/articles/build-docker-images-heroku-yml
    """
    content = _heroku(project)
    build = table(content.get("build"))
    web = table(build.get("docker")).get("web")
    dockerfile = web if isinstance(web, str) else str(table(web).get("dockerfile", ""))
    if not dockerfile:
        return None
    started = table(content.get("run")).get("web")
    command = table(started).get("command", started)
    return ImageBuild(
        dockerfile=join(dockerfile),
        context=parent(join(dockerfile)),
        target=table(web).get("target"),
        source=_HEROKU,
        arguments={name: str(text) for name, text in table(build.get("config")).items()},
        command=_in_shell(" ".join(texts(command))),
    )


def find_release(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the commands of heroku.yml for a release, except for `migrate`, which HeroCI runs itself."""
    for line in texts(table(_heroku(project).get("release")).get("command")):
        if not re.fullmatch(r"[\w./ -]*manage(\.py)? migrate( --no-?input)?", line):
            yield LeftOut(
                line=line,
                source=_HEROKU,
                reason="it runs in the image when the application is released",
            )


def _heroku(project: ProjectFiles) -> Mapping[str, Any]:
    return read_yaml(project.tree, _HEROKU)


def _in_shell(line: str) -> tuple[str, ...]:
    """Return the words of a command, or the call of a shell for anything that only a shell understands."""
    plain = re.search(r"[;&|<>`(*?]|\$(?!PORT\b|\{PORT\})", line) is None
    return tuple(split_words(line)) if plain else ("sh", "-c", line)


def find_composed(project: ProjectFiles) -> frozenset[str]:
    """Return the Dockerfiles that any compose file or bake file builds, whatever their names."""
    builds = (*_in_compose(project, COMPOSE_FILE), *read_bake_files(project.tree))
    return frozenset(build.dockerfile for build in builds if project.tree.has(build.dockerfile))


def _in_compose(
    project: ProjectFiles, pattern: str, service: re.Pattern[str] = re.compile(".*")
) -> Iterator[ImageBuild]:
    for path in project.tree.matching(pattern):
        composition = Composition(tree=project.tree, paths=(path,))
        names = tuple(filter(service.fullmatch, composition.services))
        yield from filter(None, map(composition.build, names))
        if base := _base_of(project, path):
            own = (name for name in names if "build" in composition.services[name])
            yield from filter(None, map(replace(composition, paths=(base, path)).build, own))


def _base_of(project: ProjectFiles, path: str) -> str | None:
    """Return the file of Compose that another one changes: `compose.yml` for `compose.override.yml`."""
    match = _VARIANT.fullmatch(path)
    return project.tree.first(f"{match[1]}.yml", f"{match[1]}.yaml") if match else None
