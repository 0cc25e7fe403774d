"""Expand `docker compose up` and `run` into the commands of services: first their needs, then the service itself."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace

from heroci_action.detection.ci.compose.calls import compose_options, compose_words
from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.compose.mounts import (
    environment_of_service,
    mounts_of_service,
)
from heroci_action.detection.ci.records import Call, Command, Container, Script
from heroci_action.detection.ci.yaml_file import texts

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


def service_scripts(used: Composition, name: str, command: Command) -> Iterator[Script]:
    """Yield the script that the container of a service runs, if the compose file names one."""
    content = used.services.get(name, {})
    parts = (shell_line(content.get("entrypoint")), shell_line(content.get("command")))
    text = " ".join(filter(None, parts))
    if text:
        yield service_script(used, name, command, text)


def service_script(used: Composition, name: str, command: Command, text: str) -> Script:
    """Return a text that the container of a service runs as a script in the repository, with its variables."""
    mounts = mounts_of_service(used, name)
    return Script(
        text=used.fill(mounts.move(text)),
        source=used.paths[-1],
        directory=mounts.directory or command.directory,
        env=environment_of_service(used, name),
    )


def shell_line(value: object) -> str:
    """Return an entry point or a command of a compose file, which is a text or a list of words, as a line."""
    return value if isinstance(value, str) else shlex.join(texts(value))
