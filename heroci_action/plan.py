"""The plan: stages with their needs, and the steps that an engine is asked to take."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from heroci_action.errors import ConfigurationError, Problem


class ReportKind(StrEnum):
    """The formats that the readers know."""

    JUNIT = "junit"
    DJANGO = "django-record"  # what the probes write: tests, and the databases they used
    DATABASE = "database-record"  # the same, for the databases beside a JUnit report
    COVERAGE_JSON = "coverage-json"
    COBERTURA = "cobertura"
    LCOV = "lcov"
    JACOCO = "jacoco"
    BLACK = "black"
    ISORT = "isort"
    FLAKE8 = "flake8"
    RUFF = "ruff"
    RUFF_FORMAT = "ruff-format"
    MYPY = "mypy"
    PYLINT = "pylint"
    SARIF = "sarif"
    CHECKSTYLE = "checkstyle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a step leaves behind: a file or glob, or its standard output where `path` is None.

    A path is relative to the working directory; `{reports}` in it, in commands and in environments is the stage's own
    scratch directory for report files.
    """

    kind: ReportKind
    path: str | None = None


class Place(StrEnum):
    """Where a command runs."""

    ENVIRONMENT = "environment"  # the base environment with the project's source
    IMAGE = "image"  # the built production image


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Runs a program (a tuple) or a line for the shell (a string)."""

    line: str | tuple[str, ...]
    place: Place = Place.ENVIRONMENT

    def __str__(self) -> str:
        return self.line if isinstance(self.line, str) else shlex.join(self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallSystemPackages:
    """Checks that these Debian packages are there, and installs them where the engine may.

    `required`: the project says that it cannot do without them; otherwise a missing one is a warning.
    """

    packages: tuple[str, ...]
    required: bool = True

    def __str__(self) -> str:
        return f"apt-get install {shlex.join(self.packages)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallDependencies:
    """Makes the base environment from the plan's `Environment`."""

    def __str__(self) -> str:
        return "install the project's dependencies"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildImage:
    """Builds the production image; paths are relative to the repository's root.

    `secrets` are variables of the caller that the build sees as `--mount=type=secret,id=NAME`.
    """

    dockerfile: str
    context: str = "."
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        target = f" --target {self.target}" if self.target else ""
        return f"docker build -f {self.dockerfile}{target} {self.context}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportImage:
    """Puts the production image into the local Docker under a name."""

    name: str

    def __str__(self) -> str:
        return f"docker load {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishImage:
    """Pushes the production image to a registry; `push` False only says what would be pushed.

    `password` is the name of a variable of the caller; without `username` the engine's own credentials are used.
    """

    address: str
    username: str | None = None
    password: str | None = None
    push: bool = False

    def __str__(self) -> str:
        return f"docker push {self.address}" + ("" if self.push else " (dry run)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customise:
    """Hands the base environment to a function of the project's: `module:function` or `file.py:function`."""

    function: str

    def __str__(self) -> str:
        return f"call {self.function}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """Starts the application as the service `app` and waits until `health` answers with a status below 400.

    It stays up until the stage ends. `command` None means the image's own; `{app.port}` and `{app.interface}` in it
    say where to listen.
    `health` None: wait for the port only. `within` is in seconds.
    """

    place: Place
    command: str | tuple[str, ...] | None = None
    port: int | None = None
    health: str | None = None
    within: float = 60.0

    def __str__(self) -> str:
        command = self.command if isinstance(self.command, str) else shlex.join(self.command or ())
        return f"serve {command or 'the image'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReports:
    """Does nothing itself: the step is there for the report files that the steps before it have left."""

    def __str__(self) -> str:
        return "collect the reports"


Action = (
    Command
    | InstallSystemPackages
    | InstallDependencies
    | Customise
    | BuildImage
    | ExportImage
    | PublishImage
    | Serve
    | CollectReports
)


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


def suggest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for a name close to a known one, else the empty string."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


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


_PLACEHOLDER = re.compile(r"\{(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_]\w*)?)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace `{postgres.url}` and the like; what is not in `values` stays as it is (a shell's `${HOME}` or JSON)."""
    return _PLACEHOLDER.sub(lambda match: values.get(match["name"], match[0]), text)


def fill_line(line: str | tuple[str, ...], values: Mapping[str, str]) -> str | tuple[str, ...]:
    """`fill` for a command in either of its forms."""
    if isinstance(line, str):
        return fill(line, values)
    return tuple(fill(argument, values) for argument in line)
