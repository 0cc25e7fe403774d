"""A session of the host engine: opens the stages of a run with their services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import anyio

from heroci_action.engines.base import Sink, one_error
from heroci_action.engines.host.cache import kept_directory
from heroci_action.engines.host.containers import Containers, open_network
from heroci_action.engines.host.resources import RunResources
from heroci_action.engines.host.scope import HostScope, StageServices
from heroci_action.engines.host.services import Provided, left_out
from heroci_action.errors import EngineError
from heroci_action.plan.actions import Command, RunsIn, Serve
from heroci_action.plan.stages import Plan, Service, Stage


class HostSession:
    """Opens stages on this machine."""

    def __init__(self, resources: RunResources) -> None:
        self.resources = resources

    @asynccontextmanager
    async def stage(self, stage: Stage, sink: Sink) -> AsyncIterator[HostScope]:
        """Open the stage; its services are containers if it runs the production image, else processes."""
        resources = self.resources
        self._link_caches(stage)
        async with AsyncExitStack() as stack:
            network = None
            if runs_image(stage):
                network = await stack.enter_async_context(
                    open_network(resources.docker, stage.name)
                )
            provided = await self._provide(stage, network, sink)
            stack.enter_context(one_error())
            tasks = await stack.enter_async_context(anyio.create_task_group())
            services = StageServices(provided=provided, log=sink, network=network)
            scope = HostScope(resources, stage, tasks=tasks, services=services)
            try:
                yield scope
            finally:
                tasks.cancel_scope.cancel()

    def _link_caches(self, stage: Stage) -> None:
        """Link the caches below the steps' home directory, which is removed after the run; other caches stay anyway."""
        settings = self.resources.settings
        home = self.resources.workspace.directory("home")
        for path in stage.caches:
            inside = path.removeprefix("~/").strip("/")
            link = home / inside
            if path.startswith("~/") and inside and ".." not in link.parts and not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(kept_directory(settings.cache, settings.root, path))

    async def _provide(
        self, stage: Stage, network: Containers | None, sink: Sink
    ) -> Mapping[str, Provided]:
        provided = {}
        for name in stage.services:
            service = self.resources.plan.services[name]
            if network:
                provided[name] = await _in_network(network, service, sink)
            else:
                provided[name] = await self.resources.services.provide(service, stage.name, sink)
            self.resources.secrets.add(*provided[name].secrets)
        return provided


async def _in_network(network: Containers, service: Service, sink: Sink) -> Provided:
    """Start a service in a container; an optional service that cannot be started is left out with a warning."""
    try:
        started = await network.start_service(service, sink)
    except EngineError as error:
        if not service.optional:
            raise
        return left_out(service, error)
    access = started.access
    return Provided(
        values=started.values(),
        secrets=access.secrets if access else (),
        facts={service.name: started.image},
    )


def runs_image(stage: Stage) -> bool:
    """Return whether a step of the stage runs in the production image."""
    return any(
        isinstance(step.action, Command | Serve) and step.action.runs_in is RunsIn.IMAGE
        for step in stage.steps
    )


def process_services(plan: Plan) -> set[str]:
    """Return the services that the stages to run use as processes of this machine."""
    stages = (stage for stage in plan.stages if not (stage.skip or runs_image(stage)))
    return {name for stage in stages for name in stage.services}
