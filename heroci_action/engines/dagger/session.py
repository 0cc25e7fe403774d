"""A session of the Dagger engine: opens the stages of a run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from heroci_action.engines.base import Sink
from heroci_action.engines.dagger.cli import Cli
from heroci_action.engines.dagger.connection import connect
from heroci_action.engines.dagger.early_database import EarlyDatabase
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.engines.dagger.scope import DaggerScope
from heroci_action.engines.secret_store import SecretStore
from heroci_action.engines.settings import EngineSettings
from heroci_action.plan.stages import Plan, Stage


class DaggerSession:
    """Opens stages in the engine; `passed` is true as long as every stage has passed."""

    def __init__(self, resources: RunResources) -> None:
        self.resources = resources
        self.passed = True

    @asynccontextmanager
    async def stage(self, stage: Stage, sink: Sink) -> AsyncIterator[DaggerScope]:
        """Open the stage; on exit, its services are stopped, and a pass is remembered."""
        scope = DaggerScope(self.resources, stage, sink)
        passed = False
        try:
            with self.resources.connection.telemetry.spans.span(stage.name):
                yield scope
                await scope.store()
                if scope.passed and stage.outputs:
                    self.resources.outputs[stage.name] = scope.outputs()
            passed = scope.passed
        finally:
            self.passed = self.passed and passed
            await scope.close()


@asynccontextmanager
async def open_session(
    cli: Cli, plan: Plan, *, settings: EngineSettings, secrets: SecretStore
) -> AsyncIterator[DaggerSession]:
    """Open a session over the connection of a CLI."""
    async with connect(cli) as connection:
        resources = RunResources(
            settings=settings,
            plan=plan,
            connection=connection,
            scratch=cli.scratch,
            secrets=secrets,
        )
        session, database = DaggerSession(resources), EarlyDatabase(resources)
        async with database.running():
            yield session
            if session.passed:
                await database.remember()
