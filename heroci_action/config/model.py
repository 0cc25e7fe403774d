"""The keys of the configuration, their types, and a description for each of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    NonNegativeInt,
    StrictBool,
    StrictInt,
    Tag,
)
from pydantic_core import PydanticCustomError

from heroci_action.options import LARGEST_FILE, LIST_PASSED
from heroci_action.readers.registry import BY_KIND
from heroci_action.text import suggest

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smh]?)")
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE = re.compile(r"(\d{1,15})\s*(?:([kMG])?(i)?B)?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
_STEP_NAME_LIMIT = 60


def _wrong(message: str) -> PydanticCustomError:
    # Braces would be read as fields of a template.
    return PydanticCustomError("heroci", "{message}", {"message": message})


def seconds(value: object) -> float:
    """Seconds from a number or from "90s", "5m", "1h"; raises PydanticCustomError for anything else."""
    wanted = 'must be seconds as a number, or text such as "90s", "5m", "1h"'
    if isinstance(value, bool):
        raise _wrong(wanted)
    if isinstance(value, int | float):
        number = float(value)
    else:
        match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise _wrong(wanted)
        number = float(match["number"]) * _SECONDS[match["unit"]]
    if not 0 < number < float("inf"):
        raise _wrong("must be longer than nothing and finite")
    return number


def size(value: object) -> int:
    """Bytes from a number or from "500kB", "20MB", "1GiB"; raises PydanticCustomError for anything else."""
    text = str(value).strip() if isinstance(value, int | str) else ""
    match = None if isinstance(value, bool) else _SIZE.fullmatch(text)
    if match is None:
        raise _wrong('must be bytes as a whole number, or text such as "500MB", "2GB", "1GiB"')
    step: int = 1_024 if match[3] else 1_000
    factor: int = step ** _POWERS[(match[2] or "").lower()]
    return int(match[1]) * factor


def _line(value: object) -> str | tuple[str, ...]:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise _wrong("must be a line for the shell, or a list of arguments, and not empty")


def _runs(value: object) -> tuple[tuple[str, ...], ...]:
    if isinstance(value, list | tuple):
        if all(isinstance(word, str) for word in value):
            return (tuple(value),)
        if all(
            isinstance(run, list | tuple) and all(isinstance(word, str) for word in run)
            for run in value
        ):
            return tuple(tuple(run) for run in value)
    raise _wrong("must be a list of arguments, or a list of such lists, one for each run")


def _parallel(value: object) -> bool | int | Literal["auto"]:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value > 0:
        return value
    if value == "auto":
        return "auto"
    raise _wrong('must be true, false, "auto" or a number of processes from 1')


def _python(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise _wrong('must be text, because 3.10 as a number is 3.1: write python = "3.13"')
    return value


def _as(key: str, *types: type) -> Callable[[object], object]:
    """A short form: a value of one of these types stands for a table with only `key`."""

    def expand(value: object) -> object:
        short = isinstance(value, types) and not isinstance(value, bool)
        return {key: str(value) if isinstance(value, int) else value} if short else value

    return expand


def _tools(value: object) -> object:
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return {name: {} for name in value}
    return value


def _many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _format(value: object) -> object:
    if isinstance(value, str) and value not in BY_KIND:
        raise _wrong(f"must be a report format{suggest(value, BY_KIND)}")
    return value


Text = Annotated[str, Field(min_length=1)]
ReportKind = Annotated[
    str, BeforeValidator(_format), Field(json_schema_extra={"enum": list(BY_KIND)})
]
Texts = tuple[Text, ...]
Seconds = Annotated[float, BeforeValidator(seconds, json_schema_input_type=float | str)]
Size = Annotated[int, BeforeValidator(size, json_schema_input_type=NonNegativeInt | str)]
Line = Annotated[
    str | tuple[str, ...],
    BeforeValidator(_line, json_schema_input_type=Text | Annotated[list[str], Field(min_length=1)]),
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Names = tuple[Name, ...]
Env = Mapping[Name, str]


class Table(BaseModel):
    """A table of the configuration: its keys are kebab-case, others are errors, its values do not change."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
    )


class ServiceConfig(Table):
    """Something that the tests talk to; a text alone is its version."""

    version: Text | None = None
    """The version, such as "17"; the host engine takes the one it has and says so."""
    image: Text | None = None
    """The container image, for services that HeroCI does not know by name."""
    command: Line | None = None
    """The command that starts it; `{port}` in it is the port to listen on."""
    env: Env = Field(default_factory=dict)
    """Environment variables of the service itself."""
    port: Annotated[StrictInt, Field(ge=1, le=65535)] | None = None
    """The port that it listens on inside its container."""


class LintConfig(Table):
    """A lint tool of the project's own; a text alone is its command."""

    command: Line | None = None
    """The command; None is the built-in tool of that name with its own command."""
    format: ReportKind | None = None
    """The format of what it prints, so that findings get a file, a line and a rule."""


