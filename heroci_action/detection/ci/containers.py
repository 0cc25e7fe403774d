"""The servers that a job starts in containers, and the containers that its commands run in."""

from __future__ import annotations

import re
from dataclasses import replace

from heroci_action.detection.ci.calls import DOCKER_VALUED
from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.composition import (
    VALUED,
    Composition,
    compose_words,
    composition_of,
)
from heroci_action.detection.ci.image_build import ImageBuild, read_build
from heroci_action.detection.ci.image_contents import ImageContents, read_contents
from heroci_action.detection.ci.records import Call, Command, Container, Image, Job
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.repository.files import RepositoryFiles

_STARTING = frozenset({"up", "run", "start", "create"})
_DETACHED = re.compile(r"--detach|-[a-z]*d[a-z]*")


def with_containers(job: Job, tree: RepositoryFiles) -> Job:
    """Add the servers that the job's commands start in containers, and the variables of the containers they run in."""
    files = tree.with_files(job.created)
    used = Composition(tree=files, paths=())
    servers: dict[str, Image] = {}
    commands: list[Command] = []
    built: list[ImageBuild] = []
    contents = ImageContents()
    for command in job.commands:
        built += filter(None, [read_build(command)])
        # The files of Compose are where it is called, not where the container works.
        call = next((each for each in (*command.via, command) if compose_words(each)), None)
        if call and (words := compose_words(call)):
            used = composition_of(words, call, files)
            servers |= _started(words, used, command)
        image = None if call else _run_image(command)
        if image:
            servers[image.name] = image
        started = replace(command, background=command.background or image is not None)
        inside = _in_container(started, used)
        if find_test_run(command, files) and (build := _build_of(command, used, built)):
            contents = read_contents(build, files)
            inside = replace(inside, env={**contents.env, **inside.env})
        commands.append(inside)
    return replace(
        job,
        commands=tuple(commands),
        services=(*job.services, *servers.values()),
        image_commands=contents.commands,
    )


def _run_image(command: Command) -> Image | None:
    """Return the image that `docker run` leaves running in the background."""
    image = command.call.container.image if command.call.container else None
    if image is None or not _stays(command, image):
        return None
    place = command.words.index(image)
    options = Options.split(command.words[:place], DOCKER_VALUED)
    return replace(
        Image.parse(image, source=command.source, env=command.call.env),
        alias=options.value("--name") or "",
        ports=options.values("-p", "--publish"),
        arguments=command.words[place + 1 :],
    )


def _stays(command: Command, image: str) -> bool:
    """Return whether `docker run` leaves a container of the image running."""
    if image not in command.words or "run" not in command.words[:4]:
        return False
    options = command.words[: command.words.index(image)]
    return command.background or any(map(_DETACHED.fullmatch, options))


def _started(words: tuple[str, ...], used: Composition, command: Command) -> dict[str, Image]:
    verb, *named = Options.split(words, VALUED).words or ("",)
    if verb not in _STARTING or not used.paths:
        return {}
    _, container = _entered(command)
    if verb == "run" and container and container.service:
        # What follows the service is its command.
        named = [container.service]
    names = used.with_needs(named)
    images = {name: used.image(name) for name in names}
    return {name: image for name, image in images.items() if image is not None}


def _in_container(command: Command, used: Composition) -> Command:
    """Give a command that runs in a service's container the variables of the service."""
    call, name = _service_of(command, used)
    if call is None or name is None:
        return command
    return replace(command, env={**command.env, **used.environment(name), **call.env})


def _entered(command: Command) -> tuple[Call | None, Container | None]:
    """Return the call that enters a container, and the container."""
    calls = (each.call for each in (*command.via, command))
    return next(((call, call.container) for call in calls if call.container), (None, None))


def _service_of(command: Command, used: Composition) -> tuple[Call | None, str | None]:
    """Return the call that enters a container, and the service that it belongs to."""
    call, container = _entered(command)
    if container is None:
        return None, None
    name = container.service or used.find(container.image or "")
    return call, name if name in used.services else None


def _build_of(command: Command, used: Composition, built: list[ImageBuild]) -> ImageBuild | None:
    """Return the build of the image in which a command runs."""
    call, name = _service_of(command, used)
    image = call.container.image if call and call.container else None
    by_tag = next((build for build in built if image in build.tags), None)
    return used.build(name) if name else by_tag
