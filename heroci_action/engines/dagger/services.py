"""The services of a stage: started by the engine, and reached by the steps under their names."""

from __future__ import annotations

import anyio
import dagger

from heroci_action.engines.base import one_error
from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.execution import first_line
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.engines.dagger.service_definition import (
    ServiceDefinition,
    database_creation,
    define_service,
)
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.engines.known_services import address, left_out_warning, service_port
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service, Stage

# Seconds; the image may have to be pulled first.
READY_WITHIN = 120.0
STOP_WITHIN = 2.0


class StageServices:
    """The services of one stage."""

    def __init__(self, resources: RunResources, stage: Stage, log: Output) -> None:
        self._resources = resources
        self._stage = stage
        self._log = log
        self._services: tuple[ServiceDefinition, ...] = ()
        self._failure: EngineError | None = None
        self._facts: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self.warnings: list[str] = []

    @property
    def values(self) -> dict[str, str]:
        """The values of placeholders such as `{postgres.url}`."""
        found = {
            f"{each.name}.{key}": value
            for each in self._services
            for key, value in each.values.items()
        }
        return {**self._addresses, **found}

    def take_facts(self) -> dict[str, str]:
        """Return the facts about the services once, for the first step that could use them."""
        facts, self._facts = self._facts, {}
        return facts

    async def define(self, salt: str) -> None:
        """Define the services without starting them."""
        services = [self._resources.plan.services[name] for name in self._stage.services]
        found = [await self._define(service, salt) for service in services]
        self._services = tuple(filter(None, found))
        self._facts = {each.name: each.image for each in self._services}

    async def _define(self, service: Service, salt: str) -> ServiceDefinition | None:
        """Define a service; None for an optional one whose image is not available."""
        try:
            return await define_service(self._resources, service, stage=self._stage.name, salt=salt)
        except dagger.QueryError as error:
            if not service.optional:
                raise
            self._leave_out(service, first_line(error))
            return None

    def _leave_out(self, service: Service, cause: str) -> None:
        self.warnings.append(left_out_warning(service, cause))
        values = address(service, service.name, service_port(service))
        self._addresses |= {f"{service.name}.{key}": value for key, value in values.items()}

    async def start(self) -> None:
        """Start all services and wait until they are ready. Raises EngineError if one does not become ready."""
        self._resources.database_log.connect(self._log.sink)
        try:
            with one_error():
                async with anyio.create_task_group() as tasks:
                    for service in self._services:
                        tasks.start_soon(self._start_or_leave_out, service)
        except EngineError as error:
            self._failure = error
            raise

    async def _start_or_leave_out(self, definition: ServiceDefinition) -> None:
        """Start a service; an optional service that cannot be started is left out with a warning."""
        service = self._resources.plan.services[definition.name]
        try:
            await self._start(definition)
        except EngineError as error:
            if not service.optional:
                raise
            self._leave_out(service, error.cause)
            self._services = tuple(each for each in self._services if each is not definition)

    async def _start(self, definition: ServiceDefinition) -> None:
        resources = self._resources
        await start(resources.connection, definition, self._log)
        if not definition.shared:
            return
        service = resources.plan.services[definition.name]
        try:
            container = await database_creation(
                resources, service, definition, stage=self._stage.name
            )
            await resources.connection.ask(container.sync())
        except dagger.QueryError as error:
            reason = error.stderr if isinstance(error, dagger.ExecError) else first_line(error)
            raise EngineError(
                f"service {definition.name!r} refused to create a database: {reason.strip()}",
                remedy=f"check `services.{definition.name}.env`",
            ) from error

    def check(self) -> None:
        """Raise the error of a service that did not start: a step that needs it would wait for it forever."""
        if self._failure:
            raise self._failure

    def bind(self, container: dagger.Container) -> dagger.Container:
        """Return the container in which the services can be reached by their names."""
        for each in self._services:
            container = container.with_service_binding(each.name, each.service)
        return container

    async def stop(self) -> None:
        """Stop the services that belong to this stage alone."""
        async with anyio.create_task_group() as tasks:
            for each in self._services:
                if not each.shared:
                    tasks.start_soon(stop, self._resources.connection, each.service)


async def start(connection: Connection, service: ServiceDefinition, output: Output) -> None:
    """Start a service unless it runs, and wait until it is ready. Raises EngineError if it does not become ready."""
    name = service.name
    try:
        with (
            anyio.fail_after(READY_WITHIN),
            connection.telemetry.observe(output, f"service {name}"),
        ):
            await connection.ask(service.service.start())
    except TimeoutError as error:
        raise EngineError(
            f"service {name!r} did not listen within {READY_WITHIN:g} s",
            remedy=f"see the log of the services; is `services.{name}.port` correct?",
        ) from error
    except dagger.ExecError as error:
        output.complete(error.stdout, error.stderr)
        raise EngineError(
            f"service {name!r} exited with code {error.exit_code} before it was ready",
            remedy="see the log of the services",
        ) from error
    except dagger.QueryError as error:
        raise EngineError(
            f"service {name!r} could not be started: {first_line(error)}",
            remedy="see the log of the services; a registry may be unreachable",
        ) from error


async def stop(connection: Connection, service: dagger.Service) -> None:
    """Kill a service that is no longer needed."""
    if connection.broken:
        return
    with anyio.move_on_after(STOP_WITHIN, shield=True):
        try:
            await connection.ask(service.stop(kill=True))
        except (dagger.QueryError, EngineError):
            return
