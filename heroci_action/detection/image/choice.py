"""Which Dockerfile builds the production image, and from which directory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.ci.compose.image_build import ImageBuild
from heroci_action.detection.ci.dockerfile import Dockerfile
from heroci_action.detection.image.builds import find_builds, find_composed, read_released
from heroci_action.detection.image.code import copies_no_code, starts_code
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.settings.choice import choose_settings
from heroci_action.repository.files import ancestors, parent

# Words in the paths of Dockerfiles, and names of stages, that are not for the application in production.
SIDE = re.compile(
    r"dev(elop\w*)?|local|tests?|ci|docs?|node|nginx|postgres\w*|database|db|celery\w*|traefik|"
    r"redis|frontend|worker|flower|devcontainer|examples?|backup|templates?|elasticsearch|solr|debug|contrib|"
    r"cron|heroku|vendor|fixtures|samples?|\w*fuzz\w*|bench\w*|e2e|lint\w*|"
    r"playwright|cypress|selenium",
    re.IGNORECASE,
)
# `Dockerfile.prod`
_PRODUCTION = re.compile(r"prod(uction)?", re.IGNORECASE)
# `Dockerfile.prod`, `Dockerfile_web`, `shop.Dockerfile`, `ShopDockerfile`, `dockerfile`, which Docker finds as well
DOCKERFILE = r"(.*/)?(\w*[Dd]ockerfile([._-][\w.-]+)?|[\w.-]+\.[Dd]ockerfile|Containerfile)"
# Directories whose names do not describe their content.
_USUAL_PLACES = frozenset(
    {"src", "app", "apps", "django", "project", "config", "core", "web", "docker"}
)
# `FROM python:3.13`
_FROM = re.compile(r"^\s*FROM\s", re.MULTILINE | re.IGNORECASE)
# The command that starts the application.
_START = re.compile(r"^\s*(CMD|ENTRYPOINT)\s", re.MULTILINE | re.IGNORECASE)
# `gunicorn`
_PYTHON = re.compile(r"python|django|manage\.py|gunicorn|\bpip3?\b|\buv\b|poetry", re.IGNORECASE)


def find_dockerfile(project: ProjectFiles) -> str | None:
    """Return the Dockerfile that the production compose file or the CI builds, else the likeliest one.

    The likeliest one is in the working directory, then in the root, then in docker/ and deeper directories.
    An image without the application is for a job or for another Dockerfile.
    """
    return next((path for path in _ranked(project) if not _is_bare(project, path)), None)


def find_bases(project: ProjectFiles) -> tuple[str, ...]:
    """Return the Dockerfiles of images without the application, which others or a job may start from."""
    return tuple(path for path in _ranked(project) if _is_bare(project, path))


@once
def _ranked(project: ProjectFiles) -> tuple[str, ...]:
    """Return the Dockerfiles of Python code, the likeliest one first."""
    built = {build.dockerfile for build in find_builds(project)}
    known = dict.fromkeys(
        (*project.tree.matching(DOCKERFILE), *sorted(built | find_composed(project)))
    )
    paths = [path for path in known if _is_application(project, path, wanted=path in built)]
    shown = [path for path in paths if path in built or not _is_hidden(path)]
    released = _released(project)
    return tuple(
        sorted(shown, key=lambda path: (path != released, path not in built, _rank(project, path)))
    )


def _released(project: ProjectFiles) -> str | None:
    """Return the Dockerfile that a file for releases names as the application's, whatever its path is."""
    build = read_released(project)
    return build.dockerfile if build else None


def _is_bare(project: ProjectFiles, path: str) -> bool:
    build = find_build(project, path)
    target = build.target if build else None
    dockerfile = Dockerfile(project.tree.text(path), target)
    return dockerfile.is_bare or _is_mounted(project, path, build)


def _is_mounted(project: ProjectFiles, path: str, build: ImageBuild | None) -> bool:
    """Return whether the image contains no Python code, and is for developers, starts nothing, or starts that code.

    A container mounts the code.
    """
    text = project.tree.text(path)
    # A known target is for production, whatever the last stage is for.
    given = (build and build.target) or None
    builds_last = build is not None and not given
    target = given or Dockerfile(text).production_target(SIDE, builds_last=builds_last)
    dockerfile = Dockerfile(text, target)
    waits = target is None and not (dockerfile.has_command or dockerfile.fetches_code)
    is_side = target is None and _is_side(dockerfile.stages[-1].name)
    context = build.context if build else choose_context(project, path, dockerfile)
    needs_code = waits or is_side or starts_code(project, path, dockerfile)
    return needs_code and copies_no_code(project, dockerfile, context)


