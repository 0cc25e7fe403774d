"""What containers start by themselves: the entry points of services and images, and the variables of an image."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.compose.calls import compose_options, compose_words
from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.compose.image_build import ImageBuild, find_build
from heroci_action.detection.ci.compose.mounts import mounts_of
from heroci_action.detection.ci.compose.up import ending_services, service_script, shell_line
from heroci_action.detection.ci.docker_calls import DOCKER_VALUED
from heroci_action.detection.ci.records import Command, Container, Script
from heroci_action.repository.files import RepositoryFiles


def entry_point_script(used: Composition, command: Command) -> Script | None:
    """Return the call of the entry point that receives WORDS of `docker compose run web WORDS`; None without one."""
    words, container = compose_words(command) or (), command.call.container
    name = (container and container.service) or ""
    options = compose_options(words)
    if name not in used.services or options.words[:1] != ("run",) or options.has("--entrypoint"):
        return None
    build = used.build(name)
    own = shell_line(used.services[name].get("entrypoint"))
    given = words[words.index("run") + 1 :]
    text = _started(build, used.tree, given[given.index(name) + 1 :], own)
    script = service_script(used, name, command, text)
    return replace(script, env={**script.env, **command.call.env}) if text else None


def start_of_container(used: Composition, command: Command) -> Script | None:
    """Return what the container starts by itself in which `exec web WORDS` runs WORDS, or which ends `up`."""
    words, container = compose_words(command) or (), command.call.container
    named = (container.service if container else None, *ending_services(words))
    name = next((each for each in named if each in used.services), None)
    if name is None or compose_options(words).words[:1] not in {("exec",), ("up",)}:
        return None
    build, content = used.build(name), used.services[name]
    own, given = (shell_line(content.get(key)) for key in ("entrypoint", "command"))
    dockerfile = None if own or build is None else build.parse(used.tree)
    start = dockerfile.entry_point if dockerfile else own
    text = f"{start} {given or (dockerfile.default_command if dockerfile else '')}".strip()
    return service_script(used, name, command, text) if text else None


def variables_of_image(
    used: Composition | None, command: Command, builds: Iterable[ImageBuild], tree: RepositoryFiles
) -> Mapping[str, str]:
    """Return the variables with which the image of a container starts, as its Dockerfile writes them."""
    container = command.call.container or Container()
    name = container.service or ""
    build = used.build(name) if used and name in used.services else None
    if build is None and container.image:
        build = find_build(container.image, builds)
    return build.parse(tree).settings if build else {}


def image_script(
    command: Command, builds: Iterable[ImageBuild], tree: RepositoryFiles
) -> Script | None:
    """Return what `docker run IMAGE WORDS` starts in an image that the job has built; None for any other command."""
    image = command.call.container.image if command.call.container else None
    build = find_build(image, builds) if image else None
    if image is None or build is None:
        return None
    place = command.words.index(image)
    options = Options.split(command.words[:place], DOCKER_VALUED)
    if "run" not in options.words or options.has("--entrypoint"):
        return None
    text = _started(build, tree, command.words[place + 1 :])
    mounts = mounts_of(command, None, [build], tree)
    return Script(
        text=mounts.move(text),
        source=build.dockerfile,
        directory=mounts.directory or command.directory,
        env={**command.env, **command.call.env},
    )


def _started(
    build: ImageBuild | None, tree: RepositoryFiles, words: Sequence[str], own: str = ""
) -> str:
    """Return the line that a container runs: an entry point, its `own` or the image's, with the words.

    Without words it receives the words of CMD, unless the entry point is its own. Words without an entry point are a
    program, which needs no reading here. Source: Docker, "Understand how CMD and ENTRYPOINT interact".
    """
    dockerfile = build.parse(tree) if build else None
    start = own or (dockerfile.entry_point if dockerfile else "")
    if words:
        return f"{start} {shlex.join(words)}" if start else ""
    default = dockerfile.default_command if dockerfile and not own else ""
    return f"{start} {default}".strip()
