"""Define the containers of services; nothing is started here."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

import dagger

from heroci_action.engines.dagger.places import HOME, SALT, STAGE
from heroci_action.engines.dagger.replay_cache import new_salt
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.engines.known_services import (
    POSTGRES,
    Access,
    KnownService,
    address,
    container_arguments,
    known_service,
    service_image,
    service_port,
)
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import Service

_DEFAULT_DATABASE = "heroci"
_DATA = f"{HOME}/data"
_INITDB = "--encoding=UTF8 --locale=C.UTF-8 --no-sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDefinition:
    """A service for a stage; `shared` means that all stages of the run use the same server."""

    name: str
    image: str
    service: dagger.Service
    shared: bool
    values: Mapping[str, str] = field(repr=False)


def is_shared(service: Service) -> bool:
    """Return whether all stages use one server, with a database for each of them."""
    own = service.image or service.command or "POSTGRES_DB" in service.env
    return known_service(service) is POSTGRES and not own


def database_name(stage: str) -> str:
    """Return the name of a stage's database on a shared server."""
    return f"heroci_{stage.replace('-', '_')}"


async def define_service(
    resources: RunResources, service: Service, *, stage: str, salt: str
) -> ServiceDefinition:
    """Return the service for a stage; with another salt it is another server."""
    known, shared = known_service(service), is_shared(service)
    image, port = service_image(service), service_port(service)
    container = resources.client.container().from_(image).with_env_variable(SALT, salt)
    if not shared:
        container = container.with_env_variable(STAGE, stage)
    values = address(service, service.name, port)
    if known and known.account:
        access = resources.access(service, known, "" if shared else stage)
        database = access.database or _DEFAULT_DATABASE
        owner = service.name if shared else f"{stage}-{service.name}"
        container = await _add_account(resources, container, known, access=access, owner=owner)
        if shared:
            container = _keep_in_memory(container)
            database = database_name(stage)
        values = access.values(service.name, port, database)
    for name, value in service.env.items():
        container = container.with_env_variable(name, fill(value, {"port": str(port)}))
    definition = _as_service(container, service, port=port)
    return ServiceDefinition(
        name=service.name,
        image=image,
        service=await resources.connection.identify(definition),
        shared=shared,
        values=values,
    )


def _as_service(container: dagger.Container, service: Service, *, port: int) -> dagger.Service:
    line = fill_line(service.command, {"port": str(port)}) if service.command else None
    arguments = command_arguments(line) or list(container_arguments(service))
    exposed = container.with_exposed_port(port).without_docker_healthcheck()
    return exposed.as_service(args=arguments or None, use_entrypoint=True)


async def _add_account(
    resources: RunResources,
    container: dagger.Container,
    known: KnownService,
    *,
    access: Access,
    owner: str,
) -> dagger.Container:
    """Add the variables from which the image creates the account; a generated password is a secret."""
    resources.secrets.add(*access.secrets)
    variables = access.container_environment(known, access.database or _DEFAULT_DATABASE)
    for name, value in variables.items():
        if value in access.secrets:
            secret = await resources.variables.secret(f"{owner}-{name}", value)
            container = container.with_secret_variable(name, secret)
        else:
            container = container.with_env_variable(name, value)
    return container


def _keep_in_memory(container: dagger.Container) -> dagger.Container:
    """Keep the data in memory, because it is never needed again, and create no database before a stage needs one."""
    return (
        container.with_env_variable("PGDATA", _DATA)
        .with_env_variable("POSTGRES_INITDB_ARGS", _INITDB)
        .with_env_variable("POSTGRES_DB", "postgres")
        .with_mounted_temp(_DATA)
    )


async def database_creation(
    resources: RunResources, service: Service, definition: ServiceDefinition, *, stage: str
) -> dagger.Container:
    """Return a container that creates the database of a stage on a shared server."""
    access = resources.access(service, POSTGRES, "")
    password = await resources.variables.secret(f"{service.name}-PGPASSWORD", access.password)
    return (
        resources.client.container()
        .from_(definition.image)
        .with_service_binding(service.name, definition.service)
        .with_env_variable("PGHOST", service.name)
        .with_secret_variable("PGPASSWORD", password)
        # The server is new in every run.
        .with_env_variable(SALT, new_salt())
        .with_exec(list(access.create_database(POSTGRES, database_name(stage))))
    )


def command_arguments(line: str | tuple[str, ...] | None) -> list[str]:
    """Return the arguments of a container's command in any of its forms."""
    if line is None:
        return []
    return shlex.split(line) if isinstance(line, str) else list(line)
