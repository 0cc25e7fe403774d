"""The image in which the tests run, if the CI names one: what the repository installs in it, or a warning."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.ci.left_out import INSTALLS_OTHER, NETWORK
from heroci_action.detection.ci.records import Command, Image, LeftOut
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.preparation.line import find_kind, suggest_step
from heroci_action.detection.preparation.steps import FILE_PROGRAMS
from heroci_action.detection.preparation.tasks import unite_tasks
from heroci_action.detection.project_files import ProjectFiles

# Images that contain a system and a language, but no packages for one project: `python`, `cimg/python`, `ubuntu`.
_PLAIN = re.compile(
    r"(ubuntu|debian|alpine|fedora|node|docker|dind|buildpack-deps)[\w.-]*|base|default|uv|poetry|pypy\d?|python\d?|"
    r"python-?\d[\w.-]*"
)
# Programs that arrange the files of an image: `sed -i 's/\r$//' /start`, `chmod +x /start`.
_TRIFLES = FILE_PROGRAMS | {"sed", "chmod", "getent"}

# `cp configs/settings.yaml /root/.shop/settings.yaml`
_CONFIGURATION = re.compile(r"\.(ya?ml|toml|ini|cfg|json|env|py)$|(^|/)\.env$")
_COPYING = frozenset({"cp", "mv", "install", "sed"})
_OF_SYSTEM = re.compile(r"/(etc|usr|lib|var|run)/")


def detect_job_image(project: ProjectFiles) -> Iterator[Finding]:
    """Warn if the tests run in an image whose packages are not known."""
    image = _image(project)
    suite = project.ci.suite
    if suite and suite.job.presumed:
        yield Warn(
            f"{suite.job.source} runs the tests in an image whose name or build only the CI knows; the plan takes the "
            f"packages, the Python and the variables of {suite.job.presumed}, because the CI builds no other image"
        )
    if image is None:
        return
    if not image.is_known:
        yield Warn(
            f"{image.source} runs the tests in an image whose name only the CI knows; "
            "set `apt` to the packages that the tests need",
            ("apt = []",),
        )
    elif not _PLAIN.fullmatch(image.name.rpartition("/")[2]):
        yield Warn(
            f"{image.source} runs the tests in {image.reference}, whose packages are not known; "
            "set `apt` to those that the tests need",
            ("apt = []",),
        )


def find_built_files(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the lines of the Dockerfile that make something for the tests other than packages and dependencies."""
    seen: set[str] = set()
    for command in unite_tasks(project.image_commands):
        kind = find_kind(project, command)
        trifles = command.call.name in _TRIFLES or command.words[:2] == ("git", "config")
        matters = kind in {None, NETWORK, INSTALLS_OTHER} and not trifles
        if (matters or _makes_configuration(command)) and command.line not in seen:
            seen.add(command.line)
            yield LeftOut(
                line=command.shown,
                source=command.source,
                reason=kind or "it is a part of the image in which the CI runs the tests",
                command=suggest_step(project, command),
            )


def _makes_configuration(command: Command) -> bool:
    """Return whether a command copies or changes a file of settings that is not the system's own."""
    words = command.words if command.call.name == "sed" else command.words[-1:]
    files = (word for word in words if _CONFIGURATION.search(word))
    return command.call.name in _COPYING and not all(map(_OF_SYSTEM.match, files))


def _image(project: ProjectFiles) -> Image | None:
    """Return the image of the suite's job or of the container in which its tests run, or the base of that image."""
    suite = project.ci.suite
    if suite is None:
        return None
    contained = suite.main.command.call.container is not None
    return suite.job.base or (None if contained else suite.job.image)
