"""Expand `docker compose up` and `run` into the commands of services: first their needs, then the service itself."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.compose.calls import compose_options, compose_words
from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.compose.image_build import ImageBuild, find_build
from heroci_action.detection.ci.compose.mounts import (
    environment_of_service,
    mounts_of,
    mounts_of_service,
)
from heroci_action.detection.ci.docker_calls import DOCKER_VALUED
from heroci_action.detection.ci.records import Call, Command, Container, Script
from heroci_action.detection.ci.yaml_file import texts
from heroci_action.repository.files import RepositoryFiles

_RETURNING = frozenset(
    {"--exit-code-from", "--abort-on-container-exit", "--abort-on-container-failure"}
)


def expand_compose_up(command: Command, used: Composition | None) -> tuple[Script, ...] | None:
    """Return the command of the service that ends the call; None if the call leaves its services running."""
    words = compose_words(command)
    if words is None or used is None:
        return None
    options = compose_options(words)
    container = command.call.container
    candidates: tuple[str | None, ...] = ending_services(words)
    if candidates:
        # Without a name, the first service with a command ends the call.
        candidates += tuple(used.services)
    elif options.words[:1] == ("run",) and not options.has("-d", "--detach"):
        candidates = (container.service if container else None,)
    found = (
        script
        for name in filter(None, candidates)
        for script in service_scripts(used, name, command)
    )
    return next(((script,) for script in found), None)


def expand_needs(
    command: Command,
    words: tuple[str, ...],
    used: Composition,
    ends: Callable[[Script], bool | None],
) -> Iterator[tuple[Command, Script]]:
    """Yield the commands of the services that end before the tests, each with the call of its container.

    Other services wait for their end, or the repository builds them and their command `ends` by itself.
    """
    options = compose_options(words)
    container = command.call.container
    named: list[str] = []
    match options.words:
        case _ if options.has("--no-deps") or not used.paths:
            return
        case ("up", *services):
            named = services
        case ("run", *_) if container and container.service:
            named = [container.service]
        case _:
            return
    starts = options.words[:1] == ("up",) and not ending_services(words)
    for name in reversed(used.with_needs(named)):
        call = Call(container=Container(service=name))
        waited = name in used.ending and name not in named
        own = used.build(name) is not None and (starts or name not in named)
        for script in service_scripts(used, name, command):
            if waited or (own and ends(script)):
                yield replace(command, call=call), script


def with_pulled_image(command: Command, used: Composition) -> Command:
    """Return the call of a service with its image, if the repository does not build it."""
    container = command.call.container
    name = (container and container.service) or ""
    image = used.image(name) if name in used.services else None
    if container is None or image is None or image.built:
        return command
    found = replace(container, pulled=image.reference)
    return replace(command, call=replace(command.call, container=found))


def ending_services(words: tuple[str, ...]) -> tuple[str | None, ...]:
    """Return the services that may end `up`, the likeliest first, then None; empty if no service ends it."""
    options = compose_options(words)
    verb, *named = options.words or ("",)
    if verb != "up" or not options.has(*_RETURNING):
        return ()
    return (*options.values(*_RETURNING), *named, None)


def entry_point_script(used: Composition, command: Command) -> Script | None:
    """Return the call of the entry point that receives WORDS of `docker compose run web WORDS`; None without one."""
    words, container = compose_words(command) or (), command.call.container
    name = (container and container.service) or ""
    options = compose_options(words)
    if name not in used.services or options.words[:1] != ("run",) or options.has("--entrypoint"):
        return None
    build = used.build(name)
    own = _shell(used.services[name].get("entrypoint"))
    given = words[words.index("run") + 1 :]
    text = _started(build, used.tree, given[given.index(name) + 1 :], own)
    script = _script(used, name, command, text)
    return replace(script, env={**script.env, **command.call.env}) if text else None


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


def service_scripts(used: Composition, name: str, command: Command) -> Iterator[Script]:
    """Yield what the container of a service runs, if the compose file says so."""
    content = used.services.get(name, {})
    parts = (_shell(content.get("entrypoint")), _shell(content.get("command")))
    text = " ".join(filter(None, parts))
    if text:
        yield _script(used, name, command, text)


def _script(used: Composition, name: str, command: Command, text: str) -> Script:
    mounts = mounts_of_service(used, name)
    return Script(
        text=used.fill(mounts.move(text)),
        source=used.paths[-1],
        directory=mounts.directory or command.directory,
        env=environment_of_service(used, name),
    )


def _shell(value: object) -> str:
    return value if isinstance(value, str) else shlex.join(texts(value))
