"""An engine that replays the stages whose result is known, and lets another engine run the rest."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread

from heroci_action.cache.build_context import select_context
from heroci_action.cache.content import Content, UnknownContentError
from heroci_action.cache.entry import LARGEST, Entry, StepRecord
from heroci_action.cache.keys import Inputs, replayable, stage_keys
from heroci_action.cache.store import Store
from heroci_action.engines.base import (
    Engine,
    EngineSession,
    Notify,
    ReportFile,
    Sink,
    StageScope,
    StepOutcome,
    Stream,
)
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.results.provenance import Origin
from heroci_action.results.records import Result, StageResult, Status, StepResult, TestCase


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """Where results are kept, and what identifies them.

    `read_content` returns the content of the repository at `root` as of now, and raises UnknownContentError. `facts`
    describe the engine and the machine, `inherited` are the variables of the machine that every step receives, and
    `max_age` is the time in seconds after which an entry is not replayed. Without `reads`, entries are only written.
    """

    store: Store
    root: Path
    machine: Mapping[str, str]
    read_content: Callable[[], Content]
    facts: Callable[[Plan], Mapping[str, str]]
    origin: Origin
    max_age: float
    inherited: frozenset[str] = frozenset()
    reads: bool = True
    notify: Notify = lambda _message: None


class CachedEngine:
    """Wraps an engine, whose output must already be masked: entries contain what leaves it."""

    def __init__(self, engine: Engine, settings: CacheSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._content: Content | None = None
        self._keys: Mapping[str, str] = {}
        self._recorded: dict[str, Entry] = {}
        self._optional: frozenset[str] = frozenset()
        self._found: tuple[Plan, Mapping[str, Entry]] | None = None

    @property
    def name(self) -> str:
        """The name of the wrapped engine."""
        return self._engine.name

    @asynccontextmanager
    async def open(self, plan: Plan) -> AsyncIterator[EngineSession]:
        """Look up every stage; open the wrapped engine only if one of them has to run."""
        entries = await self._find(plan)
        remaining = replace(
            plan,
            stages=tuple(
                replace(stage, skip="replayed") if stage.name in entries else stage
                for stage in plan.stages
            ),
        )
        if all(stage.skip for stage in remaining.stages):
            yield _Session(entries, None, self._start_recording)
            return
        async with self._engine.open(remaining) as session:
            yield _Session(entries, session, self._start_recording)

    async def replays(self, plan: Plan) -> bool:
        """Return whether every stage is replayed, so that the wrapped engine is not needed."""
        entries = await self._find(plan)
        return all(stage.skip or stage.name in entries for stage in plan.stages)

    async def _find(self, plan: Plan) -> Mapping[str, Entry]:
        if self._found is None or self._found[0] != plan:
            self._found = plan, await anyio.to_thread.run_sync(self._look_up, plan)
        return self._found[1]

    def _look_up(self, plan: Plan) -> Mapping[str, Entry]:
        settings = self._settings
        self._optional = frozenset(
            name for name, service in plan.services.items() if service.optional
        )
        try:
            self._content = settings.read_content()
            self._keys = stage_keys(
                plan,
                Inputs(
                    content=self._content.whole,
                    contexts=_contexts(plan, self._content, settings.root),
                    facts=settings.facts(plan),
                    machine=settings.machine,
                    salt=settings.store.salt(),
                    inherited=settings.inherited,
                ),
            )
        except UnknownContentError as error:
            settings.notify(f"no results are cached: {error.cause}")
            return {}
        except OSError as error:
            settings.notify(f"no results are cached: {error.filename}: {error.strerror}")
            return {}
        if not settings.reads:
            return {}
        found = {
            name: entry
            for name, key in self._keys.items()
            if (entry := settings.store.find(key, settings.root, settings.max_age)) is not None
        }
        return {name: found[name] for name in replayable(plan, found)}

    def _start_recording(self, stage: Stage, warnings: tuple[str, ...]) -> Entry | None:
        """Return the entry in which to record a stage; None for a stage that is never replayed."""
        # Without an optional service that could not be started, the stage is another one next time.
        incomplete = bool(warnings) and not self._optional.isdisjoint(stage.services)
        if stage.name not in self._keys or incomplete:
            return None
        entry = Entry(
            origin=self._settings.origin,
            root=str(self._settings.root),
            created=time.time(),
            warnings=warnings,
        )
        self._recorded[stage.name] = entry
        return entry

    def save(self, result: Result) -> None:
        """Store the stages that really ran and passed in every respect.

        Call it only after every gate of the run has passed. Nothing is stored if a file has changed meanwhile.
        """
        settings = self._settings
        complete = self._complete(result)
        if not complete:
            return
        changed = self._find_change()
        if changed:
            settings.notify(f"the results were not cached: {changed}")
            return
        try:
            for name, entry in complete.items():
                settings.store.save(self._keys[name], entry)
            settings.store.prune()
        except OSError as error:
            settings.notify(f"the results were not cached: {error.filename}: {error.strerror}")

    def _complete(self, result: Result) -> dict[str, Entry]:
        """Return the recorded stages that may be replayed."""
        if result.comparison and result.comparison.unstable:
            return {}
        stages = {stage.name: stage for stage in result.stages}
        return {
            name: entry
            for name, entry in self._recorded.items()
            if _is_worth_storing(stages[name], entry)
        }

    def _find_change(self) -> str | None:
        """Return what has changed since the run began, as a sentence; None if nothing has."""
        assert self._content is not None  # noqa: S101  without it, no stage has a key
        try:
            changed = self._settings.read_content().find_change(self._content)
        except UnknownContentError as error:
            return str(error.cause)
        return f"{changed!r} was changed during the run" if changed else None


def _contexts(plan: Plan, content: Content, root: Path) -> dict[str, str]:
    """Return the hash of what each stage sees that runs nothing but an image. Raises OSError."""
    builds = {
        stage.name: stage.confined_to
        for stage in plan.stages
        # The command of a service runs in the checkout.
        if stage.confined_to and not any(plan.services[name].command for name in stage.services)
    }
    # Usually, all stages are confined to one build.
    seen = {(build.context, build.dockerfile): build for build in builds.values()}
    hashes = {place: select_context(content, build, root).whole for place, build in seen.items()}
    return {name: hashes[build.context, build.dockerfile] for name, build in builds.items()}


@dataclass(frozen=True, slots=True)
class _Session:
    """A session of the wrapped engine, None if every stage is replayed."""

    entries: Mapping[str, Entry]
    session: EngineSession | None
    start_recording: Callable[[Stage, tuple[str, ...]], Entry | None]

    @asynccontextmanager
    async def stage(self, stage: Stage, sink: Sink) -> AsyncIterator[StageScope]:
        """Open the stage, replayed or real."""
        entry = self.entries.get(stage.name)
        if entry is not None:
            yield _ReplayedScope(entry)
            return
        assert self.session is not None  # noqa: S101  the engine is open if a stage is not replayed
        async with self.session.stage(stage, sink) as scope:
            recorded = self.start_recording(stage, scope.warnings)
            yield _RecordingScope(scope, recorded) if recorded else scope


@dataclass(frozen=True, slots=True)
class _ReplayedScope:
    entry: Entry

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of the original run."""
        return self.entry.warnings

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        """Repeat the output of a step, and return its outcome with its origin."""
        record = self.entry.steps[step.name]
        assert record.outcome is not None  # noqa: S101  entries contain finished steps
        for stream, line in record.lines:
            sink(stream, line)
        await anyio.lowlevel.checkpoint()
        origin = replace(
            self.entry.origin, duration=record.duration, stage_duration=self.entry.duration
        )
        return replace(record.outcome, cached=True, origin=origin)

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """Return the report files of the original run."""
        return self.entry.steps[step.name].reports.get(step.reports, ())


