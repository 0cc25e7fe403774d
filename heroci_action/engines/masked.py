"""Mask secrets at the engine's edge: in output, outcomes, report files and errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial

import anyio.to_thread

from heroci_action.engines.base import (
    Engine,
    EngineSession,
    ReportFile,
    Sink,
    StageScope,
    StepOutcome,
)
from heroci_action.engines.machine_errors import machine_errors
from heroci_action.engines.masked_reports import mask_report
from heroci_action.engines.secret_store import (
    MaskedSink,
    SecretStore,
    declared_secrets,
    require_secrets,
)
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan, Stage, Step


class MaskedEngine:
    """Wraps an engine, so that no secret of the plan or of the engine leaves it."""

    def __init__(self, engine: Engine, secrets: SecretStore, machine: Mapping[str, str]) -> None:
        self._engine = engine
        self._secrets = secrets
        self._machine = machine

    @property
    def name(self) -> str:
        """The name of the wrapped engine."""
        return self._engine.name

    @asynccontextmanager
    async def open(self, plan: Plan) -> AsyncIterator[EngineSession]:
        """Open a session of the wrapped engine."""
        self._secrets.add(*declared_secrets(plan, self._machine))
        with _masked_errors(self._secrets):
            async with self._engine.open(plan) as session:
                yield _MaskedSession(session, self._secrets, self._machine, plan.limit_of)


class _MaskedSession:
    def __init__(
        self,
        session: EngineSession,
        secrets: SecretStore,
        machine: Mapping[str, str],
        limit: Callable[[str], int],
    ) -> None:
        self._session = session
        self._secrets = secrets
        self._machine = machine
        self._limit = limit

    @asynccontextmanager
    async def stage(self, stage: Stage, sink: Sink) -> AsyncIterator[StageScope]:
        """Open a stage. Raises EngineError if a secret that it declares is not set."""
        require_secrets(stage, self._machine)
        log = MaskedSink(sink, self._secrets)
        try:
            with _masked_errors(self._secrets):
                async with self._session.stage(stage, log) as scope:
                    yield _MaskedScope(scope, self._secrets, self._limit)
        finally:
            log.flush()


class _MaskedScope:
    def __init__(
        self, scope: StageScope, secrets: SecretStore, limit: Callable[[str], int]
    ) -> None:
        self._scope = scope
        self._secrets = secrets
        self._limit = limit

    @property
    def warnings(self) -> tuple[str, ...]:
        """The masked warnings about the services."""
        return tuple(map(self._secrets.mask, self._scope.warnings))

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        """Execute one step."""
        mask = self._secrets.mask
        masked = MaskedSink(sink, self._secrets)
        try:
            with _masked_errors(self._secrets):
                outcome = await self._scope.run(step, masked)
        finally:
            masked.flush()
        return replace(
            outcome,
            cause=outcome.cause and mask(outcome.cause),
            remedy=outcome.remedy and mask(outcome.remedy),
            facts={mask(key): mask(value) for key, value in outcome.facts.items()},
            warnings=tuple(map(mask, outcome.warnings)),
        )

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """Return the step's report files, masked."""
        with _masked_errors(self._secrets):
            files = await self._scope.collect(step)
        with machine_errors():
            return tuple([await self._mask(file) for file in files])

    async def _mask(self, file: ReportFile) -> ReportFile:
        # A large file takes seconds, in which the other steps go on.
        return await anyio.to_thread.run_sync(
            partial(mask_report, file, self._secrets, limit=self._limit(file.kind))
        )


@contextmanager
def _masked_errors(secrets: SecretStore) -> Iterator[None]:
    """Mask an EngineError of the wrapped engine in place, because a subclass may be caught elsewhere."""
    try:
        with machine_errors():
            yield
    except EngineError as error:
        error.cause = secrets.mask(error.cause)
        error.args = (error.cause,)
        error.remedy = error.remedy and secrets.mask(error.remedy)
        raise
