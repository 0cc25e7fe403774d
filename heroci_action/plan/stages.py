"""The plan: stages with their needs, and the steps that an engine is asked to take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter

from heroci_action.errors import ConfigurationError, Problem
from heroci_action.plan.actions import Action
from heroci_action.plan.report_kinds import Report
from heroci_action.text import suggest


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action with a name and its own result.

    `must_report`: a step that passes without a single test in its reports did not do what it is for, and fails.
    `always`: the step runs although an earlier one of its stage failed, and behind all the others in a parallel stage;
    unless it belongs to a step (`belongs_to`) that did not run: what was not measured cannot be collected.
    `blocking`: the steps behind it are skipped when it fails. `sharded`: it is to run a part of the tests only, and
    fails where its reports do not say which.
    """

    name: str
    action: Action
    env: Mapping[str, str] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()
    must_report: bool = False
    sharded: bool = False
    always: bool = False
    belongs_to: str | None = None
    blocking: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something that a stage talks to: PostgreSQL, Redis, or an own image or command.

    `version` is a major version for the services that HeroCI knows by name; `image` and `command` are for the others.
    """

    name: str
    version: str | None = None
    image: str | None = None
    command: str | tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A named unit of the plan; `skip` is the reason in words why it will not run; `timeout` is in seconds.

    `image` is the container image that its commands run in, None the base environment. `caches` are directories that
    are kept from run to run: relative to the working directory, below `~`, or absolute. `secrets` are variables of the
    caller that its commands get. `files` are texts by their names, which its steps find in `{reports}`.
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
    timeout: float | None = None
    optional: bool = False
    skip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the base environment is made of; paths are relative to the repository's root.

    `python_pinned`: no other version may stand in. `project` is the directory whose pyproject.toml or setup.py declares
    dependencies, `metadata` the file of the two that names them (None: there are groups only). `overlay` are packages
    that HeroCI needs beside the project's own (coverage must live with the code it measures), without a version, so
    that the project's pins win; `tools` are programs of HeroCI's, kept apart from the project's packages and behind
    them on the PATH. `image` is the container image to start from where an engine has containers; None: Python's own.
    """

    python: str | None = None
    python_pinned: bool = False
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    lock: str | None = None
    project: str | None = None
    metadata: str | None = "pyproject.toml"
    install_project: bool = False
    overlay: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    image: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that an engine needs to know; `directory` is where commands run, relative to the repository's root."""

    project: str
    directory: str = "."
    environment: Environment = field(default_factory=Environment)
    services: Mapping[str, Service] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    fail_fast: bool = False
    max_parallel: int | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        check(self)

    def stage(self, name: str) -> Stage:
        """The stage of that name; KeyError where there is none."""
        return next(stage for stage in self.stages if stage.name == name)


def check(plan: Plan) -> None:
    """Raise ConfigurationError with every unknown need, unknown service, double name and cycle."""
    problems = [*_double_names(plan), *_unknown_names(plan)]
    if not problems:
        problems = list(_cycles(plan))
    if problems:
        raise ConfigurationError(tuple(problems))


def _double_names(plan: Plan) -> Iterable[Problem]:
    names = [stage.name for stage in plan.stages]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(key=f"stages.{name}", message=f"the name {name!r} is used twice")


def _unknown_names(plan: Plan) -> Iterable[Problem]:
    known = {stage.name for stage in plan.stages}
    for stage in plan.stages:
        for kind, names, pool in (
            ("stage", stage.needs, known),
            ("service", stage.services, set(plan.services)),
        ):
            for name in names:
                if name not in pool:
                    key = "needs" if kind == "stage" else "services"
                    yield Problem(
                        key=f"stages.{stage.name}.{key}",
                        message=f"stage {stage.name!r} needs an unknown {kind} {name!r}{suggest(name, pool)}",
                    )


def _cycles(plan: Plan) -> Iterable[Problem]:
    try:
        TopologicalSorter({stage.name: stage.needs for stage in plan.stages}).prepare()
    except CycleError as error:
        circle = [str(name) for name in reversed(error.args[1])]
        yield Problem(
            key=f"stages.{circle[0]}.needs",
            message=f"stages need each other in a circle: {' -> '.join(circle)}",
        )


def select(plan: Plan, *, only: Iterable[str] = (), skip: Iterable[str] = ()) -> Plan:
    """The plan with the stages that are not wanted marked as skipped, each with its reason.

    `only` brings what its stages need. Raises ConfigurationError for names that are no stage.
    """
    only, skip = tuple(only), tuple(skip)
    known = [stage.name for stage in plan.stages]
    unknown = [
        Problem(key=option, message=f"there is no stage {name!r}{suggest(name, known)}")
        for option, names in (("--stages", only), ("--skip", skip))
        for name in names
        if name not in known
    ]
    if unknown:
        raise ConfigurationError(tuple(unknown))
    wanted = _with_needs(plan, only) if only else set(known)
    return replace(plan, stages=tuple(_selected(stage, wanted, set(skip)) for stage in plan.stages))


def _with_needs(plan: Plan, names: Iterable[str]) -> set[str]:
    wanted: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending.extend(plan.stage(name).needs)
    return wanted


def _selected(stage: Stage, wanted: set[str], skip: set[str]) -> Stage:
    if stage.name in skip:
        return replace(stage, skip="left out with --skip")
    if stage.name not in wanted:
        return replace(stage, skip="not among --stages")
    return stage
