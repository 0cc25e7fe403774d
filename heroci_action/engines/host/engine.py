"""The host engine: every step is a process of this machine, in the checkout itself; images run in the local Docker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import anyio

from heroci_action.engines.base import one_error
from heroci_action.engines.docker import Docker
from heroci_action.engines.host.isolation import KEPT_VARIABLES, hide_from_steps
from heroci_action.engines.host.leftovers import Leftovers
from heroci_action.engines.host.resources import RunResources
from heroci_action.engines.host.services import ProcessServices
from heroci_action.engines.host.session import HostSession, process_services
from heroci_action.engines.host.workspace import open_workspace
from heroci_action.engines.secret_store import SecretStore
from heroci_action.engines.settings import EngineSettings
from heroci_action.plan.stages import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEngine:
    """Runs plans on this machine."""

    settings: EngineSettings
    secrets: SecretStore = field(default_factory=SecretStore)

    @property
    def name(self) -> str:
        """`host`."""
        return "host"

    @asynccontextmanager
    async def open(self, plan: Plan) -> AsyncIterator[HostSession]:
        """Open a session; on exit, its processes, ports and directories are removed."""
        settings = self.settings
        hide_from_steps(KEPT_VARIABLES)
        async with AsyncExitStack() as stack:
            workspace = stack.enter_context(open_workspace(settings.machine))
            leftovers = Leftovers(workspace.run)
            stack.push_async_callback(_shielded, leftovers.end)
            docker = Docker(
                machine=settings.machine,
                directory=settings.root,
                run=workspace.run,
                scratch=workspace.scratch,
            )
            stack.enter_context(one_error())
            async with anyio.create_task_group() as tasks:
                resources = RunResources(
                    settings=settings,
                    plan=plan,
                    workspace=workspace,
                    docker=docker,
                    services=ProcessServices(workspace, docker, tasks),
                    secrets=self.secrets,
                )
                tasks.start_soon(leftovers.reap)
                for name in process_services(plan):
                    resources.services.begin(plan.services[name])
                try:
                    yield HostSession(resources)
                finally:
                    tasks.cancel_scope.cancel()
                    with anyio.CancelScope(shield=True):
                        await resources.release()


async def _shielded(action: Callable[[], Awaitable[None]]) -> None:
    with anyio.CancelScope(shield=True):
        await action()