def find_build(project: ProjectFiles, dockerfile: str) -> ImageBuild | None:
    """Return the build of a Dockerfile in the production compose file or the CI, but for one of a stage for tests."""
    builds = (build for build in find_builds(project) if build.dockerfile == dockerfile)
    return next((build for build in builds if not _is_side(build.target or "")), None)


def _is_application(project: ProjectFiles, path: str, *, wanted: bool) -> bool:
    """Return whether a Dockerfile installs Python code and has no path of a test, a database or the like.

    A `wanted` image may wait for its command, and be made of other files than those around manage.py.
    """
    if path.endswith(".dockerignore") or (_is_side(path) and path != _released(project)):
        return False
    text = project.tree.text(path)
    # A last stage for developers makes room for the stage for production.
    built = Dockerfile(text, Dockerfile(text).production_target(SIDE))
    is_own = wanted or not (built.is_idle or _is_of_other_files(project, path, built))
    return bool(_FROM.search(text) and _PYTHON.search(text)) and is_own


def _is_of_other_files(project: ProjectFiles, path: str, dockerfile: Dockerfile) -> bool:
    """Return whether an image is built of a directory without the project's manage.py, as that of another program."""
    manage = project.layout.manage
    if manage is None or not dockerfile.copied:
        return False
    return choose_context(project, path, dockerfile) not in ancestors(parent(manage))


def _is_side(path: str) -> bool:
    words = list(_words(path))
    side = any(SIDE.fullmatch(word) for word in words)
    return side and not any(_PRODUCTION.fullmatch(word) for word in words)


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _words(path: str) -> Iterator[str]:
    words = re.split(r"[/._-]", path.lower())
    return (short for word in words if (short := word.removesuffix("dockerfile")))


def _rank(project: ProjectFiles, path: str) -> tuple[object, ...]:
    places = project.layout.directories
    place = places.index(parent(path)) if parent(path) in places else len(places)
    production = any(_PRODUCTION.fullmatch(word) for word in _words(path))
    plain = path.rpartition("/")[2].lower() == "dockerfile"
    return (
        # Next to `prod/django` there may be `prod/worker`.
        any(SIDE.fullmatch(word) for word in _words(path)),
        place if plain else len(places) - production,
        not production,
        not _is_named_after_project(project, path),
        _START.search(project.tree.text(path)) is None,
        path.count("/"),
        path,
    )


def _is_named_after_project(project: ProjectFiles, path: str) -> bool:
    """Return whether a Dockerfile shares a word with the paths of manage.py and the settings: `Dockerfile.shop`."""
    module = choose_settings(project)[0] or ""
    places = re.split(
        r"[/._-]", f"{parent(project.layout.manage or '.')}.{module.partition('.')[0]}"
    )
    return not {*places}.isdisjoint({*_words(path)} - {"", *_USUAL_PLACES})


def choose_context(project: ProjectFiles, path: str, dockerfile: Dockerfile) -> str:
    """Return the directory in which most of the copied files exist: the Dockerfile's, one above it, or the root."""
    directory = parent(path)
    candidates = [directory]
    while directory != ".":
        directory = parent(directory)
        candidates.append(directory)
    # docker/Dockerfile is usually built from the root.
    if "docker" in parent(path).lower():
        candidates.reverse()
    sources = dockerfile.copied
    return max(candidates, key=lambda place: sum(_exists(project, place, s) for s in sources))


def _exists(project: ProjectFiles, place: str, source: str) -> bool:
    path = source.lstrip("/") if place == "." else f"{place}/{source.lstrip('/')}"
    if any(char in source for char in "*?["):
        regex = "".join("[^/]*" if char == "*" else re.escape(char) for char in path)
        return bool(project.tree.matching(regex))
    return project.tree.has(path) or project.tree.has_directory(path)
