"""The image in which the tests run, if the CI names one: what the repository installs in it, or a warning."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.ci.compose.image_build import ImageBuild, read_build
from heroci_action.detection.ci.image_contents import read_contents
from heroci_action.detection.ci.records import Command, Image, LeftOut
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.left_out import NETWORK
from heroci_action.detection.preparation import find_kind, suggest_step
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.steps import FILE_PROGRAMS

# Images that contain a system and a language, but no packages for one project: `python`, `cimg/python`, `ubuntu`.
_PLAIN = re.compile(
    r"(ubuntu|debian|alpine|fedora|node|docker|dind|buildpack-deps)[\w.-]*|base|default|uv|poetry|pypy\d?|python\d?|"
    r"python-?\d[\w.-]*"
)
# Programs that arrange the files of an image: `sed -i 's/\r$//' /start`, `chmod +x /start`.
_TRIFLES = FILE_PROGRAMS | {"sed", "chmod", "getent"}


def job_image_commands(project: ProjectFiles) -> tuple[Command, ...]:
    """Return the commands that build the image, if the CI builds it with a Dockerfile of the repository."""
    image = _image(project)
    build = _build(project, image) if image else None
    return read_contents(build, project.tree).commands if build else ()


def detect_job_image(project: ProjectFiles) -> Iterator[Finding]:
    """Warn if the tests run in an image whose packages are not known."""
    image = _image(project)
    if image is None or not image.is_known or _build(project, image):
        return
    if not _PLAIN.fullmatch(image.name.rpartition("/")[2]):
        yield Warn(
            f"{image.source} runs the tests in {image.reference}, whose packages are not known; "
            "set `apt` to those that the tests need",
            ("apt = []",),
        )


def find_built_files(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the lines of the Dockerfile that make something for the tests beside packages and dependencies."""
    seen: set[str] = set()
    for command in project.image_commands:
        kind = find_kind(project, command)
        trifles = command.call.name in _TRIFLES or command.words[:2] == ("git", "config")
        if kind in {None, NETWORK} and command.line not in seen and not trifles:
            # The commands of a pipeline share their line.
            seen.add(command.line)
            yield LeftOut(
                line=command.shown,
                source=command.source,
                reason=kind or "it is a part of the image in which the CI runs the tests",
                command=suggest_step(project, command),
            )


def _image(project: ProjectFiles) -> Image | None:
    """Return the image of the suite's job, or the base of the container in which its tests run."""
    suite = project.ci.suite
    if suite is None:
        return None
    return suite.job.base if suite.main.command.call.container else suite.job.image


def _build(project: ProjectFiles, image: Image) -> ImageBuild | None:
    """Return the build of an image: by its tag, or from a directory of the same name (`ci_base` for `ci-base`)."""
    name = _letters(image.name)
    builds = filter(None, map(read_build, project.ci.commands))
    return next((build for build in builds if name and name in _names(build)), None)


def _names(build: ImageBuild) -> set[str]:
    tags = (Image.parse(tag, source="").name for tag in build.tags)
    return {_letters(build.context), *map(_letters, tags)}


def _letters(path: str) -> str:
    return re.sub(r"[^a-z0-9]", "", path.rstrip("/").rpartition("/")[2].lower())
