"""Find the engine and check everything that can be known before connecting; every check ends within seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import anyio

from heroci_action.engines.docker import ANSWER_WITHIN, Docker
from heroci_action.errors import EngineError, UsageError

VERSION = "0.21.8"
"""SDK, CLI and engine only work together if they have the same version."""

ENGINE_IMAGE = f"registry.dagger.io/engine:v{VERSION}"
ENGINE_CONTAINER = f"dagger-engine-v{VERSION}"
"""The name that the CLI gives to the container that it starts."""

RUNNER_HOST = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"  # Dagger's manual, "Custom runner"
CLI = "_EXPERIMENTAL_DAGGER_CLI_BIN"
SESSION_PORT = "DAGGER_SESSION_PORT"  # set by `dagger run`

# The drivers of this version (dagger/dagger, engine/client/drivers).
_RUNTIMES = ("", "+docker", "+podman", "+nerdctl", "+finch", "+apple")
_REMOTE = ("tcp", "tls", "unix", "ssh", "kube-pod")
_CONTAINERS = ("docker-container", *(f"container{runtime}" for runtime in _RUNTIMES))
_IMAGES = ("docker-image", *(f"image{runtime}" for runtime in _RUNTIMES))
SCHEMES = (*_REMOTE, *_CONTAINERS, *_IMAGES)
_IN_DOCKER = ("docker-container", "container", "container+docker")
_DEFAULT_PORTS = {"tls": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An engine to connect to.

    `machine` is the environment of the CLI, `engine` names the engine in messages, and `hint` is how to examine it if
    it fails. `container` is its container in the local Docker. `running` is true if it is known to run, `pulled` false
    if its image has to be pulled first. `start` is what the CLI does to start it, None if it is not started.
    """

    machine: Mapping[str, str]
    engine: str
    hint: str
    container: str | None = None
    running: bool = False
    pulled: bool = True
    start: str | None = None


async def preflight(machine: Mapping[str, str], runner_host: str | None = None) -> Target:
    """Return the engine to use. Raises EngineError with cause and remedy, UsageError for an invalid address."""
    if SESSION_PORT in machine and runner_host is None:
        return Target(
            machine=machine,
            engine="the Dagger engine of `dagger run`",
            hint="see the output of `dagger run`",
            running=True,
        )
    host = runner_host or machine.get(RUNNER_HOST)
    return await (_find_by_address(machine, host) if host else _find_in_docker(machine))


async def _find_in_docker(machine: Mapping[str, str]) -> Target:
    docker = Docker(machine=machine)
    problem = await docker.problem()
    if problem:
        raise EngineError(problem.cause, remedy=f"{problem.remedy}, or use --engine host")
    state = await docker.inspect("container", "{{.State.Running}}", ENGINE_CONTAINER)
    running = state == "true"
    pulled = bool(state or await docker.inspect("image", "{{.Id}}", ENGINE_IMAGE))
    start = f"start the privileged container {ENGINE_CONTAINER}"
    if not pulled:
        start = f"pull the image {ENGINE_IMAGE} and {start}"
    return Target(
        machine=machine,
        engine=f"the Dagger engine in the container {ENGINE_CONTAINER}",
        hint=f"see `docker logs {ENGINE_CONTAINER}`",
        container=ENGINE_CONTAINER,
        running=running,
        pulled=pulled,
        start=None if running else start,
    )


async def _find_by_address(machine: Mapping[str, str], host: str) -> Target:
    parts = _split(host)
    shown = public_address(host)
    target = Target(
        machine={**machine, RUNNER_HOST: host},
        engine=f"the Dagger engine at {shown}",
        hint=_hint(parts, shown),
        container=parts.netloc if parts.scheme in _IN_DOCKER else None,
        pulled=parts.scheme not in _IMAGES,
        start=(
            f"start the engine of {shown} unless it is running" if parts.scheme in _IMAGES else None
        ),
    )
    if target.container:
        await _check_container(machine, target.container)
    try:
        with anyio.fail_after(ANSWER_WITHIN):
            await _check_address(parts, shown)
    except (OSError, TimeoutError) as error:
        raise EngineError(
            f"no Dagger engine responds at {shown}: {error or 'timeout'}",
            remedy="start the engine there, or correct the runner host",
        ) from error
    return target


def describe(machine: Mapping[str, str], runner_host: str | None = None) -> str:
    """Return the engine's version and address, without checking whether it responds."""
    host = runner_host or (None if SESSION_PORT in machine else machine.get(RUNNER_HOST))
    if host:
        return f"v{VERSION} at {public_address(host)}"
    if SESSION_PORT in machine:
        return f"v{VERSION} of `dagger run`"
    return f"v{VERSION} in the local Docker"


def public_address(host: str) -> str:
    """Return the address without anything that may be a password."""
    scheme, separator, rest = host.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}"


def _split(host: str) -> SplitResult:
    try:
        parts = urlsplit(host)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in SCHEMES:
        raise UsageError(
            f"the runner host {public_address(host)!r} has none of the schemes that Dagger knows",
            remedy=f"use tcp://HOST:PORT, for example; the schemes are {', '.join(SCHEMES)}",
        )
    return parts


def _hint(parts: SplitResult, shown: str) -> str:
    match parts.scheme:
        case "ssh":
            return f"check that `ssh {parts.netloc}` works and that an engine runs there"
        case "kube-pod":
            return f"see `kubectl logs {parts.netloc.partition('?')[0]}`"
        case scheme if scheme in _IN_DOCKER:
            return f"see `docker logs {parts.netloc}`"
        case _:
            return f"see the log of the engine at {shown}"


async def _check_container(machine: Mapping[str, str], name: str) -> None:
    """Raise EngineError unless the local Docker has a running container of that name."""
    docker = Docker(machine=machine)
    problem = await docker.problem()
    if problem:
        raise EngineError(problem.cause, remedy=f"{problem.remedy}, or use --engine host")
    state = await docker.inspect("container", "{{.State.Running}}", name)
    if state is None:
        raise EngineError(
            f"the local Docker has no container {name!r}",
            remedy="correct the runner host; `docker ps` lists the containers",
        )
    if state != "true":
        raise EngineError(f"the container {name!r} is not running", remedy=f"`docker start {name}`")


async def _check_address(parts: SplitResult, shown: str) -> None:
    """Open and close a connection, if the scheme has an address that this machine can reach directly."""
    if parts.scheme == "unix":
        await (await anyio.connect_unix(Path(parts.path))).aclose()
    elif parts.scheme in ("tcp", "tls"):
        await (await anyio.connect_tcp(*_host_and_port(parts, shown))).aclose()


def _host_and_port(parts: SplitResult, shown: str) -> tuple[str, int]:
    try:
        name, port = parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        name = port = None
    if not (name and port):
        raise UsageError(
            f"the runner host {shown!r} has no host and port",
            remedy=f"use {parts.scheme}://HOST:PORT",
        )
    return name, port