class StepConfig(Table):
    """One command; a text alone is a line for the shell, a list is a program with its arguments."""

    name: Text | None = None
    """What the step is called in reports; the command where it is left out."""
    run: Line
    """The command."""

    @property
    def title(self) -> str:
        """The name, or the beginning of the command on one line."""
        line = self.run if isinstance(self.run, str) else shlex.join(self.run)
        return self.name or " ".join(line.split())[:_STEP_NAME_LIMIT]


class TestsConfig(Table):
    """How the tests are run."""

    __test__ = False  # not a test class, whatever pytest makes of its name

    runner: Literal["django", "pytest"] | None = None
    """Django's own test runner or pytest; detected."""
    script: Text | None = None
    """A script of the project's that sets Django up and runs its tests, such as runtests.py; detected, else none."""
    args: Annotated[
        tuple[tuple[str, ...], ...],
        BeforeValidator(_runs, json_schema_input_type=list[str] | list[list[str]]),
    ] = ((),)
    """Arguments for the runner; a list of lists is several runs whose coverage is combined."""
    before: tuple[Step, ...] = ()
    """Commands that run before the tests, such as building assets."""
    parallel: Annotated[
        StrictBool | StrictInt | Literal["auto"],
        BeforeValidator(
            _parallel, json_schema_input_type=bool | Annotated[int, Field(ge=1)] | Literal["auto"]
        ),
    ] = "auto"
    """Test processes: a number, true for one per core, false for one, "auto" for what the project allows."""
    coverage: StrictBool = True
    """Whether coverage is measured."""
    check_migrations: StrictBool | Literal["warn"] = True
    """Whether `makemigrations --check` must find nothing to do; "warn" tells of what it finds, and fails nothing."""


class ImageConfig(Table):
    """The production image."""

    dockerfile: Text | None = None
    """The Dockerfile, relative to the repository's root; detected."""
    context: Text = "."
    """The build context, relative to the repository's root."""
    target: Text | None = None
    """The stage of the Dockerfile to build; the last one where it is left out."""
    build_args: Mapping[str, str] = Field(default_factory=dict)
    """Build arguments."""
    command: Line | None = None
    """The command that starts the application in the image; the image's own where it is left out."""
    health: Annotated[str, Field(pattern="^/")] | None = None
    """The path that must answer with a status below 400; the port alone is awaited where there is none."""
    secrets: Names = ()
    """Variables of the caller that the build sees as `RUN --mount=type=secret,id=NAME`; never part of the image."""
    export: Text | None = None
    """The name under which an image that has passed is put into the local Docker, such as "shop:ci"."""


class PublishConfig(Table):
    """Where an image that has passed is pushed to."""

    address: Text
    """The image's address, such as "ghcr.io/acme/shop:{env.GITHUB_SHA}"; nothing is pushed without `push`."""
    username: Text | None = None
    """Who pushes; may be {env.NAME}. The engine's own credentials are used where it is left out."""
    password: Name | None = None
    """The variable of the caller that holds the password or token."""
    push: StrictBool = False
    """Whether it is pushed; false says what would be. `heroci run --publish` and the action's `publish` win."""
    needs: Texts | None = None
    """The stages that must have passed before; all the others where it is left out."""


class CheckConfig(Table):
    """One HTTP request to the running application and what must come back; a text alone is a path."""

    name: Text | None = None
    """What the check is called in reports."""
    path: Annotated[str, Field(pattern="^/")]
    """The path, with its query."""
    method: Annotated[str, Field(pattern="^[A-Z]+$")] = "GET"
    """The HTTP method, in capitals."""
    headers: Mapping[str, str] = Field(default_factory=dict)
    """Headers to send."""
    body: JsonValue = None
    """What to send as JSON."""
    status: Annotated[StrictInt, Field(ge=100, le=599)] = 200
    """The status that must come back."""
    json_subset: JsonValue = Field(default=None, alias="json")
    """What the JSON answer must hold: tables may have more keys than these."""
    contains: Text | None = None
    """Text that must be in the answer."""

    @property
    def title(self) -> str:
        """The name, or the method and the path."""
        return self.name or f"{self.method} {self.path}"


class IntegrationConfig(Table):
    """What is asked of the running application."""

    enabled: StrictBool | None = None
    """Whether the stage runs; where it is left out, it does when there is something to ask."""
    health: Annotated[str, Field(pattern="^/")] | None = None
    """The path that says that the application is ready; `image.health` where it is left out."""
    checks: tuple[Check, ...] = ()
    """HTTP requests and what must come back."""
    command: Line | None = None
    """The project's own end-to-end tests; they find the application at HEROCI_BASE_URL."""


class ReportConfig(Table):
    """How much reports may read and list, whether of `heroci run`, `report` or `merge`; an option of the call wins."""

    largest_file: Annotated[Size, Field(json_schema_extra={"default": "1GiB"})] = LARGEST_FILE
    """A larger report, unpacked, is a warning and not read: bytes, or text such as "500MB", "1GiB"."""
    list_passed: Annotated[StrictInt, Field(ge=0)] = LIST_PASSED
    """Where more tests passed, `heroci-result.json` has them as an index of names."""


