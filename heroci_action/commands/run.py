"""One whole run: from options to reports and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import anyio

from heroci_action import output_directory
from heroci_action.analysis.gates import judge_run
from heroci_action.analysis.times import times
from heroci_action.commands.finish import compared, published
from heroci_action.engines.base import Engine, Printed, ReportFile
from heroci_action.engines.choice import Chosen, choose
from heroci_action.engines.docker import Docker
from heroci_action.engines.registry import create_engine
from heroci_action.engines.secret_store import ignore
from heroci_action.engines.settings import EngineSettings
from heroci_action.errors import ExitCode, UsageError
from heroci_action.github.commands import add_mask, write_line
from heroci_action.github.context import GitHubContext
from heroci_action.observers.base import Observer
from heroci_action.observers.console import Console
from heroci_action.observers.github_log import GitHubLog
from heroci_action.observers.logs import LogFiles, with_logs
from heroci_action.observers.multiplexer import Observers
from heroci_action.options import RunOptions
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from heroci_action.plan.caller_variables import require_variables
from heroci_action.plan.stages import Plan, Step, select
from heroci_action.project import ProjectConfig, load
from heroci_action.readers import PathResolver, Readings, Source, read
from heroci_action.reports.publish import Repository
from heroci_action.repository.files import RepositoryFiles
from heroci_action.repository.git import Checkout
from heroci_action.results.packed import listed
from heroci_action.results.records import Result
from heroci_action.results.serialise import load as load_result
from heroci_action.runner.run import Interrupt, Outcome, Reader, run_plan
from heroci_action.sharding import Shard
from heroci_action.version import __version__

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)  # no slots: it remembers the list of files
class Project:
    """A project that was looked at, and the plan for it."""

    loaded: ProjectConfig
    plan: Plan
    chosen: Chosen
    shard: Shard | None = None

    @cached_property
    def files(self) -> frozenset[str]:
        """What git tracks or would track, relative to the repository's root."""
        return frozenset(RepositoryFiles.read(self.loaded.root).files)


def run(options: RunOptions, machine: Mapping[str, str]) -> int:
    """Run the project, write the reports, and return the exit code. Raises HeroCIError before anything ran."""
    return anyio.run(_run, options, machine)


async def _run(options: RunOptions, machine: Mapping[str, str]) -> int:
    project = await prepare(options, machine)
    require_variables(project.plan, machine)
    github = GitHubContext.from_environ(machine)
    output = output_directory.prepared(options.output)
    with _watchers(options, output=output, github=github, machine=machine) as observer:
        engine = engine_for(project, options, machine)
        result = with_logs(await run_project(project, engine, observer), output)
        result = listed(result, project.loaded.config.report.list_passed)
        checkout = Checkout.of(project.loaded.root)
        result = compared(result, options, checkout=checkout, environ=machine)
        result = judge_run(result, options.gates)
        exit_code = published(
            result,
            options,
            output=output,
            repository=Repository(root=project.loaded.root, tracked=project.files),
            environ=machine,
        )
        observer.run_finished(result)
    return exit_code


def _watchers(
    options: RunOptions, *, output: Path, github: GitHubContext | None, machine: Mapping[str, str]
) -> Observers:
    """The log files, and either GitHub's log or the console."""
    if github:
        return Observers(LogFiles(output), GitHubLog(sys.stdout, verbosity=options.verbosity))
    console = Console(
        sys.stdout, verbosity=options.verbosity, output=options.output, environ=machine
    )
    return Observers(LogFiles(output), console)


async def prepare(options: RunOptions, machine: Mapping[str, str]) -> Project:
    """Read the configuration, look around, and plan. Raises UsageError, ConfigurationError or EngineError."""
    loaded = load(options.path, overrides=_overrides(options), config=options.config)
    chosen = await choose(options.engine, machine=machine, runner_host=options.runner_host)
    # Without the image, the integration stage starts the server from the base environment.
    reason = "excluded by --skip" if "image" in options.skip else None
    if not chosen.engine.builds_images:
        problem = await Docker(machine=machine, directory=loaded.root).problem()
        reason = reason or (problem.cause if problem else None)
    containers = (
        None if chosen.engine.has_containers else f"the {chosen.name} engine has no containers"
    )
    loaded, times = _times(loaded, options)
    plan = build_plan(
        loaded,
        RunContext(no_image=reason, no_containers=containers, shard=options.shard, times=times),
    )
    return Project(
        loaded=loaded,
        chosen=chosen,
        plan=select(plan, only=options.stages, skip=options.skip),
        shard=options.shard,
    )


