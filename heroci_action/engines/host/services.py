"""The services of a run: each started once, as a process or a container, and stopped with the run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import anyio
from anyio.abc import Process, TaskGroup, TaskStatus

from heroci_action.engines.base import Sink
from heroci_action.engines.commands import arguments_of
from heroci_action.engines.docker import Docker
from heroci_action.engines.host import mariadb
from heroci_action.engines.host.containers import Containers, open_network
from heroci_action.engines.host.database_server import DatabaseServer
from heroci_action.engines.host.ports import LOOPBACK, free_port, is_free, wait_for_port
from heroci_action.engines.host.postgres import start_postgres
from heroci_action.engines.host.postgres_binaries import (
    choose_for,
    version_warning,
    wanted_version,
)
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.known_services import (
    MARIADB,
    MYSQL,
    POSTGRES,
    REDIS,
    KnownService,
    address,
    known_service,
    left_out_warning,
    redis_password,
)
from heroci_action.engines.machine_errors import machine_errors
from heroci_action.engines.process import Program, ready, running
from heroci_action.engines.relay import Relay
from heroci_action.errors import EngineError
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import Service
from heroci_action.text import some

READY_WITHIN = 60.0  # seconds

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """A service that is ready, for one stage; `values` belong to its placeholders.

    `failure` returns an error if the service has stopped although no one asked it to.
    """

    values: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    failure: Callable[[], EngineError | None] = lambda: None


class CreatesDatabases(Protocol):
    """A database server with a database for each stage."""

    async def create_database(self, name: str) -> Mapping[str, str]:
        """Create a database unless it exists, and return the values of its placeholders."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    """A service of the run; `database` is set if each stage has a separate database."""

    provided: Provided
    relay: Relay
    database: CreatesDatabases | None = None

    async def provide(self, stage: str, sink: Sink) -> Provided:
        """Return the service for a stage."""
        self.relay.connect(sink)
        if self.database is None:
            return self.provided
        values = await self.database.create_database(f"heroci_{stage.replace('-', '_')}")
        return Provided(
            values=values,
            secrets=self.provided.secrets,
            facts=self.provided.facts,
            warnings=self.provided.warnings,
            failure=self.provided.failure,
        )


class ProcessServices:
    """Starts each service once per run, whatever the number of stages that use it."""

    def __init__(self, workspace: Workspace, docker: Docker, tasks: TaskGroup) -> None:
        self._workspace = workspace
        self._docker = docker
        self._tasks = tasks
        self._locks: dict[str, anyio.Lock] = {}
        self._started: dict[str, _Started] = {}
        self._network_lock = anyio.Lock()
        self._network: Containers | None = None

    def begin(self, service: Service) -> None:
        """Start a database before a stage needs it: packages are being downloaded, and the processors are idle."""
        known = known_service(service)
        if known and known.account and not service.command:
            self._tasks.start_soon(self._begin, service)

    async def _begin(self, service: Service) -> None:
        # The same error is raised again when a stage uses the service, and reported there.
        with suppress(EngineError):
            await self._start_once(service, Relay())

    async def provide(self, service: Service, stage: str, sink: Sink) -> Provided:
        """Return the service, ready, for that stage. Raises EngineError if it does not become ready."""
        relay = Relay()
        try:
            started = await self._start_once(service, relay)
        except EngineError:
            # Its error refers to the output, and no later stage will be connected to it.
            relay.connect(sink)
            raise
        return await started.provide(stage, sink)

    async def _start_once(self, service: Service, relay: Relay) -> _Started:
        """Start the service with this output unless it runs."""
        async with self._locks.setdefault(service.name, anyio.Lock()):
            if service.name not in self._started:
                with machine_errors():
                    self._started[service.name] = await self._start(service, relay)
            return self._started[service.name]

    async def _start(self, service: Service, relay: Relay) -> _Started:
        """Start the service; an optional service that cannot be started is left out with a warning."""
        try:
            return await self._start_required(service, relay)
        except EngineError as error:
            if not service.optional:
                raise
            return _Started(provided=left_out(service, error), relay=relay)

    async def _start_required(self, service: Service, relay: Relay) -> _Started:
        """Start its command, its image in a container, a program of this machine, or its default image."""
        if service.command:
            return await self._process(service, relay, self._command)
        problem = await self._docker.problem() if service.image else None
        if service.image and problem is None:
            return await self._container(service, relay)
        started = await self._start_program(service, relay, problem)
        if started:
            return started
        problem = problem or await self._docker.problem()
        if problem:
            raise _needs_docker(service, known_service(service), problem)
        return await self._container(service, relay)

    async def _start_program(
        self, service: Service, relay: Relay, problem: EngineError | None
    ) -> _Started | None:
        """Start the service with a program of this machine; None if there is none."""
        known = known_service(service)
        if known is POSTGRES:
            return await self._postgres(service, relay, problem)
        if known in (MYSQL, MARIADB):
            programs = await mariadb.find_programs(self._workspace)
            return await self._mariadb(service, relay, known, programs) if programs else None
        if known is REDIS and shutil.which("redis-server", path=self._workspace.path):
            return await self._process(service, relay, self._redis)
        return None

    async def _postgres(
        self, service: Service, relay: Relay, problem: EngineError | None
    ) -> _Started | None:
        """Start a server of this machine; None if it lacks extensions that a container has."""
        binaries = choose_for(service, self._workspace.path)
        missing = binaries.lacks(service.extensions)
        if missing and await self._docker.problem() is None:
            return None
        server = await self._keep(
            start_postgres(binaries, service, workspace=self._workspace, sink=relay)
        )
        warnings = version_warning(wanted_version(service), binaries)
        if service.image and problem:
            warnings = (f"{problem.cause}; {binaries} is used instead of {service.image}",)
        if missing:
            warnings += (f"{binaries} has no {some(missing)}, which the project requires",)
        return _database(server, relay, {"postgres": str(binaries)}, warnings)

    async def _mariadb(
        self, service: Service, relay: Relay, known: KnownService, programs: mariadb.Programs
    ) -> _Started:
        server = await self._keep(
            mariadb.start_mariadb(programs, service, known, workspace=self._workspace, sink=relay)
        )
        warnings = mariadb.replacement_warning(service, known, programs)
        return _database(server, relay, {service.name: str(programs)}, warnings)

    async def _container(self, service: Service, relay: Relay) -> _Started:
        async with self._network_lock:
            if self._network is None:
                self._network = await self._keep(open_network(self._docker, "services"))
        known = known_service(service)
        # The project may expect the port of the container on this machine, as its CI publishes it.
        usual = service.port if service.port and (known or is_free(service.port)) else None
        port = usual or free_port()
        started = await self._network.start_service(service, relay, published=port)
        log = running(self._docker.program("logs", "--follow", started.name), relay)
        await self._keep(log)
        access = started.access
        provided = Provided(
            values=started.values(),
            secrets=access.secrets if access else (),
            facts={service.name: started.image},
            warnings=() if usual or known else _other_port(service, port),
        )
        return _Started(provided=provided, relay=relay, database=started if access else None)

    async def _process(
        self, service: Service, relay: Relay, program: Callable[[Service, int], Program]
    ) -> _Started:
        port = service.port or free_port()
        process = await self._tasks.start(self._run, service, program(service, port), port, relay)

        def failure() -> EngineError | None:
            code = process.returncode
            return None if code is None else _ended(service, f"ended with exit code {code}")

        values = address(service, LOOPBACK, port)
        return _Started(provided=Provided(values=values, failure=failure), relay=relay)

    async def _run(
        self,
        service: Service,
        program: Program,
        port: int,
        sink: Sink,
        *,
        task_status: TaskStatus[Process],
    ) -> None:
        async with running(program, sink) as process:
            self._workspace.guard_group(process.pid)
            if not await ready(process, lambda: wait_for_port(LOOPBACK, port), READY_WITHIN):
                code = process.returncode
                how = f"did not listen within {READY_WITHIN:g} s"
                raise _ended(service, how if code is None else f"ended with exit code {code}")
            task_status.started(process)
            await anyio.sleep_forever()

    def _command(self, service: Service, port: int) -> Program:
        values = {"port": str(port), f"{service.name}.port": str(port)}
        env = {name: fill(value, values) for name, value in service.env.items()}
        return Program(
            arguments=arguments_of(fill_line(service.command or "", values)),
            env=self._workspace.environment(**env),
            directory=self._docker.directory,
        )

    def _redis(self, service: Service, port: int) -> Program:
        server = ("redis-server", "--bind", LOOPBACK, "--port", str(port))
        password = redis_password(service)
        protected = ("--requirepass", password) if password else ()
        return Program(
            arguments=(*server, *protected, "--save", "", "--appendonly", "no"),
            env=self._workspace.environment(),
            directory=self._workspace.directory("redis"),
        )

    async def _keep(self, opening: AbstractAsyncContextManager[T]) -> T:
        """Enter the context in a task of the run, so that it is left when the run ends."""
        kept: T = await self._tasks.start(self._hold, opening)
        return kept

    async def _hold(
        self, opening: AbstractAsyncContextManager[T], *, task_status: TaskStatus[T]
    ) -> None:
        async with opening as kept:
            task_status.started(kept)
            await anyio.sleep_forever()


def left_out(service: Service, error: EngineError) -> Provided:
    """Return a service that is not started, at the address that it has in the project's CI."""
    values = address(service, LOOPBACK, service.port or 0)
    return Provided(values=values, warnings=(left_out_warning(service, error.cause),))


def _database(
    server: DatabaseServer, relay: Relay, facts: Mapping[str, str], warnings: tuple[str, ...]
) -> _Started:
    provided = Provided(
        values={},
        secrets=server.access.secrets,
        facts=facts,
        warnings=warnings,
        failure=server.failure,
    )
    return _Started(provided=provided, relay=relay, database=server)


def _other_port(service: Service, port: int) -> tuple[str, ...]:
    """Return the warning for an optional service, whose address the project may contain."""
    if not service.optional:
        return ()
    cause = f"port {service.port} is in use on this machine"
    return (
        f"{cause}, so service {service.name!r} listens on {port}; see `{{{service.name}.port}}`",
    )


def _ended(service: Service, how: str) -> EngineError:
    return EngineError(f"service {service.name!r} {how}", remedy="see the log of the services")


def _needs_docker(
    service: Service, known: KnownService | None, problem: EngineError
) -> EngineError:
    install = f"install it (Debian: `apt-get install {known.package}`)" if known else "install it"
    return EngineError(
        f"service {service.name!r} needs its program or a Docker daemon, and {problem.cause}",
        remedy=f"{install}, set `services.{service.name}.command`, or start Docker",
    )