@dataclass(slots=True)
class _RecordingScope:
    """Records the output and reports of a stage, up to a limit."""

    scope: StageScope
    entry: Entry
    size: int = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings about the services."""
        return self.scope.warnings

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        """Execute a step and record it."""
        record = self.entry.steps.setdefault(step.name, StepRecord())

        def tee(stream: Stream, line: str) -> None:
            sink(stream, line)
            self.size += len(line)
            if self.size <= LARGEST and stream is not Stream.NOTICE:
                record.lines.append((stream, line))

        started = anyio.current_time()
        outcome = await self.scope.run(step, tee)
        record.duration = anyio.current_time() - started
        record.outcome = outcome if self.size <= LARGEST else None
        self.entry.duration = time.time() - self.entry.created
        return outcome

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """Return the step's report files, and record them."""
        files = await self.scope.collect(step)
        record = self.entry.steps.setdefault(step.name, StepRecord())
        kept = await anyio.to_thread.run_sync(self._read, files)
        if kept is None:
            # Too large: a step without an outcome keeps the stage from being stored.
            record.outcome = None
        else:
            record.reports[step.reports] = kept
        return files

    def _read(self, files: Collection[ReportFile]) -> tuple[ReportFile, ...] | None:
        """Return the files with their contents in memory; None if the stage has become too large."""
        kept = []
        for file in files:
            content = file.content
            if file.opened is not None:
                with file.opened() as stream:
                    content = stream.read(LARGEST - self.size + 1)
            self.size += len(content)
            if self.size > LARGEST:
                return None
            kept.append(replace(file, content=content, opened=None))
        return tuple(kept)


def _is_worth_storing(stage: StageResult, entry: Entry) -> bool:
    """Return whether a stage passed without anything that another run might judge differently."""
    return stage.status is Status.PASSED and all(
        _is_clean(step, entry.steps.get(step.name)) for step in stage.steps
    )


def _is_clean(step: StepResult, record: StepRecord | None) -> bool:
    """Return whether a step passed, its reports without a warning, and is recorded completely."""
    if record is None or record.outcome is None or record.outcome.exit_code:
        return False
    new_warnings = set(step.warnings) - set(record.outcome.warnings)
    doubtful = step.problems or step.incomplete or step.origin or new_warnings
    return step.status is Status.PASSED and not doubtful and not any(map(_is_bad, step.tests))


def _is_bad(test: TestCase) -> bool:
    return test.status.is_unsuccessful or test.status is Status.FLAKY
