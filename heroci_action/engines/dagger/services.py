"""The services of a stage as containers that the engine starts, known to the steps by their names."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import anyio
import dagger

from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.execution import SALT, first_line
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.engines.known_services import (
    POSTGRES_UNSAFE,
    POSTGRES_USER,
    address,
    postgres_values,
    service_image,
    service_port,
)
from heroci_action.errors import EngineError
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import Service

READY_WITHIN = 120.0  # seconds; an image may have to be pulled first
STOP_WITHIN = 2.0
DATABASE = "heroci"
_DATA = "/var/lib/postgresql/data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A service that is not started yet, and what its placeholders stand for."""

    name: str
    service: dagger.Service
    values: Mapping[str, str]
    facts: Mapping[str, str]


def describe(
    client: dagger.Client, service: Service, *, salt: str, password: str, secret: dagger.Secret
) -> Described:
    """A service of one stage: the salt keeps those of other stages apart."""
    image, port = service_image(service), service_port(service)
    container = client.container().from_(image).with_env_variable(SALT, salt)
    line = fill_line(service.command, {"port": str(port)}) if service.command else None
    arguments = arguments_of(line)
    if service.name == "postgres":
        container = _postgres(container, secret)
        arguments = arguments or list(_postgres_arguments())
        values = postgres_values(service.name, port, password, DATABASE)
    else:
        values = address(service.name, service.name, port)
    for name, value in service.env.items():
        container = container.with_env_variable(name, fill(value, {"port": str(port)}))
    started = container.with_exposed_port(port).without_docker_healthcheck()
    return Described(
        name=service.name,
        service=started.as_service(args=arguments or None, use_entrypoint=True),
        values=values,
        facts={service.name: image},
    )


def arguments_of(line: str | tuple[str, ...] | None) -> list[str]:
    """The arguments for a container's command in any of its forms."""
    if line is None:
        return []
    return shlex.split(line) if isinstance(line, str) else list(line)


def _postgres(container: dagger.Container, password: dagger.Secret) -> dagger.Container:
    """Nothing of it has to last, so its data lies in memory."""
    return (
        container.with_env_variable("POSTGRES_USER", POSTGRES_USER)
        .with_env_variable("POSTGRES_DB", DATABASE)
        .with_env_variable("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C.UTF-8 --no-sync")
        .with_secret_variable("POSTGRES_PASSWORD", password)
        .with_mounted_temp(_DATA)
    )


def _postgres_arguments() -> tuple[str, ...]:
    return (
        "postgres",
        *(word for name, value in POSTGRES_UNSAFE.items() for word in ("-c", f"{name}={value}")),
    )


async def start(connection: Connection, described: Described, output: Output) -> None:
    """Start a service and wait until its port answers. Raises EngineError where it does not."""
    try:
        with anyio.fail_after(READY_WITHIN), connection.telemetry.observed(output):
            await connection.ask(described.service.start())
    except TimeoutError as error:
        raise EngineError(
            f"service {described.name!r} did not listen within {READY_WITHIN:g} s",
            remedy=f"see the log of the services; is `services.{described.name}.port` right?",
        ) from error
    except dagger.ExecError as error:
        output.complete(error.stdout, error.stderr)
        raise EngineError(
            f"service {described.name!r} ended with exit code {error.exit_code} before it was ready",
            remedy="see the log of the services",
        ) from error
    except dagger.QueryError as error:
        raise EngineError(
            f"service {described.name!r} could not be started: {first_line(error)}",
            remedy="see the log of the services; a registry may be out of reach",
        ) from error


async def stop(connection: Connection, service: dagger.Service) -> None:
    """End a service, without patience: nothing of it is wanted any more."""
    if connection.broken:
        return
    with anyio.move_on_after(STOP_WITHIN, shield=True):
        try:
            await connection.ask(service.stop(kill=True))
        except (dagger.QueryError, EngineError):
            return
