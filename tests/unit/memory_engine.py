"""A second engine: it keeps everything in memory, counts what it does, and does what a test tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from heroci_action.engines.base import ReportFile, Sink, StepOutcome, Stream
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan, Stage, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a step does: how long it takes, what it says and leaves, and how it ends."""

    seconds: float = 0.0
    exit_code: int = 0
    outcome: StepOutcome | None = None
    lines: tuple[str, ...] = ()
    reports: tuple[ReportFile, ...] = ()
    collecting_raises: EngineError | None = None
    raises: EngineError | None = None
    before: Callable[[], None] | None = None


@dataclass
class MemoryEngine:
    """Behaviours are by `stage/step`; what has none passes at once."""

    behaviours: Mapping[str, Behaviour] = field(default_factory=dict)
    broken_stages: Mapping[str, EngineError] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    open_stages: list[str] = field(default_factory=list)
    running: int = 0
    peak: int = 0
    name: str = "memory"
    broken: EngineError | None = None
    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @asynccontextmanager
    async def open(self, _plan: Plan) -> AsyncIterator[MemorySession]:
        if self.broken:
            raise self.broken
        yield MemorySession(self)


@dataclass
class MemorySession:
    engine: MemoryEngine

    @asynccontextmanager
    async def stage(self, stage: Stage, _sink: Sink) -> AsyncIterator[MemoryScope]:
        if stage.name in self.engine.broken_stages:
            raise self.engine.broken_stages[stage.name]
        self.engine.open_stages.append(stage.name)
        try:
            yield MemoryScope(self.engine, stage, self.engine.warnings.get(stage.name, ()))
        finally:
            self.engine.open_stages.remove(stage.name)


@dataclass
class MemoryScope:
    engine: MemoryEngine
    stage: Stage
    warnings: tuple[str, ...] = ()

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        name = f"{self.stage.name}/{step.name}"
        behaviour = self.engine.behaviours.get(name, Behaviour())
        self.engine.calls.append(name)
        self.engine.running += 1
        self.engine.peak = max(self.engine.peak, self.engine.running)
        try:
            if behaviour.before:
                behaviour.before()
            for line in behaviour.lines:
                sink(Stream.STDOUT, line)
            await anyio.sleep(behaviour.seconds)
            if behaviour.raises:
                raise behaviour.raises
            return behaviour.outcome or StepOutcome(exit_code=behaviour.exit_code)
        finally:
            self.engine.running -= 1

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        behaviour = self.engine.behaviours.get(f"{self.stage.name}/{step.name}", Behaviour())
        if behaviour.collecting_raises:
            raise behaviour.collecting_raises
        return behaviour.reports
