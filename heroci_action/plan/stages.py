"""The plan: stages with their needs, and the steps that an engine executes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from itertools import groupby

from heroci_action.errors import ConfigurationError, Problem
from heroci_action.plan.actions import Action, BuildImage
from heroci_action.plan.report_kinds import RECORDS, Report
from heroci_action.text import suggest

TOOL_CACHES = "{caches}"
ICU = "icu"
"""Among the extensions of a service: it must support ICU's collations, which are no extension."""
"""The directory outside of the checkout in which tools keep their own caches; the engine decides where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action with a name and a result.

    `must_report`: the step fails if its reports contain no test. `sharded`: the step runs a part of the tests, and
    fails if its reports do not name it. `blocking`: the steps after it are skipped if it fails. `concurrent`: the step
    runs at the same time as the concurrent steps next to it; the steps after them wait for all, and find only the files
    that the last one has written. `always`: the step runs even if an earlier one failed, and after all others in a
    parallel stage, unless the step that it belongs to (`belongs_to`) did not run. `writes` are files, relative to the
    repository's root, that its command writes into the checkout: if one of them exists and git does not track it, an
    engine that works in the checkout itself keeps it and does not run the command.
    """

    name: str
    action: Action
    env: Mapping[str, str] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()
    must_report: bool = False
    sharded: bool = False
    concurrent: bool = False
    always: bool = False
    belongs_to: str | None = None
    blocking: bool = True
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something that a stage connects to: PostgreSQL, Redis, or a service with its own image or command.

    `version` is the major version of a service that HeroCI knows by name; `image` and `command` are for all others.
    `arguments` replace the command of the image. `extensions` are the PostgreSQL extensions that the project creates,
    and ICU for its collations. A run that cannot start an `optional` service warns and continues.
    """

    name: str
    version: str | None = None
    image: str | None = None
    command: str | tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    arguments: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A named unit of the plan.

    `skip` is the reason why the stage will not run, None if it will. `timeout` is in seconds. `image` is the container
    image in which its commands run, None for the base environment. `caches` are directories that persist between runs:
    relative to the working directory, below `~`, absolute, or TOOL_CACHES. `secrets` are variables of the caller that
    the commands receive. `outputs` are files and directories, relative to the working directory, that the stages that
    need this one find where this one created them. `files` maps names to contents; the steps find these files in
    `{reports}`. `partial`: some of its tests are left out, so its result proves nothing about a complete run.
    `confined_to` is the build of the image if nothing else in the stage reads the repository.
    """

    name: str
    emoji: str = ""
    needs: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    parallel: bool = False
    services: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    caches: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    timeout: float | None = None
    optional: bool = False
    partial: bool = False
    confined_to: BuildImage | None = None
    skip: str | None = None

    def groups(self) -> Iterator[tuple[Step, ...]]:
        """Yield the steps that run at the same time, one group after the other."""
        if self.parallel:
            yield tuple(step for step in self.steps if not step.always)
            yield from ((step,) for step in self.steps if step.always)
            return
        for concurrent, steps in groupby(self.steps, lambda step: step.concurrent):
            group = tuple(steps)
            yield from [group] if concurrent else zip(group, strict=True)


