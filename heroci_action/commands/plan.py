"""Plan a project: read its configuration, choose the engine, build the plan."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from heroci_action.analysis.times import times
from heroci_action.commands.affected import AffectedRun, prepare_affected, refuse_in_ci
from heroci_action.commands.cache_directory import cache_directory
from heroci_action.commands.last_failures import LastFailures, read_last_failures
from heroci_action.commands.parallel_proofs import Proofs, describe_proof, in_processes
from heroci_action.commands.unmet_needs import state_unmet_needs
from heroci_action.engines.base import Notify
from heroci_action.engines.choice import Chosen, choose
from heroci_action.engines.docker import Docker
from heroci_action.errors import UsageError
from heroci_action.matrix import apply, cells, select_cells
from heroci_action.options import EngineChoice, RunOptions
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from heroci_action.pipeline.runner_arguments import TestNames, has_selection
from heroci_action.pipeline.tests import NAME as TESTS
from heroci_action.plan.stages import Plan, select
from heroci_action.project import ProjectConfig, load
from heroci_action.repository.files import RepositoryFiles
from heroci_action.results.provenance import ParallelProof
from heroci_action.results.serialise import load as load_result
from heroci_action.sharding import Shard
from heroci_action.text import some

Only = Mapping[str, tuple[tuple[str, str], ...]]
"""Tests by the steps that run them, as in `RunContext.only`."""


# No slots, because `files` is cached.
@dataclass(frozen=True, kw_only=True)
class Project:
    """A project with its plan and the engine for it.

    `partial` is the reason why the run is not complete. `proof` is the only reason why its tests run in parallel; None
    if they do not, or if the project wants it. `affected` is set if tests are selected by what they executed.
    """

    loaded: ProjectConfig
    plan: Plan
    chosen: Chosen
    shard: Shard | None = None
    partial: str | None = None
    context: RunContext = field(default_factory=RunContext)
    proof: ParallelProof | None = None
    affected: AffectedRun | None = None

    @cached_property
    def files(self) -> frozenset[str]:
        """The files that git tracks or would track, relative to the root of the repository."""
        return frozenset(RepositoryFiles.read(self.loaded.root).files)


async def plan_project(
    options: RunOptions,
    machine: Mapping[str, str],
    *,
    read_only: bool = False,
    notify: Notify = lambda _: None,
) -> Project:
    """Read the configuration, choose the engine (and start it, unless `read_only`) and build the plan.

    Raises UsageError, ConfigurationError or EngineError.
    """
    _refuse_contradiction(options)
    _refuse_skipped(options)
    if options.affected:
        refuse_in_ci(machine)
    loaded = warn_of_coverage_limits(_load(options), options)
    chosen = await choose(
        options.engine,
        machine=machine,
        runner_host=options.runner_host,
        read_only=read_only,
        notify=notify,
    )
    proof = _find_proof(loaded, options, machine)
    if proof:
        loaded = in_processes(loaded, parallel=True, origin=describe_proof(proof))
    loaded, known = _read_times(loaded, options.shard, options.reference.baseline)
    last = read_last_failures(options.destination.output, loaded) if options.failed else None
    context = _context(options, loaded, chosen, times=known, last=last)
    context = replace(context, no_image=await _no_image(options, loaded, chosen, machine=machine))
    plan = _select(build_plan(loaded, context), options, last)
    loaded = await state_unmet_needs(
        loaded,
        plan,
        machine=machine,
        in_containers=chosen.engine.has_containers,
        warn_of_services=read_only,
    )
    project = Project(
        loaded=loaded,
        chosen=chosen,
        plan=plan,
        shard=options.shard,
        partial=_why_partial(options, last),
        context=context,
        proof=proof,
    )
    return _with_affected(project, options, machine, notify) if options.affected else project


def _context(
    options: RunOptions,
    loaded: ProjectConfig,
    chosen: Chosen,
    *,
    times: Mapping[str, tuple[float, int]],
    last: LastFailures | None,
) -> RunContext:
    """Return what the plan depends on beside the project: the engine's abilities and the selected tests."""
    contained = chosen.engine.has_containers
    return RunContext(
        no_containers=None if contained else f"the {chosen.name} engine has no containers",
        shard=options.shard,
        times=times,
        arguments=options.arguments,
        test_names=_test_names(loaded) if options.arguments else TestNames(),
        only=last.tests if last else None,
    )


def _with_affected(
    project: Project, options: RunOptions, machine: Mapping[str, str], notify: Notify
) -> Project:
    """Return the project without the tests that no change affects; with a message about what runs, and why."""
    loaded, context = project.loaded, project.context
    found = prepare_affected(loaded, project.chosen, context, options, machine)
    if isinstance(found, str):
        notify(f"every test runs, because {found}")
        return project
    selected = found.selected
    if selected.all_because:
        notify(f"every test runs, because {selected.all_because}")
    context = replace(context, affected=found.tests)
    plan = _select(build_plan(loaded, context), options, None)
    if selected.idle:
        plan = select(plan, skip=(TESTS,), skipped="no test is affected by a change")
    if not selected.all_because:
        summaries = filter(None, (project.partial, selected.summary))
        project = replace(project, partial="; ".join(summaries))
    return replace(project, plan=plan, context=context, affected=found)


def _why_partial(options: RunOptions, last: LastFailures | None) -> str | None:
    """Return why the run is not complete: what `--failed` and the arguments after `--` select."""
    texts = [last.summary] if last else []
    if has_selection(options.arguments):
        texts.append(f"only the tests that the arguments select: {shlex.join(options.arguments)}")
    return "; ".join(texts) or None


