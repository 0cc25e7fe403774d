"""What happens as soon as a session is open, before any stage runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from heroci_action.engines.dagger.disk import measure
from heroci_action.engines.dagger.engine import DaggerEngine
from heroci_action.engines.settings import EngineSettings
from heroci_action.plan.actions import Command
from heroci_action.plan.stages import Service, Stage, Step
from tests.integration.dagger.conftest import Repository

if TYPE_CHECKING:
    from heroci_action.engines.dagger.resources import RunResources

pytestmark = pytest.mark.dagger

STEP = Step(name="tests", action=Command(line="true"))
TESTS = Stage(name="tests", steps=(STEP,), services=("postgres",))


@asynccontextmanager
async def opened(repository: Repository) -> AsyncIterator[RunResources]:
    """Open a session, and run nothing."""
    # Imported late because it loads the SDK.
    from heroci_action.engines.dagger.session import DaggerSession  # noqa: PLC0415

    root = repository.root
    settings = EngineSettings(root=root, cache=root / ".cache", machine=repository.machine)
    async with DaggerEngine(settings=settings).open(repository.plan) as session:
        assert isinstance(session, DaggerSession)
        yield session.resources


def test_the_database_starts_before_a_stage_asks_for_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Imported late because it loads the SDK.
    from heroci_action.engines.dagger.services import start  # noqa: PLC0415

    services = {"postgres": Service(name="postgres", version="17")}
    repository.plan = replace(repository.plan, services=services, stages=(TESTS,))

    async def wait() -> None:
        ready = anyio.Event()

        async def start_and_tell(*arguments: Any) -> None:
            await start(*arguments)
            ready.set()

        name = "heroci_action.engines.dagger.early_database.start"
        monkeypatch.setattr(name, start_and_tell)
        async with opened(repository):
            with anyio.fail_after(120):
                await ready.wait()

    anyio.run(wait)


def test_the_free_space_and_the_limit_of_the_engine_are_known(repository: Repository) -> None:
    async def ask() -> tuple[int, int]:
        async with opened(repository) as resources:
            return await measure(resources)

    assert min(anyio.run(ask)) > 1_000_000