# The Python versions that a project may use, in order of preference.
SUPPORTED_PYTHONS = ("3.13", "3.12", "3.14", "3.11", "3.10")
DEFAULT_PYTHON = SUPPORTED_PYTHONS[0]
_MINORS = [int(version.removeprefix("3.")) for version in SUPPORTED_PYTHONS]
OLDEST_PYTHON, NEWEST_PYTHON = (3, min(_MINORS)), (3, max(_MINORS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The contents of the base environment; paths are relative to the repository's root.

    `python_pinned`: no other Python version may replace the requested one. `python_alternatives` may replace it if it
    is not available, best first; they fit `requires_python`, in which the project states what it needs. `project` is
    the directory whose pyproject.toml or setup.py declares dependencies, and `metadata` the file that names them (None
    if there are only dependency groups); `declared` are the requirements in their place if only Poetry reads them.
    `overlay` are packages that HeroCI needs next to the project's own, without versions, so that the project's pins
    win: coverage must be importable by the code it measures. `tools` are HeroCI's own programs, installed separately
    and placed after the project's on the PATH. `overrides` are requirements that replace the project's own, whatever is
    locked. `image` is the base image of engines with containers, None for the official Python image.
    """

    python: str | None = None
    python_pinned: bool = False
    python_alternatives: tuple[str, ...] = ()
    requires_python: str = ""
    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    lock: str | None = None
    project: str | None = None
    metadata: str | None = "pyproject.toml"
    declared: tuple[str, ...] = ()
    install_project: bool = False
    all_members: bool = False
    overlay: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    image: str | None = None


LARGEST_REPORT = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that an engine needs to know; commands run in `directory`, relative to the repository's root.

    `public_variables` are variables of the caller whose values are not masked. Report files of more bytes than
    `largest_report`, uncompressed, are refused.
    """

    project: str
    directory: str = "."
    environment: Environment = field(default_factory=Environment)
    services: Mapping[str, Service] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    public_variables: tuple[str, ...] = ()
    largest_report: int = LARGEST_REPORT
    fail_fast: bool = False
    max_parallel: int | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        check(self)

    def limit_of(self, kind: str) -> int:
        """Return how many bytes a report file of this kind may have."""
        return max(self.largest_report, LARGEST_REPORT if kind in RECORDS else 0)

    def stage(self, name: str) -> Stage:
        """Return the stage of that name. Raises KeyError if there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def all_needs(self, stage: Stage) -> tuple[str, ...]:
        """Return the names of the stages that must pass first, directly or indirectly, in the order of the plan."""
        needed = _with_needs(self, stage.needs)
        return tuple(other.name for other in self.stages if other.name in needed)


def check(plan: Plan) -> None:
    """Raise ConfigurationError with every unknown need, unknown service and duplicate name, or with a cycle."""
    problems = [*_duplicate_names(plan), *_unknown_names(plan)]
    if not problems:
        problems = list(circular_needs({stage.name: stage.needs for stage in plan.stages}))
    if problems:
        raise ConfigurationError(tuple(problems))


def _duplicate_names(plan: Plan) -> Iterator[Problem]:
    seen: set[str] = set()
    for stage in plan.stages:
        if stage.name in seen:
            yield Problem(
                key=f"stages.{stage.name}", message=f"the name {stage.name!r} is used twice"
            )
        seen.add(stage.name)


def _unknown_names(plan: Plan) -> Iterator[Problem]:
    stages = {stage.name for stage in plan.stages}
    for stage in plan.stages:
        yield from _unknown(stage, "stage", stage.needs, known=stages)
        yield from _unknown(stage, "service", stage.services, known=plan.services)


def _unknown(
    stage: Stage, kind: str, names: Iterable[str], *, known: Collection[str]
) -> Iterator[Problem]:
    key = "needs" if kind == "stage" else "services"
    for name in names:
        if name not in known:
            yield Problem(
                key=f"stages.{stage.name}.{key}",
                message=f"stage {stage.name!r} needs an unknown {kind} {name!r}{suggest(name, known)}",
            )


def circular_needs(needs: Mapping[str, Iterable[str]]) -> Iterator[Problem]:
    """Yield a problem with the stages of a cycle, if there is one, starting with the one listed first in `needs`."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        *cycle, _ = reversed(error.args[1])
        start = min(range(len(cycle)), key=lambda index: list(needs).index(cycle[index]))
        names = [*cycle[start:], *cycle[:start], cycle[start]]
        yield Problem(
            key=f"stages.{names[0]}.needs",
            message=f"circular stage dependency: {' -> '.join(names)}",
        )


def select(
    plan: Plan,
    *,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    unselected: str = "not selected by --stages",
    skipped: str = "excluded by --skip",
) -> Plan:
    """Return the plan with every stage that is not selected marked as skipped, with the reason.

    `only` includes everything that the named stages need. `unselected` is the reason of all others, `skipped` the
    reason of the stages in `skip`. Raises ConfigurationError for unknown names.
    """
    only, skip = tuple(only), tuple(skip)
    known = {stage.name for stage in plan.stages}
    unknown = [
        Problem(key=option, message=f"there is no stage {name!r}{suggest(name, known)}")
        for option, names in (("--stages", only), ("--skip", skip))
        for name in names
        if name not in known
    ]
    if unknown:
        raise ConfigurationError(tuple(unknown))
    wanted = _with_needs(plan, only) if only else known
    reasons = dict.fromkeys(known - wanted, unselected) | dict.fromkeys(skip, skipped)
    stages = tuple(
        replace(stage, skip=reasons.get(stage.name, stage.skip)) for stage in plan.stages
    )
    return replace(plan, stages=stages)


def _with_needs(plan: Plan, names: Iterable[str]) -> set[str]:
    needs = {stage.name: stage.needs for stage in plan.stages}
    wanted: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending.extend(needs[name])
    return wanted
