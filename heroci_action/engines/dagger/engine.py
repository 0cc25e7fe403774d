"""The Dagger engine as the runner sees it; the SDK, slow to import, is loaded when the engine is opened."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread

from heroci_action.engines.base import EngineSession, one_error
from heroci_action.engines.dagger.cli import cli_at_hand, open_cli
from heroci_action.engines.dagger.preflight import SESSION_PORT, Target, preflight
from heroci_action.engines.secret_store import SecretStore
from heroci_action.plan.stages import Plan

CONTAINER_ROOT = "/src"  # where the repository lies in containers
_NEED_THE_SDK = "heroci_action.engines.dagger.session"


@dataclass(frozen=True, slots=True, kw_only=True)
class DaggerEngine:
    """Runs plans in the containers of a Dagger engine.

    `root` is the repository, `machine` the environment that HeroCI was started in. `exclude` are paths in the
    repository that HeroCI writes itself. `runner_host` says where an engine is (`tcp://host:port`, …); None: the
    environment or the local Docker decides. `fresh`: everything runs, whatever is in the cache. `secrets` is where the
    secrets that a run generates are added, so that they are masked.
    """

    root: Path
    machine: Mapping[str, str]
    exclude: tuple[str, ...] = ()
    runner_host: str | None = None
    fresh: bool = False
    secrets: SecretStore = field(default_factory=SecretStore)

    @property
    def name(self) -> str:
        """`dagger`."""
        return "dagger"

    @asynccontextmanager
    async def open(self, plan: Plan) -> AsyncIterator[EngineSession]:
        """A session. Raises EngineError, each time within a bound of seconds, where no engine can be had."""
        imported = anyio.Event()

        async def load() -> None:
            await anyio.to_thread.run_sync(importlib.import_module, _NEED_THE_SDK)
            imported.set()

        with one_error():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(load)  # takes a second, in which the engine gets ready
                target = await preflight(self.machine, self.runner_host)
                async with open_cli(target, sdk=imported) as cli:
                    await imported.wait()
                    from heroci_action.engines.dagger.session import (  # noqa: PLC0415  see `load`
                        open_session,
                    )

                    async with open_session(self, plan, cli=cli) as session:
                        yield session


async def find_engine(machine: Mapping[str, str], runner_host: str | None = None) -> Target:
    """Return the engine that a run would use, without the SDK. Raise EngineError if there is none.

    A running engine is trusted; one that has to be started is started now, because the run would have to do it anyway.
    """
    target = await preflight(machine, runner_host)
    at_hand = SESSION_PORT in target.machine or await cli_at_hand(target.machine)
    if not (target.running and at_hand):
        ready = anyio.Event()
        ready.set()
        async with open_cli(target, sdk=ready):
            pass
    return target
