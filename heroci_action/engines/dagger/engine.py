"""The Dagger engine as the runner sees it; the SDK, slow to import, is loaded when the engine is opened."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from heroci_action.engines.base import EngineSession
from heroci_action.engines.dagger.cli import open_cli
from heroci_action.engines.dagger.preflight import preflight
from heroci_action.engines.secret_store import Announce, ignore
from heroci_action.engines.task_errors import one_error
from heroci_action.plan.stages import Plan

CONTAINER_ROOT = "/src"  # where the repository lies in containers
_NEED_THE_SDK = "heroci_action.engines.dagger.session"


@dataclass(frozen=True, slots=True, kw_only=True)
class DaggerEngine:
    """Runs plans in the containers of a Dagger engine.

    `root` is the repository, `machine` the environment that HeroCI was started in. `exclude` are paths in the
    repository that HeroCI writes itself. `runner_host` says where an engine is (`tcp://host:port`, …); None: the
    environment or the local Docker decides. `fresh`: everything runs, whatever is in the cache. `announce` is told
    every secret. `generation` is part of the name of all that is kept in the engine: under a new one, nothing is found.
    """

    root: Path
    machine: Mapping[str, str]
    exclude: tuple[str, ...] = ()
    runner_host: str | None = None
    fresh: bool = False
    announce: Announce = ignore
    generation: str = ""

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
