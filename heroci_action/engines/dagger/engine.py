"""The Dagger engine: every step runs in a container; the SDK, slow to import, is loaded when the engine is opened."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.to_thread

from heroci_action.engines.base import EngineSession, Notify, one_error
from heroci_action.engines.dagger.cli import open_cli
from heroci_action.engines.dagger.cli_program import find_local_cli
from heroci_action.engines.dagger.preflight import SESSION_PORT, VERSION, Target, preflight
from heroci_action.engines.dagger.starting import announce_start
from heroci_action.engines.secret_store import SecretStore
from heroci_action.engines.settings import EngineSettings
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan

_SESSION = "heroci_action.engines.dagger.session"


@dataclass(frozen=True, slots=True, kw_only=True)
class DaggerEngine:
    """Runs plans in the containers of a Dagger engine."""

    settings: EngineSettings
    secrets: SecretStore = field(default_factory=SecretStore)

    @property
    def name(self) -> str:
        """`dagger`."""
        return "dagger"

    @asynccontextmanager
    async def open(self, plan: Plan) -> AsyncIterator[EngineSession]:
        """Open a session. Raises EngineError, within a time limit, if no engine is available."""
        settings = self.settings
        imported = anyio.Event()
        with one_error():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_import_sdk, imported)
                target = await preflight(settings.machine, settings.runner_host)
                announce_start(target, settings.notify)
                async with open_cli(target, sdk=imported, notify=settings.notify) as cli:
                    await imported.wait()
                    # Imported late because the SDK takes a second to import; `_import_sdk` has done it meanwhile.
                    from heroci_action.engines.dagger.session import open_session  # noqa: PLC0415

                    async with open_session(
                        cli, plan, settings=settings, secrets=self.secrets
                    ) as session:
                        yield session


async def _import_sdk(imported: anyio.Event) -> None:
    """Import the SDK in a thread, while the engine becomes ready."""
    await anyio.to_thread.run_sync(importlib.import_module, _SESSION)
    imported.set()


async def find_engine(
    machine: Mapping[str, str], runner_host: str | None = None, *, notify: Notify = lambda _: None
) -> Target:
    """Return the engine that a run would use, without the SDK. Raises EngineError if there is none.

    A running engine is trusted. A stopped one is started now, because the run would have to do it anyway.
    """
    target = await preflight(machine, runner_host)
    if not await _is_ready(target):
        announce_start(target, notify)
        ready = anyio.Event()
        ready.set()
        async with open_cli(target, sdk=ready, notify=notify):
            pass
    return target


async def find_running_engine(machine: Mapping[str, str], runner_host: str | None) -> Target:
    """Return the engine that runs already. Raises EngineError if it, or its CLI, would have to be provided first."""
    target = await preflight(machine, runner_host)
    if target.start or not await _has_cli(target):
        raise EngineError(
            f"its cache cannot be shown yet: {await _describe(target)}",
            remedy="run `heroci run` first",
        )
    return target


async def _is_ready(target: Target) -> bool:
    return target.running and await _has_cli(target)


async def _has_cli(target: Target) -> bool:
    return SESSION_PORT in target.machine or bool(await find_local_cli(target.machine))


async def describe_engine(machine: Mapping[str, str], runner_host: str | None = None) -> str:
    """Return the engine that a run would use, and what the run would do first; nothing is started or downloaded.

    Raises EngineError if there is none.
    """
    return await _describe(await preflight(machine, runner_host))


async def _describe(target: Target) -> str:
    download = None if await _has_cli(target) else f"download the Dagger CLI {VERSION}"
    actions = " and ".join(filter(None, (download, target.start)))
    return f"{target.engine}; a run would first {actions}" if actions else target.engine
