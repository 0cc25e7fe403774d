"""Wrap an engine to keep the recording of what each test executed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from heroci_action.engines.base import (
    Engine,
    EngineSession,
    ReportFile,
    Sink,
    StageScope,
    StepOutcome,
)
from heroci_action.plan.report_kinds import TEST_CONTEXTS
from heroci_action.plan.stages import Plan, Stage, Step


class CapturingEngine:
    """Wraps an engine; `contexts` is the record of the last run, None if there is none."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.contexts: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The name of the wrapped engine."""
        return self._engine.name

    @asynccontextmanager
    async def open(self, plan: Plan) -> AsyncIterator[EngineSession]:
        """Open the wrapped engine."""
        self.contexts = None
        async with self._engine.open(plan) as session:
            yield _Session(self, session)

    def take(self, files: tuple[ReportFile, ...]) -> tuple[ReportFile, ...]:
        """Keep the record, and return the other files."""
        for file in files:
            if file.kind == TEST_CONTEXTS:
                self.contexts = _load(file)
        return tuple(file for file in files if file.kind != TEST_CONTEXTS)


def _load(file: ReportFile) -> dict[str, Any] | None:
    content = file.content
    if file.opened is not None:
        with file.opened() as stream:
            content = stream.read()
    try:
        return dict(json.loads(content))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Session:
    engine: CapturingEngine
    session: EngineSession

    @asynccontextmanager
    async def stage(self, stage: Stage, sink: Sink) -> AsyncIterator[StageScope]:
        """Open the stage."""
        async with self.session.stage(stage, sink) as scope:
            yield _Scope(self.engine, scope)


@dataclass(frozen=True, slots=True)
class _Scope:
    engine: CapturingEngine
    scope: StageScope

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings about the services."""
        return self.scope.warnings

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        """Execute one step."""
        return await self.scope.run(step, sink)

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """Return the report files of a step."""
        return self.engine.take(await self.scope.collect(step))
