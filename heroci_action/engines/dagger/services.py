"""The services of a stage: containers that the engine starts, and that steps reach by their names."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio
import dagger

from heroci_action.engines.base import one_error
from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.execution import first_line
from heroci_action.engines.dagger.places import HOME, SALT
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.engines.dagger.sdk import identify
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.engines.known_services import (
    POSTGRES,
    Access,
    KnownService,
    address,
    known_service,
    service_image,
    service_port,
)
from heroci_action.errors import EngineError
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import Service, Stage

# Seconds; the image may have to be pulled first.
READY_WITHIN = 120.0
STOP_WITHIN = 2.0
_DATABASE = "heroci"
_DATA = f"{HOME}/data"
_INITDB = "--encoding=UTF8 --locale=C.UTF-8 --no-sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageService:
    """A service of a stage, started or not, and the values of its placeholders."""

    name: str
    image: str
    service: dagger.Service
    values: Mapping[str, str] = field(repr=False)


class StageServices:
    """The services of one stage."""

    def __init__(self, resources: RunResources, stage: Stage, log: Output) -> None:
        self._resources = resources
        self._stage = stage
        self._log = log
        self._services: tuple[StageService, ...] = ()
        self._failure: EngineError | None = None
        self._facts: dict[str, str] = {}

    @property
    def values(self) -> dict[str, str]:
        """The values of placeholders such as `{postgres.url}`."""
        return {
            f"{each.name}.{key}": value
            for each in self._services
            for key, value in each.values.items()
        }

    def take_facts(self) -> dict[str, str]:
        """Return the facts about the services once, for the first step that could use them."""
        facts, self._facts = self._facts, {}
        return facts

    async def describe(self, salt: str) -> None:
        """Define the services without starting them; the salt distinguishes them from those of other stages."""
        services = [self._resources.plan.services[name] for name in self._stage.services]
        self._services = tuple([await self._describe(each, salt) for each in services])
        self._facts = {each.name: each.image for each in self._services}

    async def start(self) -> None:
        """Start all services and wait until they are ready. Raises EngineError if one does not become ready."""
        try:
            with one_error():
                async with anyio.create_task_group() as tasks:
                    for service in self._services:
                        tasks.start_soon(_start, self._resources.connection, service, self._log)
        except EngineError as error:
            self._failure = error
            raise

    def check(self) -> None:
        """Raise the error of a service that did not start: a step that needs it would wait for it for ever."""
        if self._failure:
            raise self._failure

    def bind(self, container: dagger.Container) -> dagger.Container:
        """Return the container in which the services can be reached by their names."""
        for each in self._services:
            container = container.with_service_binding(each.name, each.service)
        return container

    async def stop(self) -> None:
        """Stop all services."""
        async with anyio.create_task_group() as tasks:
            for each in self._services:
                tasks.start_soon(stop, self._resources.connection, each.service)

    async def _describe(self, service: Service, salt: str) -> StageService:
        resources, known = self._resources, known_service(service)
        image, port = service_image(service), service_port(service)
        container = resources.client.container().from_(image).with_env_variable(SALT, salt)
        if known and known.account:
            access = Access.of(service, known)
            container = await self._add_account(container, service, known, access)
            values = access.values(service.name, port, access.database or _DATABASE)
        else:
            values = address(known.name if known else service.name, service.name, port)
        for name, value in service.env.items():
            container = container.with_env_variable(name, fill(value, {"port": str(port)}))
        line = fill_line(service.command, {"port": str(port)}) if service.command else None
        arguments = command_arguments(line) or list(known.command if known else ())
        exposed = container.with_exposed_port(port).without_docker_healthcheck()
        definition = exposed.as_service(args=arguments or None, use_entrypoint=True)
        identified = await resources.connection.ask(identify(definition))
        return StageService(name=service.name, image=image, service=identified, values=values)

    async def _add_account(
        self, container: dagger.Container, service: Service, known: KnownService, access: Access
    ) -> dagger.Container:
        """Add the variables from which the image creates the account; a generated password is a secret."""
        resources = self._resources
        resources.secrets.add(*access.secrets)
        variables = access.container_environment(known, access.database or _DATABASE)
        for name, value in variables.items():
            if value in access.secrets:
                secret = await resources.variables.secret(f"{self._stage.name}-{name}", value)
                container = container.with_secret_variable(name, secret)
            else:
                container = container.with_env_variable(name, value)
        if known is POSTGRES and not service.image:
            # The data is never needed again, so it is kept in memory.
            container = container.with_env_variable("PGDATA", _DATA).with_mounted_temp(_DATA)
            container = container.with_env_variable("POSTGRES_INITDB_ARGS", _INITDB)
        return container


def command_arguments(line: str | tuple[str, ...] | None) -> list[str]:
    """Return the arguments of a container's command in any of its forms."""
    if line is None:
        return []
    return shlex.split(line) if isinstance(line, str) else list(line)


async def _start(connection: Connection, service: StageService, output: Output) -> None:
    name = service.name
    try:
        with anyio.fail_after(READY_WITHIN), connection.telemetry.observe(output):
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
    """Kill a service, because nothing of it is needed any more."""
    if connection.broken:
        return
    with anyio.move_on_after(STOP_WITHIN, shield=True):
        try:
            await connection.ask(service.stop(kill=True))
        except (dagger.QueryError, EngineError):
            return
