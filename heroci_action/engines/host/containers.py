"""Containers of the host engine on a private network: services, commands in the image, and the application."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice

import anyio

from heroci_action.engines.base import Sink, Stream
from heroci_action.engines.commands import forwards_command
from heroci_action.engines.docker import Docker
from heroci_action.engines.host.ports import LOOPBACK, wait_for_port
from heroci_action.engines.known_services import (
    Access,
    KnownService,
    address,
    container_arguments,
    known_service,
    service_image,
    service_port,
)
from heroci_action.engines.process import Program
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service

# Seconds; the image is pulled before.
READY_WITHIN = 120.0
DEFAULT_DATABASE = "heroci"


# The sockets of a container's network: https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt
_SOCKETS = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTENING = "0A"


def _listens(sockets: str, port: int) -> bool:
    """Return whether a table of the kernel's sockets contains a socket that listens on a port."""
    rows = (line.split()[1:4] for line in sockets.splitlines())
    return any(row[0].endswith(f":{port:04X}") and row[2] == _LISTENING for row in rows if row[2:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """Containers on one network, on which services are known by their names, as they are in Dagger."""

    docker: Docker
    network: str
    own_container: str | None

    def name(self, name: str) -> str:
        """Return the full name of a container."""
        return f"{self.network}-{name}"

    async def start_service(
        self, service: Service, sink: Sink, *, published: int | None = None
    ) -> ContainerService:
        """Start a service and wait until it is ready; `published` is its port on this machine's loopback.

        Raises EngineError if it does not become ready.
        """
        image, known = service_image(service), known_service(service)
        access = Access.of(service, known) if known and known.account else None
        started = ContainerService(
            containers=self,
            service=service,
            image=image,
            port=service_port(service),
            published=published,
            known=known,
            access=access,
        )
        await self._pull(service, image, sink)
        publish = ("-p", f"{LOOPBACK}:{published}:{started.port}") if published else ()
        run = (*self._run(service.name, started.environment), "-d", *publish, image)
        await self._require("start", service, sink, *run, *container_arguments(service))
        await started.wait_until_ready(sink)
        return started

    async def _pull(self, service: Service, image: str, sink: Sink) -> None:
        if await self.docker.inspect("image", "{{.Id}}", image) is None:
            await self._require("pull the image of", service, sink, "pull", image)

    async def _require(self, verb: str, service: Service, sink: Sink, *arguments: str) -> None:
        lines: list[str] = []

        def keep(stream: Stream, line: str) -> None:
            lines.append(line)
            sink(stream, line)

        if await self.docker.execute(*arguments, sink=keep):
            raise EngineError(
                f"Docker could not {verb} service {service.name!r} ({service_image(service)}){_cause(lines)}",
                remedy=f"see the log of the services; the registry may not be reachable{_alternative(service)}",
            )

    def _run(self, name: str, env: Mapping[str, str]) -> tuple[str, ...]:
        """Return the arguments of `docker run`; variables are passed in a file, because `ps` shows arguments."""
        file = self.docker.scratch / f"env-{secrets.token_hex(4)}"
        inline = [f"{key}={value}" for key, value in env.items() if "\n" in value]
        lines = [f"{key}={value}\n" for key, value in env.items() if "\n" not in value]
        file.touch(mode=0o600)
        file.write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
        place = ("--network", self.network, "--network-alias", name, "--name", self.name(name))
        variables = ("--env-file", str(file), *(word for each in inline for word in ("-e", each)))
        return ("run", "--label", self.docker.label, *place, *variables)

    async def command(
        self, image: str, arguments: Sequence[str], env: Mapping[str, str]
    ) -> Program:
        """Return a program that runs in the image, on the network of the services."""
        name = f"command-{secrets.token_hex(4)}"
        entrypoint = await self._entrypoint(image)
        call = (*self._run(name, env), "--rm")
        if entrypoint and not forwards_command(entrypoint):
            return self.docker.program(*call, "--entrypoint", arguments[0], image, *arguments[1:])
        return self.docker.program(*call, image, *arguments)

    async def _entrypoint(self, image: str) -> tuple[str, ...]:
        found = await self.docker.inspect("image", '{{join .Config.Entrypoint "\\n"}}', image)
        return tuple(found.split("\n")) if found else ()

    def application(
        self, image: str, arguments: Sequence[str], *, port: int, env: Mapping[str, str]
    ) -> Program:
        """Return the application as a program that runs until it is ended; its port is published on loopback."""
        call = (*self._run("app", env), "--rm", "-p", f"{LOOPBACK}::{port}")
        return self.docker.program(*call, image, *arguments)

    async def application_address(self, port: int) -> tuple[str, int]:
        """Wait without a limit until Docker has started the application, and return its address."""
        while True:
            found = await (self._own_address(port) if self.own_container else self._published(port))
            if found:
                return found
            await anyio.sleep(0.05)

    async def _published(self, port: int) -> tuple[str, int] | None:
        found = await self.docker.capture("port", self.name("app"), f"{port}/tcp")
        lines = found.stdout.split()
        if found.exit_code or not lines:
            return None
        return LOOPBACK, int(lines[0].rpartition(":")[2])

    async def _own_address(self, port: int) -> tuple[str, int] | None:
        """Return the address on the network: a container cannot reach ports on the machine's loopback."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        host = await self.docker.inspect("container", template, self.name("app"))
        return (host, port) if host else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerService:
    """A service in a container."""

    containers: Containers
    service: Service
    image: str
    port: int
    published: int | None
    known: KnownService | None
    access: Access | None

    @property
    def name(self) -> str:
        """The full name of the container."""
        return self.containers.name(self.service.name)

    @property
    def database(self) -> str:
        """The database that the image creates."""
        return (self.access and self.access.database) or DEFAULT_DATABASE

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the container."""
        if self.known and self.access:
            created = self.access.container_environment(self.known, self.database)
            return {**created, **self.service.env}
        return dict(self.service.env)

    @property
    def address(self) -> tuple[str, int]:
        """The address of the service as processes on this machine reach it."""
        if self.published is None or self.containers.own_container:
            return self.service.name, self.port
        return LOOPBACK, self.published

    def values(self, database: str | None = None) -> Mapping[str, str]:
        """Return the values of the placeholders."""
        host, port = self.address
        if self.access:
            return self.access.values(host, port, database or self.database)
        return address(self.service, host, port)

    async def create_database(self, name: str) -> Mapping[str, str]:
        """Create a database for a stage unless the project's code contains a name for it, and return its values."""
        if self.access is None or self.known is None or self.access.database:
            return self.values()
        docker = self.containers.docker
        password = "PGPASSWORD" if self.known.scheme == "postgres" else "MYSQL_PWD"
        command = self.access.create_database(self.known, name)
        login = ("-e", f"{password}={self.access.password}") if self.access.password else ()
        done = await docker.capture("exec", *login, self.name, *command)
        if done.exit_code and "already exists" not in done.stderr:
            raise EngineError(
                f"service {self.service.name!r} refused to create a database: {done.stderr.strip()}",
                remedy=f"check `services.{self.service.name}.env`",
            )
        return self.values(name)

    async def wait_until_ready(self, sink: Sink) -> None:
        """Wait until the service is ready. Raises EngineError if it is not within two minutes, or ends."""
        with anyio.move_on_after(READY_WITHIN):
            while not await self._is_ready():
                await self._check_running(sink)
                await anyio.sleep(0.1)
            return
        raise EngineError(
            f"service {self.service.name!r} was not ready within {READY_WITHIN:g} s",
            remedy="see the log of the services",
        )

    async def _is_ready(self) -> bool:
        if self.known:
            asked = await self.containers.docker.capture("exec", self.name, *self.known.ready)
            return asked.exit_code == 0
        # Docker accepts connections to a published port before the service listens.
        listed = await self.containers.docker.capture("exec", self.name, "cat", *_SOCKETS)
        if listed.stdout:
            return _listens(listed.stdout, self.port)
        if self.published is None and not self.containers.own_container:
            # Only other containers can reach it, and nothing is known that would check it from inside.
            return True
        with anyio.move_on_after(1):
            await wait_for_port(*self.address)
            return True
        return False

    async def _check_running(self, sink: Sink) -> None:
        docker = self.containers.docker
        if await docker.inspect("container", "{{.State.Running}}", self.name) != "true":
            await docker.execute("logs", "--tail", "50", self.name, sink=sink)
            raise EngineError(
                f"service {self.service.name!r} ended before it was ready",
                remedy="see the log of the services",
            )


@asynccontextmanager
async def open_network(docker: Docker, name: str) -> AsyncIterator[Containers]:
    """Create a network; on exit, remove it and all containers on it."""
    network = f"heroci-{docker.run}-{name}"
    created = await docker.capture("network", "create", "--label", docker.label, network)
    if created.exit_code:
        raise EngineError(
            f"Docker could not create a network: {created.stderr.strip()}",
            remedy="remove unused networks with `docker network prune`, or restart Docker",
        )
    own_container = await docker.own_container()
    containers = Containers(docker=docker, network=network, own_container=own_container)
    try:
        if own_container:
            await docker.capture("network", "connect", network, own_container)
        yield containers
    finally:
        with anyio.CancelScope(shield=True):
            await _remove(containers)


async def _remove(containers: Containers) -> None:
    docker = containers.docker
    left = await docker.capture(
        "ps",
        "-aq",
        "--filter",
        f"network={containers.network}",
        "--filter",
        f"label={docker.label}",
    )
    if left.stdout.split():
        await docker.capture("rm", "-fv", *left.stdout.split())
    if containers.own_container:
        await docker.capture("network", "disconnect", containers.network, containers.own_container)
    await docker.capture("network", "rm", containers.network)


def _cause(lines: Sequence[str]) -> str:
    """Return what Docker's daemon answered, as the end of a message; the client's hints follow it."""
    answers = (line.partition("rror response from daemon: ")[2].strip() for line in lines)
    return "".join(f": {answer}" for answer in islice(filter(None, answers), 1))


def _alternative(service: Service) -> str:
    """Return the end of a remedy: a service with an image of its own has no other program, and a stage may run one."""
    if service.image:
        return f", or set services.{service.name}.image to an image that this machine has"
    known = known_service(service)
    if known is None:
        return ""
    return f", or install it (Debian: `apt-get install {known.package}`), unless the stage runs an image"
