"""Start the shared database server as soon as the source is in the engine, while the base environment is built."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict

import anyio
import dagger

from heroci_action.engines.base import one_error
from heroci_action.engines.dagger.places import ROOT
from heroci_action.engines.dagger.replay_cache import Entry, digest
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.engines.dagger.service_definition import (
    ServiceDefinition,
    define_service,
    is_shared,
)
from heroci_action.engines.dagger.services import start, stop
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service


class EarlyDatabase:
    """The shared servers of a run.

    They are not started if the same plan has passed with the same source, because then all of it will be replayed. If
    this guess is wrong, the stages start them.
    """

    def __init__(self, resources: RunResources) -> None:
        self._resources = resources
        self._started: list[ServiceDefinition] = []
        self._known = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the servers in the background, and stop them on exit."""
        with one_error():
            async with anyio.create_task_group() as tasks:
                services = list(self._services())
                if services:
                    tasks.start_soon(self._start, services)
                try:
                    yield
                finally:
                    tasks.cancel_scope.cancel()
                    for each in self._started:
                        await stop(self._resources.connection, each.service)

    async def remember(self) -> None:
        """Store that the whole plan has passed."""
        if not self._known and any(self._services()):
            cache = self._resources.replay_cache
            await cache.store(await self._container(), self._key(), Entry(salt=""))

    def _services(self) -> Iterator[Service]:
        plan = self._resources.plan
        used = {name for stage in plan.stages if not stage.skip for name in stage.services}
        return (plan.services[name] for name in sorted(used) if is_shared(plan.services[name]))

    async def _start(self, services: list[Service]) -> None:
        resources = self._resources
        # The same error is raised again when a stage starts the service, and reported there.
        with suppress(EngineError, dagger.QueryError):
            cache = resources.replay_cache
            self._known = await cache.find(await self._container(), self._key()) is not None
            if self._known:
                return
            for service in services:
                defined = await define_service(resources, service, stage="", salt=resources.salt)
                self._started.append(defined)
                await start(resources.connection, defined, Output(resources.database_log))

    async def _container(self) -> dagger.Container:
        shell = await self._resources.shell()
        return shell.with_directory(ROOT, await self._resources.source())

    def _key(self) -> str:
        return digest("passed", asdict(self._resources.plan))