class StageConfig(Table):
    """A stage of the project's own (deploying is one), or changes to a built-in one."""

    needs: Texts | None = None
    """The stages that must have passed before; ["base"] where it is left out."""
    steps: tuple[Step, ...] = ()
    """Commands, in order."""
    parallel: StrictBool = False
    """Whether the steps run side by side."""
    reports: Mapping[
        ReportKind, Annotated[Texts, BeforeValidator(_many, json_schema_input_type=str | list[str])]
    ] = Field(default_factory=dict)
    """Files that the steps leave behind: kind to path or glob."""
    services: Texts | None = None
    """The services that the stage needs, by name."""
    env: Env = Field(default_factory=dict)
    """Environment variables of this stage, over the common ones."""
    secrets: Names = ()
    """Variables of the caller that the commands get as secrets, by name; a run without them is refused."""
    image: Text | None = None
    """The container image that the commands of a stage of the project's own run in, such as "node:22-slim"."""
    caches: Texts = ()
    """Directories that are kept from run to run, such as "~/.npm" or "node_modules"."""
    timeout: Seconds | None = None
    """How long the stage may take."""
    optional: StrictBool | None = None
    """Whether the run passes although this stage fails."""


Step = Annotated[
    StepConfig,
    BeforeValidator(
        _as("run", str, list, tuple), json_schema_input_type=StepConfig | str | list[str]
    ),
]
Check = Annotated[
    CheckConfig, BeforeValidator(_as("path", str), json_schema_input_type=CheckConfig | str)
]
Service = Annotated[
    ServiceConfig,
    BeforeValidator(_as("version", str, int), json_schema_input_type=ServiceConfig | str | int),
]
LintTool = Annotated[
    LintConfig,
    BeforeValidator(
        _as("command", str, list, tuple), json_schema_input_type=LintConfig | str | list[str]
    ),
]


class Config(Table):
    """Everything that HeroCI can be told about a project; all of it is optional."""

    python: Annotated[str, Field(pattern=r"^3\.\d+(\.\d+)?$"), BeforeValidator(_python)] | None = (
        None
    )
    """The Python version of the project, such as "3.13"; detected."""
    working_directory: Text = "."
    """Where commands run (the directory of manage.py), relative to the repository's root; detected."""
    requirements: Texts = ()
    """Requirements files, relative to the repository's root; detected."""
    packages: Texts = ()
    """Packages besides the files, as pip would be told."""
    extras: Texts = ()
    """Extras of the project to install."""
    groups: Texts = ()
    """Dependency groups of the project to install."""
    lock: Text | None = None
    """The lock file: uv.lock, pylock.toml or poetry.lock; detected."""
    apt: Texts = ()
    """Debian packages that the project needs."""
    base_image: Text | None = None
    """The container image that the base environment is made in; "python:X-slim" where it is left out."""
    hook: Annotated[str, Field(pattern=r"^(?:[^:]+\.py|[A-Za-z_][\w.]*):[A-Za-z_]\w*$")] | None = (
        None
    )
    """A function that gets the base container and returns the one to use: "module:function" or "file.py:function"."""
    env: Env = Field(default_factory=dict)
    """Environment variables of every stage; values may hold placeholders such as {postgres.url}."""
    settings: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")] | None = None
    """The settings module; detected."""
    timeout: Seconds | None = None
    """How long the whole run may take."""
    max_parallel: Annotated[StrictInt, Field(ge=1)] | None = None
    """How many stages and steps may run at once; without a limit where it is left out."""
    fail_fast: StrictBool = False
    """Whether the first failing stage ends the run."""
    services: Mapping[str, Service] = Field(default_factory=dict)
    """What the tests talk to, by name; {} for a project that tests on SQLite; detected."""
    lint: Annotated[
        Mapping[str, LintTool],
        BeforeValidator(
            _tools, json_schema_input_type=list[str] | dict[str, LintConfig | str | list[str]]
        ),
    ] = Field(default_factory=dict)
    """Lint tools: a list of built-in ones, or a table of tool to command; [] for none; detected."""
    tests: TestsConfig = Field(default_factory=TestsConfig)
    """How the tests are run."""
    image: (
        Annotated[
            Annotated[ImageConfig, Tag("<table>")] | Annotated[Literal[False], Tag("<false>")],
            Discriminator(lambda value: "<false>" if value is False else "<table>"),
        ]
        | None
    ) = None
    """The production image, or false for none; detected."""
    publish: PublishConfig | None = None
    """Where the production image is pushed to; nowhere where it is left out."""
    integration: IntegrationConfig = Field(default_factory=IntegrationConfig)
    """What is asked of the running application."""
    report: ReportConfig = Field(default_factory=ReportConfig)
    """Limits of what reports read and list."""
    stages: Mapping[str, StageConfig] = Field(default_factory=dict)
    """Stages of the project's own, by name."""


def _rebuild() -> None:
    for model in (TestsConfig, IntegrationConfig, StageConfig, Config):
        model.model_rebuild()


_rebuild()