async def _no_image(
    options: RunOptions, loaded: ProjectConfig, chosen: Chosen, *, machine: Mapping[str, str]
) -> str | None:
    """Return why no image can be built, None if one can."""
    if "image" in options.skip:
        return "excluded by --skip"
    if chosen.engine.builds_images:
        return None
    problem = await Docker(machine=machine, directory=loaded.root).problem()
    return problem.cause if problem else None


def warn_of_coverage_limits(loaded: ProjectConfig, options: RunOptions) -> ProjectConfig:
    """Name the coverage that the project's CI requires, if the run does not check any."""
    gates = options.gates
    asked = gates.coverage_minimum is not None or gates.coverage_minimum_lines is not None
    limits = loaded.facts.coverage_limits
    if asked or not limits or options.shard:
        return loaded
    text = (
        f"the project's CI requires coverage of {some(limits)}, which this run does not check; "
        "pass the percentage with --coverage-minimum (input coverage-minimum)"
    )
    return replace(loaded, warnings=(*loaded.warnings, text))


def _select(plan: Plan, options: RunOptions, last: LastFailures | None) -> Plan:
    """Return the plan with the requested stages, or with the stages that failed in the last run."""
    if last is None:
        return select(plan, only=options.stages, skip=options.skip)
    reason = "did not fail in the last run"
    return select(plan, only=last.stages, skip=options.skip, unselected=reason)


def _load(options: RunOptions) -> ProjectConfig:
    """Load the project, as a cell of its matrix if one is requested."""
    overrides = overrides_of(options)
    loaded = load(options.path, overrides=overrides, config=options.config)
    if options.cell is None:
        return loaded
    (cell,) = select_cells(cells(loaded.config.matrix), (options.cell,))
    if cell.python:
        overrides = {**overrides, "python": cell.python}
        loaded = load(options.path, overrides=overrides, config=options.config)
    return apply(loaded, cell)


def _test_names(loaded: ProjectConfig) -> TestNames:
    return TestNames.of(RepositoryFiles.read(loaded.root).files, loaded.config.working_directory)


def _find_proof(
    loaded: ProjectConfig, options: RunOptions, machine: Mapping[str, str]
) -> ParallelProof | None:
    """Return the proof that the tests can run in parallel, if the configuration leaves that open."""
    if loaded.config.tests.parallel != "auto" or not options.use_cache:
        return None
    proofs = Proofs(cache=cache_directory(machine), baseline=options.reference.baseline)
    return proofs.find(loaded)


def change_plan(
    project: Project, loaded: ProjectConfig, stages: Collection[str], *, only: Only | None = None
) -> Project:
    """Return the project with another configuration and only these stages and tests, and what they need."""
    context = project.context if only is None else replace(project.context, only=only)
    plan = select(build_plan(loaded, context), only=stages)
    return replace(project, loaded=loaded, plan=plan, proof=None)


def _refuse_contradiction(options: RunOptions) -> None:
    """Raise UsageError if two options contradict each other."""
    only_host = options.engine is EngineChoice.HOST
    last_run, selects = "the last run decides what to run", "each selects tests"
    pairs = (
        ("--affected and --failed", options.affected and options.failed, selects),
        ("--affected and --shard", options.affected and options.shard, selects),
        ("--failed and --stages", options.failed and options.stages, last_run),
        ("--failed and --shard", options.failed and options.shard, last_run),
        (
            "--no-cache and --refresh",
            options.refresh and not options.use_cache,
            "without the cache, there is nothing to replace",
        ),
        (
            "--engine host and --runner-host",
            only_host and options.runner_host,
            "the address is that of a Dagger engine",
        ),
    )
    for names, given, why in pairs:
        if given:
            raise UsageError(f"{names} contradict each other: {why}", remedy="remove one of them")


def _refuse_skipped(options: RunOptions) -> None:
    """Raise UsageError if a stage is both requested and skipped."""
    both = [name for name in options.stages if name in options.skip]
    if both:
        raise UsageError(
            f"both --stages and --skip name {', '.join(map(repr, both))}",
            remedy="remove it from one of them",
        )


def overrides_of(options: RunOptions) -> dict[str, object]:
    """Return the options that override keys of the configuration."""
    values = {
        "fail-fast": options.fail_fast,
        "max-parallel": options.max_parallel,
        "timeout": options.timeout,
        "publish.push": options.publish,
        "python": options.python,
        **{f"env.{name}": f"{{env.{name}}}" if text else "" for name, text in options.env.items()},
        "report.unreadable": options.unreadable and options.unreadable.value,
        "report.reruns": options.reruns and options.reruns.value,
    }
    return {key: value for key, value in values.items() if value is not None}


def _read_times(
    loaded: ProjectConfig, shard: Shard | None, baseline: Path | None
) -> tuple[ProjectConfig, Mapping[str, tuple[float, int]]]:
    """Read the durations that balance the shards; without a baseline, as in the first run, tests are counted."""
    if shard is None or baseline is None:
        return loaded, {}
    try:
        return loaded, times(load_result(baseline.read_bytes()))
    except (OSError, UsageError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        text = f"no durations from baseline {baseline.as_posix()}: {cause}; shards have equal numbers of tests"
        return replace(loaded, warnings=(*loaded.warnings, text)), {}
