"""Run a project: plan it, run the plan on an engine, report the result."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import anyio

from heroci_action.affected.capture import CapturingEngine
from heroci_action.analysis.diagnosis import Tree
from heroci_action.cache.replay import CachedEngine
from heroci_action.commands.cache_directory import cache_directory
from heroci_action.commands.confirm_failures import Confirmation
from heroci_action.commands.engine import engine_for, settings_for
from heroci_action.commands.event_loop import run_in_loop
from heroci_action.commands.finish import Site, finish
from heroci_action.commands.notes import print_note
from heroci_action.commands.parallel_proofs import Proofs, describe_proof
from heroci_action.commands.plan import Project, plan_project
from heroci_action.commands.result_cache import with_results
from heroci_action.commands.stage_times import StageTimes
from heroci_action.commands.test_files import warn_of_few_tests
from heroci_action.engines.base import Engine, Printed, ReportFile
from heroci_action.engines.choice import choose
from heroci_action.errors import ExitCode, UsageError
from heroci_action.github.command_files import CommandFiles
from heroci_action.github.context import GitHubContext
from heroci_action.observers.base import Observer
from heroci_action.observers.choice import choose_observer
from heroci_action.observers.logs import LogFiles, with_logs
from heroci_action.options import EngineChoice, Reruns, RunOptions, Unreadable
from heroci_action.output_directory import open_output, remove_reports
from heroci_action.plan.caller_variables import require_variables
from heroci_action.plan.stages import Step
from heroci_action.publish.files import Repository
from heroci_action.readers import PathResolver, Readings, Source, read
from heroci_action.readers.base import tolerate
from heroci_action.repository.files import RepositoryFiles
from heroci_action.repository.git import Checkout
from heroci_action.results.packed import expand_or_pack
from heroci_action.results.provenance import LeftOutLine
from heroci_action.results.records import Result
from heroci_action.runner.run import Interrupt, Outcome, Reader, run_plan
from heroci_action.version import __version__

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ONE_SIGNAL = 1.0
"""Seconds within which the same signal counts once."""


def run(options: RunOptions, machine: Mapping[str, str]) -> int:
    """Run the project and write the reports; return the exit code. Raises HeroCIError before anything runs."""
    return run_in_loop(_run, options, machine)


async def _run(options: RunOptions, machine: Mapping[str, str]) -> int:
    _check_temporary_directory(machine)
    # With `auto`, an engine is started only if a stage has to run.
    project = await plan_project(
        options, machine, read_only=options.engine is EngineChoice.AUTO, notify=print_note
    )
    require_variables(project.plan, machine)
    destination = options.destination
    with open_output(destination.output) as output:
        remove_reports(output)
        with choose_observer(
            LogFiles(output),
            verbosity=options.verbosity,
            output=destination.output,
            environ=machine,
            durations=options.durations,
        ) as observer:
            site = Site(
                checkout=Checkout.of(project.loaded.root),
                repository=Repository(root=project.loaded.root, tracked=project.files),
                output=output,
                github=GitHubContext.from_environ(machine),
                observer=observer,
            )
            return await _run_and_report(project, options, machine, site)


async def _run_and_report(
    project: Project, options: RunOptions, machine: Mapping[str, str], site: Site
) -> int:
    observer = site.observer
    engines = _Engines(options=options, machine=machine)
    project, cached = await _start_engine(project, engines, observer)
    engine = _captured(cached, project)
    command_files = CommandFiles(machine)
    times = StageTimes(cache=cache_directory(machine), project=project.plan.project)
    known = times.read() if options.use_cache else {}
    first = await run_project(project, engine, observer, times=known)
    result = await _confirm_failures(first, project, observer=observer, engines=engines)
    # Only a failure under a proof leads to another run, whose stages this engine has not seen.
    seen = project.proof is None or first.exit_code == ExitCode.PASSED
    if seen and project.affected and isinstance(engine, CapturingEngine):
        project.affected.save(result, engine.contexts)
    result = with_logs(result, site.output)
    command_files.restore()
    if options.use_cache:
        times.save(result.stages)
    finished = finish(
        expand_or_pack(result),
        reference=options.reference,
        gates=options.gates,
        destination=options.destination,
        site=site,
    )
    passed = finished.exit_code == ExitCode.PASSED
    if passed and seen and isinstance(cached, CachedEngine):
        cached.save(finished)
    return finished.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engines:
    """Create the engines of a run, as its options and the machine decide."""

    options: RunOptions
    machine: Mapping[str, str]

    def fresh(self, project: Project, observer: Observer) -> Engine:
        """Create an engine that runs every stage."""
        return engine_for(project, self.options, self.machine, notify=observer.note)

    def cached(self, project: Project, observer: Observer) -> Engine:
        """Create an engine that replays the stages whose results are known, unless the cache is disabled."""
        engine = self.fresh(project, observer)
        settings = settings_for(project, self.options, self.machine, notify=observer.note)
        return with_results(engine, project, self.options, settings)


def _captured(engine: Engine, project: Project) -> Engine:
    """Return the engine; if affected tests are selected, it keeps what each test executed."""
    return CapturingEngine(engine) if project.affected else engine


async def _start_engine(
    project: Project, engines: _Engines, observer: Observer
) -> tuple[Project, Engine]:
    """Start the engine that `auto` has found, unless every stage is replayed; plan again if that fails.

    Return the project, and the engine with the results of earlier runs of its plan.
    """
    options, machine = engines.options, engines.machine
    cached = engines.cached(project, observer)
    is_idle = isinstance(cached, CachedEngine) and await cached.replays(project.plan)
    if options.engine is not EngineChoice.AUTO or is_idle:
        return project, cached
    chosen = await choose(
        options.engine, machine=machine, runner_host=options.runner_host, notify=print_note
    )
    if chosen.name == project.chosen.name:
        return replace(project, chosen=chosen), cached
    planned = await plan_project(options, machine, notify=print_note)
    require_variables(planned.plan, machine)
    return planned, engines.cached(planned, observer)


async def _confirm_failures(
    result: Result,
    project: Project,
    *,
    observer: Observer,
    engines: _Engines,
) -> Result:
    """Return the result that counts, if the tests run in parallel only because of a proof."""
    if project.proof is None:
        return result

    def run_again(other: Project, observer: Observer) -> Awaitable[Result]:
        engine = _captured(engines.fresh(other, observer), other)
        return run_project(other, engine, observer)

    confirmation = Confirmation(
        project=project,
        proof=project.proof,
        proofs=Proofs(cache=cache_directory(engines.machine)),
        observer=observer,
        run=run_again,
    )
    return await confirmation.decide(result)


def _check_temporary_directory(machine: Mapping[str, str]) -> None:
    """Raise UsageError if TMPDIR is unusable, because a run creates all its temporary files there."""
    directory = machine.get("TMPDIR")
    if directory and not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(
            f"TMPDIR is not a writable directory: {directory!r}",
            remedy="create it, or set TMPDIR to another directory",
        )


async def run_project(
    project: Project,
    engine: Engine,
    observer: Observer,
    *,
    times: Mapping[str, float] | None = None,
) -> Result:
    """Run the plan; after an interrupt, return the result of what has run until then. For `times` see `run_plan`."""
    started_at = datetime.now(UTC)
    clock = anyio.current_time()
    observer.run_started(project.plan, project.chosen.name, project.chosen.reason)
    if project.proof:
        observer.note(f"the tests run in parallel ({describe_proof(project.proof)})")
    interrupt = Interrupt()
    signals = _Signals(interrupt, observer)
    try:
        outcome = await run_plan(
            project.plan,
            engine,
            observer=observer,
            read=_reader(project),
            interrupt=interrupt,
            tree=_tree(project),
            times=times,
        )
    finally:
        signals.reporting = True
    duration = anyio.current_time() - clock
    return _result(project, outcome, started_at=started_at, duration=duration)


class _Signals:
    """End the run in order after the first signal, and at once after another one: the reaper cleans up.

    The same signal within a second counts once: `timeout`, for example, signals the process and then its group. The
    handlers stay until the program ends, so that a late signal cannot contradict the reports: if `reporting`, the
    first one changes nothing.
    """

    def __init__(self, interrupt: Interrupt, observer: Observer) -> None:
        self.reporting = False
        self._interrupt = interrupt
        self._observer = observer
        self._first: tuple[int, float] | None = None
        # anyio's receiver would restore the default handlers before the reports are written.
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            # After `nohup`, the end of the terminal is not the end of the run.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._receive)

    def _receive(self, number: int, frame: object) -> None:
        del frame
        if self.reporting:
            self._take(number)
        else:
            self._loop.call_soon_threadsafe(self._take, number)

    def _take(self, number: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = (number, now)
            if self.reporting:
                return
            self._interrupt(f"interrupted by {signal.Signals(number).name}")
        elif number != self._first[0] or now - self._first[1] >= ONE_SIGNAL:
            # Restore the cursor of the terminal.
            self._observer.close()
            os._exit(ExitCode.INTERRUPTED)


def _tree(project: Project) -> Tree:
    """Return what is known about the repository to explain a missing module."""
    text = RepositoryFiles(root=project.loaded.root, files=tuple(project.files)).text(".gitmodules")
    return Tree(
        files=project.files,
        submodules=tuple(re.findall(r"^\s*path\s*=\s*(\S+)", text, re.MULTILINE)),
    )


def _reader(project: Project) -> Reader:
    """Return the function that reads the reports of a step."""
    root = project.loaded.root
    settings = project.loaded.config.report
    resolver = PathResolver(
        directory=project.plan.directory,
        tracked=project.files,
        roots=(str(root), *project.chosen.engine.roots),
        prefixes=tuple(settings.prefixes()),
    )
    tolerant = settings.unreadable is Unreadable.WARN

    def read_reports(step: Step, files: tuple[ReportFile, ...], printed: Printed) -> Readings:
        readings = read(
            files,
            tree=resolver,
            printed=_printed_reports(step, printed),
            limit=settings.largest_file,
            assume_reruns=settings.reruns is Reruns.ASSUME,
        )
        return tolerate(readings) if tolerant else readings

    return read_reports


def _printed_reports(step: Step, printed: Printed) -> Iterator[Source]:
    for report in step.reports:
        if report.path is None:
            yield Source(
                kind=report.kind,
                path=f"the output of {step.name}",
                content=printed.stdout.encode(errors="replace"),
                errors=printed.stderr.encode(errors="replace"),
            )


def _result(project: Project, outcome: Outcome, *, started_at: datetime, duration: float) -> Result:
    pythons = (step.python for stage in outcome.stages for step in stage.steps)
    return Result(
        status=outcome.status,
        exit_code=outcome.exit_code,
        project=project.plan.project,
        engine=project.chosen.name,
        engine_reason=project.chosen.reason,
        commit=Checkout.of(project.loaded.root).commit(),
        python=next(filter(None, pythons), None),
        shard=str(project.shard) if project.shard else None,
        partial=project.partial,
        started_at=started_at.isoformat(timespec="seconds"),
        duration=duration,
        stages=outcome.stages,
        coverage=outcome.coverage,
        warnings=(*project.loaded.warnings, *warn_of_few_tests(project, outcome.stages)),
        left_out=tuple(
            LeftOutLine(
                line=line.line, source=line.source, reason=line.reason, harmless=line.harmless
            )
            for line in project.loaded.facts.left_out
        ),
        heroci_version=__version__,
    )