def _times(
    loaded: ProjectConfig, options: RunOptions
) -> tuple[ProjectConfig, Mapping[str, tuple[float, int]]]:
    """The times that make shards even. Without a baseline, as in the first run of all, the tests are counted."""
    if options.shard is None or options.baseline is None:
        return loaded, {}
    try:
        return loaded, times(load_result(options.baseline.read_bytes()))
    except (OSError, UsageError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        text = f"no times from the baseline {options.baseline.as_posix()}: {cause}; tests are counted instead"
        return replace(loaded, warnings=(*loaded.warnings, text)), {}


def _overrides(options: RunOptions) -> dict[str, object]:
    """What the call says, by the keys of the configuration; it wins over what stands in files."""
    values = {
        "fail-fast": options.fail_fast,
        "max-parallel": options.max_parallel,
        "timeout": options.timeout,
        "publish.push": options.publish,
    }
    return {key: value for key, value in values.items() if value is not None}


def cache_directory(machine: Mapping[str, str]) -> Path:
    """Where environments are kept between runs: HEROCI_CACHE_DIR, else by the XDG base directory specification."""
    own = machine.get("HEROCI_CACHE_DIR")
    base = machine.get("XDG_CACHE_HOME") or Path(machine.get("HOME", "/root"), ".cache")
    return Path(own) if own else Path(base, "heroci")


def engine_for(project: Project, options: RunOptions, machine: Mapping[str, str]) -> Engine:
    """Return the engine that was chosen."""
    announce = _mask_on_github if GitHubContext.from_environ(machine) else ignore
    cache = cache_directory(machine)
    settings = EngineSettings(
        root=project.loaded.root,
        cache=cache,
        machine=machine,
        exclude=(*_below(project, options.output), *_below(project, cache)),
        runner_host=options.runner_host,
        install_system_packages=options.install_system_packages,
        fresh=not options.use_cache,
    )
    return create_engine(project.chosen.engine, settings, announce)


def _mask_on_github(line: str) -> None:
    """Have the runner mask it in the log of the job, whoever prints it."""
    write_line(sys.stdout, add_mask(line))
    sys.stdout.flush()


def _below(project: Project, output: Path) -> tuple[str, ...]:
    """The output directory as a path in the repository, where it lies in there."""
    path, root = output.resolve(), project.loaded.root.resolve()
    return (path.relative_to(root).as_posix(),) if path.is_relative_to(root) else ()


async def run_project(project: Project, engine: Engine, observer: Observer) -> Result:
    """Run the plan; an interrupt ends it in order, and the result says what was done until then."""
    started_at = datetime.now(UTC)
    clock = anyio.current_time()
    observer.run_started(project.plan, project.chosen.name, project.chosen.reason)
    interrupt = Interrupt()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_listen, interrupt, observer)
        outcome = await run_plan(
            project.plan,
            engine,
            observer=observer,
            read=_reader(project),
            interrupt=interrupt,
        )
        tasks.cancel_scope.cancel()
    duration = anyio.current_time() - clock
    return _result(project, outcome, started_at=started_at, duration=duration)


async def _listen(interrupt: Interrupt, observer: Observer) -> None:
    """The first signal ends the run in order; the second one at once: the reaper cleans up."""
    with anyio.open_signal_receiver(*SIGNALS) as signals:
        async for number in signals:
            if interrupt.reason:
                observer.close()  # a terminal gets its cursor back
                os._exit(ExitCode.INTERRUPTED)
            interrupt(f"interrupted by {number.name}")


def _reader(project: Project) -> Reader:
    """What turns report files into records, with the repository's files to place them in."""
    root = project.loaded.root
    tree = PathResolver(
        directory=project.plan.directory,
        tracked=project.files,
        roots=(str(root), *project.chosen.engine.roots),
    )
    limit = project.loaded.config.report.largest_file

    def read_reports(step: Step, files: tuple[ReportFile, ...], printed: Printed) -> Readings:
        printed_reports = _printed_reports(step, printed)
        return read(files, tree=tree, printed=printed_reports, limit=limit)

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
        started_at=started_at.isoformat(timespec="seconds"),
        duration=duration,
        stages=outcome.stages,
        coverage=outcome.coverage,
        warnings=project.loaded.warnings,
        heroci_version=__version__,
    )
