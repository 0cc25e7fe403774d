"""Whether an engine can be had at all, asked before anything waits for one; every answer comes within seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio

from heroci_action.engines.docker import ANSWER_WITHIN, Docker
from heroci_action.errors import EngineError, UsageError

VERSION = "0.21.8"  # SDK, CLI and engine speak to each other in the same version only
ENGINE_IMAGE = f"registry.dagger.io/engine:v{VERSION}"
ENGINE_CONTAINER = f"dagger-engine-v{VERSION}"  # the name that the CLI gives it
RUNNER_HOST = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"  # Dagger's manual, "Custom runner"
CLI = "_EXPERIMENTAL_DAGGER_CLI_BIN"
SESSION_PORT = "DAGGER_SESSION_PORT"  # set by `dagger run`
SCHEMES = (
    "tcp",
    "unix",
    "ssh",
    "kube-pod",
    "docker-container",
    "docker-image",
    "image",
    "container",
    "podman-container",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the engine is; `machine` is the environment that the CLI is started in, `reason` says it in words."""

    machine: Mapping[str, str]
    reason: str
    running: bool = False  # as far as is known
    starts_quickly: bool = True


async def preflight(machine: Mapping[str, str], runner_host: str | None = None) -> Target:
    """What can be known before connecting. Raises EngineError with cause and remedy, UsageError for a wrong address."""
    if SESSION_PORT in machine and runner_host is None:
        return Target(machine=machine, reason="the session of `dagger run`", running=True)
    host = runner_host or machine.get(RUNNER_HOST)
    if host:
        await _check_runner_host(host)
        return Target(
            machine={**machine, RUNNER_HOST: host}, reason=f"the engine at {_shown(host)}"
        )
    docker = Docker(machine=machine)
    problem = await docker.problem()
    if problem:
        raise EngineError(problem.cause, remedy=f"{problem.remedy}, or use --engine host")
    state = await docker.inspect("container", "{{.State.Running}}", ENGINE_CONTAINER)
    if state is not None:
        reason = f"the container {ENGINE_CONTAINER} of the local Docker"
        return Target(machine=machine, reason=reason, running=state == "true")
    here = await docker.inspect("image", "{{.Id}}", ENGINE_IMAGE) is not None
    return Target(
        machine=machine, reason=f"{ENGINE_IMAGE} in the local Docker", starts_quickly=here
    )


def _shown(host: str) -> str:
    """The address without what may be a password in it."""
    scheme, _, rest = host.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


async def _check_runner_host(host: str) -> None:
    parts = urlsplit(host)
    if parts.scheme not in SCHEMES:
        raise UsageError(
            f"the runner host {_shown(host)!r} has no scheme that Dagger knows",
            remedy="use tcp://HOST:PORT, unix:///PATH, ssh://USER@HOST, kube-pod://POD or docker-container://NAME",
        )
    try:
        if parts.scheme == "tcp":
            await _reach(_tcp(host))
        elif parts.scheme == "unix":
            await _reach_socket(parts.path)
    except (OSError, TimeoutError) as error:
        raise EngineError(
            f"no Dagger engine answers at {_shown(host)}: {error or 'it took too long'}",
            remedy="start the engine there, or correct the runner host",
        ) from error


def _tcp(host: str) -> tuple[str, int]:
    try:
        parts = urlsplit(host)
        name, port = parts.hostname, parts.port
    except ValueError:
        name = port = None
    if not (name and port):
        raise UsageError(
            f"the runner host {_shown(host)!r} has no host and port", remedy="use tcp://HOST:PORT"
        )
    return name, port


async def _reach(address: tuple[str, int]) -> None:
    with anyio.fail_after(ANSWER_WITHIN):
        await (await anyio.connect_tcp(*address)).aclose()


async def _reach_socket(path: str) -> None:
    with anyio.fail_after(ANSWER_WITHIN):
        await (await anyio.connect_unix(Path(path))).aclose()
