"""The services of a run, as processes on loopback: started when the first stage needs them, ended with the run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup, TaskStatus

from heroci_action.engines.base import Sink, Stream
from heroci_action.engines.commands import arguments_of
from heroci_action.engines.docker import Docker
from heroci_action.engines.host import postgres
from heroci_action.engines.host.ports import LOOPBACK, free_port, wait_for_port
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.known_services import address, service_image, service_port
from heroci_action.engines.process import Program, ready, running
from heroci_action.errors import EngineError
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import Service

READY_WITHIN = 60.0  # seconds

Values = Mapping[str, str]
"""What is known of a service: host, port, url, and for a database user, password, db."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """A service that answers, for one stage."""

    values: Values
    secrets: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class _Relay:
    """Keeps what a service prints until there is a stage to tell it to."""

    def __init__(self) -> None:
        self._kept: list[tuple[Stream, str]] = []
        self._sink: Sink | None = None

    def __call__(self, stream: Stream, line: str) -> None:
        if self._sink:
            self._sink(stream, line)
        else:
            self._kept.append((stream, line))

    def to(self, sink: Sink) -> None:
        """Tell the stage that asked first what was kept and what follows."""
        if self._sink is None:
            self._sink = sink
            for stream, line in self._kept:
                sink(stream, line)


class ProcessServices:
    """Starts each service once a run, whatever the number of stages that use it."""

    def __init__(self, workspace: Workspace, docker: Docker, tasks: TaskGroup) -> None:
        self._workspace = workspace
        self._docker = docker
        self._tasks = tasks
        self._lock = anyio.Lock()
        self._servers: dict[str, tuple[postgres.Server, _Relay]] = {}
        self._ports: dict[str, int] = {}

    def begin(self, service: Service) -> None:
        """Start PostgreSQL while nobody needs it yet: the packages are still on their way, the processors idle."""
        if _is_own_postgres(service):
            self._tasks.start_soon(self._begin, service)

    async def _begin(self, service: Service) -> None:
        # What goes wrong now goes wrong again when a stage asks, and is that stage's to tell.
        with suppress(EngineError):
            async with self._lock:
                await self._server(service)

    async def provide(self, service: Service, stage: str, sink: Sink) -> Provided:
        """The service, ready, for that stage. Raises EngineError where it does not get ready."""
        async with self._lock:
            if _is_own_postgres(service):
                return await self._postgres(service, stage, sink)
            if service.name not in self._ports:
                self._ports[service.name] = await self._tasks.start(self._serve, service, sink)
        port = self._ports[service.name]
        return Provided(values=address(service.name, LOOPBACK, port))

    async def _postgres(self, service: Service, stage: str, sink: Sink) -> Provided:
        server, relay = await self._server(service)
        relay.to(sink)
        values = await server.create_database(f"heroci_{stage.replace('-', '_')}")
        return Provided(
            values=values,
            secrets=server.access.secrets,
            facts={"postgres": str(server.binaries)},
            warnings=_replaced(service.version, server.binaries),
        )

    async def _server(self, service: Service) -> tuple[postgres.Server, _Relay]:
        if service.name not in self._servers:
            binaries = postgres.choose(
                postgres.find_binaries(self._workspace.path), service.version
            )
            relay = _Relay()
            server = await self._tasks.start(self._serve_postgres, binaries, service, relay)
            self._servers[service.name] = server, relay
        return self._servers[service.name]

    async def _serve_postgres(
        self,
        binaries: postgres.Binaries,
        service: Service,
        sink: Sink,
        *,
        task_status: TaskStatus[postgres.Server],
    ) -> None:
        starting = postgres.postgres(binaries, service, workspace=self._workspace, sink=sink)
        async with starting as server:
            task_status.started(server)
            await anyio.sleep_forever()

    async def _serve(self, service: Service, sink: Sink, *, task_status: TaskStatus[int]) -> None:
        port = service.port if service.port and not service.image else free_port()
        async with running(await self._program(service, port), sink) as process:
            self._workspace.guard_group(process.pid)
            if not await ready(process, lambda: wait_for_port(LOOPBACK, port), READY_WITHIN):
                raise _not_ready(service, process.returncode)
            task_status.started(port)
            await process.wait()
            sink(
                Stream.STDERR, f"service {service.name!r} ended with exit code {process.returncode}"
            )

    async def _program(self, service: Service, port: int) -> Program:
        if service.command:
            values = {"port": str(port), f"{service.name}.port": str(port)}
            env = {name: fill(value, values) for name, value in service.env.items()}
            return Program(
                arguments=arguments_of(fill_line(service.command, values)),
                env=self._workspace.environment(**env),
                directory=self._docker.directory,
            )
        if (
            service.name == "redis"
            and not service.image
            and shutil.which("redis-server", path=self._workspace.path)
        ):
            return Program(
                arguments=(
                    "redis-server",
                    "--bind",
                    LOOPBACK,
                    "--port",
                    str(port),
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                ),
                env=self._workspace.environment(),
                directory=self._workspace.directory("redis"),
            )
        return await self._container(service, port)

    async def _container(self, service: Service, port: int) -> Program:
        """Without a program for it on this machine, a service is a container with a published port."""
        problem = await self._docker.problem()
        if problem:
            raise EngineError(
                f"service {service.name!r} needs its program or a Docker daemon, and {problem.cause}",
                remedy=f"install it, give `services.{service.name}.command`, or start Docker",
            )
        inside = service_port(service)
        env = [word for name, value in service.env.items() for word in ("-e", f"{name}={value}")]
        publish = ("-p", f"{LOOPBACK}:{port}:{inside}")
        return self._docker.program(
            "run", "--rm", "--label", self._docker.label, *publish, *env, service_image(service)
        )


def _is_own_postgres(service: Service) -> bool:
    return service.name == "postgres" and not (service.image or service.command)


def _not_ready(service: Service, returncode: int | None) -> EngineError:
    how = (
        f"did not listen within {READY_WITHIN:g} s"
        if returncode is None
        else f"ended with exit code {returncode}"
    )
    return EngineError(f"service {service.name!r} {how}", remedy="see the log of the services")


def _replaced(wanted: str | None, binaries: postgres.Binaries) -> tuple[str, ...]:
    if wanted is None or int(wanted.split(".")[0]) == binaries.major:
        return ()
    return (f"PostgreSQL {wanted} is not on this machine; {binaries} is used instead",)
