"""The containers of a stage that runs the production image: a network of its own, its services, the application."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from heroci_action.engines.base import Sink
from heroci_action.engines.commands import forwards_command
from heroci_action.engines.docker import Docker
from heroci_action.engines.host.ports import LOOPBACK
from heroci_action.engines.host.services import Provided
from heroci_action.engines.known_services import (
    POSTGRES_UNSAFE,
    PostgresAccess,
    address,
    service_image,
    service_port,
)
from heroci_action.engines.process import Program
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service

READY_WITHIN = 120.0  # seconds; an image may have to be pulled first


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """Containers on one network; services are known to each other by their names, as they are in Dagger."""

    docker: Docker
    network: str
    own_container: str | None

    def name(self, name: str) -> str:
        """A container's name on this daemon."""
        return f"{self.network}-{name}"

    async def provide(self, service: Service, sink: Sink) -> Provided:
        """Start a service and wait until it answers. Raises EngineError where it does not."""
        image, port = service_image(service), service_port(service)
        access = PostgresAccess.of(service) if service.name == "postgres" else None
        env = {**service.env, **(_postgres_env(access) if access else {})}
        arguments = _postgres_arguments() if access else ()
        await self._must("pull the image of", service, sink, *await self._pull(image))
        started = (*self._run(service.name, env), "-d", image, *arguments)
        await self._must("start", service, sink, *started)
        await self._wait(service, sink)
        if not access:
            return Provided(values=address(service.name, service.name, port))
        values = access.values(service.name, port, env["POSTGRES_DB"])
        return Provided(values=values, secrets=access.secrets, facts={"postgres": image})

    async def _pull(self, image: str) -> tuple[str, ...]:
        here = await self.docker.capture("image", "inspect", "--format", "{{.Id}}", image)
        return (
            ("image", "inspect", "--format", "{{.Id}}", image)
            if here.exit_code == 0
            else ("pull", image)
        )

    async def _must(self, verb: str, service: Service, sink: Sink, *arguments: str) -> None:
        if await self.docker.execute(*arguments, sink=sink):
            raise EngineError(
                f"Docker could not {verb} service {service.name!r} ({service_image(service)})",
                remedy="see the log of the services; a registry may be out of reach",
            )

    async def _wait(self, service: Service, sink: Sink) -> None:
        """Ask the service itself whether it is ready, where it brings a program that tells."""
        question = {
            # Over TCP: while the image initialises the cluster, a server listens on the socket file alone.
            "postgres": ("pg_isready", "-q", "-h", LOOPBACK, "-d", "postgres"),
            "redis": ("redis-cli", "ping"),
        }.get(service.name)
        if question is None:
            return
        with anyio.move_on_after(READY_WITHIN):
            while (await self.docker.capture("exec", self.name(service.name), *question)).exit_code:
                await self._still_running(service.name, sink)
                await anyio.sleep(0.1)
            return
        raise EngineError(f"service {service.name!r} was not ready within {READY_WITHIN:g} s")

    async def _still_running(self, name: str, sink: Sink) -> None:
        state = await self.docker.capture(
            "inspect", "--format", "{{.State.Running}}", self.name(name)
        )
        if state.stdout.strip() != "true":
            await self.docker.execute("logs", "--tail", "50", self.name(name), sink=sink)
            raise EngineError(
                f"service {name!r} ended before it was ready", remedy="see the log of the services"
            )

    def _run(self, name: str, env: Mapping[str, str]) -> tuple[str, ...]:
        variables = tuple(word for key, value in env.items() for word in ("-e", f"{key}={value}"))
        place = ("--network", self.network, "--network-alias", name, "--name", self.name(name))
        return ("run", "--label", self.docker.label, *place, *variables)

    async def command(
        self, image: str, arguments: Sequence[str], env: Mapping[str, str]
    ) -> Program:
        """A program that runs in the image, beside the services."""
        name = f"command-{secrets.token_hex(4)}"
        entrypoint = await self._entrypoint(image)
        call = (*self._run(name, env), "--rm")
        if entrypoint and not forwards_command(entrypoint):
            return self.docker.program(*call, "--entrypoint", arguments[0], image, *arguments[1:])
        return self.docker.program(*call, image, *arguments)

    async def _entrypoint(self, image: str) -> tuple[str, ...]:
        found = await self.docker.capture(
            "image", "inspect", "--format", '{{join .Config.Entrypoint "\\n"}}', image
        )
        return tuple(found.stdout.split("\n")) if found.stdout.strip() else ()

    def application(
        self, image: str, arguments: Sequence[str], *, port: int, env: Mapping[str, str]
    ) -> Program:
        """The application as a program that lasts; its port is published on loopback."""
        call = (*self._run("app", env), "--rm", "-p", f"{LOOPBACK}::{port}")
        return self.docker.program(*call, image, *arguments)

    async def application_address(self, port: int) -> tuple[str, int]:
        """Where the application is reached from here; waits until Docker has started it, the caller sets the limit."""
        while True:
            found = (
                await self._own_address(port) if self.own_container else await self._published(port)
            )
            if found:
                return found
            await anyio.sleep(0.05)

    async def _published(self, port: int) -> tuple[str, int] | None:
        found = await self.docker.capture("port", self.name("app"), f"{port}/tcp")
        lines = found.stdout.split()
        return (
            (LOOPBACK, int(lines[0].rpartition(":")[2])) if found.exit_code == 0 and lines else None
        )

    async def _own_address(self, port: int) -> tuple[str, int] | None:
        """From a container of the same daemon, a port published on the machine's loopback is out of reach."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        found = await self.docker.capture("inspect", "--format", template, self.name("app"))
        host = found.stdout.strip()
        return (host, port) if found.exit_code == 0 and host else None


@asynccontextmanager
async def stage_network(docker: Docker, stage: str) -> AsyncIterator[Containers]:
    """A network for a stage; it and all containers on it are removed on leaving."""
    network = f"heroci-{docker.run}-{stage}"
    made = await docker.capture("network", "create", "--label", docker.label, network)
    if made.exit_code:
        raise EngineError(f"Docker could not make a network: {made.stderr.strip()}")
    world = Containers(docker=docker, network=network, own_container=await docker.own_container())
    try:
        if world.own_container:
            await docker.capture("network", "connect", network, world.own_container)
        yield world
    finally:
        with anyio.CancelScope(shield=True):
            await _remove(world)


async def _remove(world: Containers) -> None:
    docker = world.docker
    left = await docker.capture(
        "ps", "-aq", "--filter", f"network={world.network}", "--filter", f"label={docker.label}"
    )
    if left.stdout.split():
        await docker.capture("rm", "-fv", *left.stdout.split())
    if world.own_container:
        await docker.capture("network", "disconnect", world.network, world.own_container)
    await docker.capture("network", "rm", world.network)


def _postgres_env(access: PostgresAccess) -> dict[str, str]:
    return {
        "POSTGRES_USER": access.user,
        "POSTGRES_PASSWORD": access.password,
        "POSTGRES_DB": access.database or "heroci",
    }


def _postgres_arguments() -> tuple[str, ...]:
    return (
        "postgres",
        *(word for name, value in POSTGRES_UNSAFE.items() for word in ("-c", f"{name}={value}")),
    )
