"""The keys of the configuration, with their types and descriptions."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    JsonValue,
    StrictBool,
    StrictInt,
    Tag,
)

from heroci_action.config.matrix_model import MatrixConfig
from heroci_action.config.table import Table
from heroci_action.config.types import (
    CommandLine,
    Env,
    Hook,
    Name,
    Path,
    Paths,
    Processes,
    PythonVersion,
    ReportFormat,
    Runs,
    Seconds,
    ServiceEnv,
    ServiceName,
    Size,
    Text,
    Texts,
    Title,
    UrlPath,
    Variable,
    Variables,
    lint_tools,
    one_or_more,
    short_form,
)
from heroci_action.options import LARGEST_FILE, Reruns, Unreadable
from heroci_action.repository.path_prefixes import PathPrefix

_STEP_NAME_LIMIT = 60


class ServiceConfig(Table):
    """A server that the tests use; plain text is its version."""

    version: Text | None = None
    """Version, such as "17". The host engine uses the version it has and reports a difference."""
    image: Text | None = None
    """Container image; required for services that HeroCI does not know by name."""
    command: CommandLine | None = None
    """Command that starts the service; `{port}` is the port to listen on."""
    env: ServiceEnv = Field(default_factory=dict)
    """Environment variables of the service itself."""
    port: Annotated[StrictInt, Field(ge=1, le=65535)] | None = None
    """Port on which the service listens in its container."""
    arguments: Texts = ()
    """Arguments of the container, instead of the image's own command."""
    extensions: Texts = ()
    """PostgreSQL only: extensions that the server must have, and "icu" for collations of ICU. The host engine chooses
    a server of the machine that has them, or else a container."""


class LintConfig(Table):
    """A lint tool; plain text is its command."""

    command: CommandLine | None = None
    """Command; the default is the built-in command of the tool."""
    format: ReportFormat | None = None
    """Format of the output, so that findings have a file, a line and a rule."""


class StepConfig(Table):
    """A command; plain text is a shell command, a list is a program with its arguments."""

    name: Title | None = None
    """Name in reports; the default is the command."""
    run: CommandLine
    """Command to run."""

    @property
    def title(self) -> str:
        """Return the name, or the beginning of the command on one line."""
        return self.name or " ".join(self.line.split())[:_STEP_NAME_LIMIT]

    @property
    def line(self) -> str:
        """Return the command as a line of shell."""
        return self.run if isinstance(self.run, str) else shlex.join(self.run)


class TestsConfig(Table):
    """How to run the tests."""

    __test__ = False  # pytest would collect a class with this name

    runner: Literal["django", "pytest"] | None = None
    """Test runner: Django's own or pytest. Detected."""
    script: Path | None = None
    """Script that configures Django and runs the tests, relative to the working directory. Detected."""
    args: Runs = ((),)
    """Arguments for the runner; a list of lists is several runs with combined coverage."""
    before: tuple[Step, ...] = ()
    """Commands to run before the tests, such as building assets."""
    parallel: Processes = "auto"
    """Test processes: a number, true for one per core, false for one, "auto" to follow the project's CI or a proof."""
    coverage: StrictBool = True
    """Measure coverage."""
    check_migrations: StrictBool | Literal["warn"] = True
    """Fail if `makemigrations --check` finds changes; "warn" reports them without failing."""
    share_schema: StrictBool = True
    """Create test databases as copies of the migrated one if they would be the same; PostgreSQL only."""


class ImageConfig(Table):
    """The production image."""

    dockerfile: Path | None = None
    """Dockerfile, relative to the repository's root. Detected."""
    context: Path = "."
    """Build context, relative to the repository's root."""
    target: Text | None = None
    """Stage of the Dockerfile to build; the default is the last one."""
    build_args: Mapping[str, str] = Field(default_factory=dict)
    """Build arguments."""
    command: CommandLine | None = None
    """Command that starts the application; the default is the command of the image."""
    health: UrlPath | None = None
    """Path that must respond with a status below 400; by default, the port must accept connections."""
    secrets: Variables = ()
    """Variables of the caller for `RUN --mount=type=secret,id=NAME`; they are never part of the image."""
    export: Text | None = None
    """Name under which an image that passed is loaded into the local Docker daemon, such as "shop:ci"."""


class PublishConfig(Table):
    """The registry to which an image that passed is pushed."""

    address: Text
    """Image reference, such as "ghcr.io/acme/shop:{env.GITHUB_SHA}"; the image is pushed only with `push`."""
    username: Text | None = None
    """User name; may be {env.NAME}. By default, the engine's own credentials are used."""
    password: Variable | None = None
    """Variable of the caller that contains the password or token."""
    push: StrictBool = False
    """Push the image; false only shows the reference. `heroci run --publish` and the action's `publish` override it."""
    needs: Texts | None = None
    """Stages that must pass first; the default is all others."""


class CheckConfig(Table):
    """An HTTP request to the running application and the expected response; plain text is a path."""

    name: Title | None = None
    """Name in reports; the default is the method and path."""
    path: UrlPath
    """Path with query."""
    method: Annotated[str, Field(pattern="^[A-Z]+$")] = "GET"
    """HTTP method in capitals."""
    headers: Mapping[str, str] = Field(default_factory=dict)
    """Request headers."""
    body: JsonValue = None
    """Request body, sent as JSON."""
    status: Annotated[StrictInt, Field(ge=100, le=599)] = 200
    """Expected status."""
    json_subset: JsonValue = Field(default=None, alias="json")
    """Values that the JSON response must contain; objects may have additional keys."""
    contains: Text | None = None
    """Text that the response must contain."""

    @property
    def title(self) -> str:
        """Return the name, or the method and the path."""
        return self.name or f"{self.method} {self.path}"


class IntegrationConfig(Table):
    """Checks of the running application."""

    enabled: StrictBool | None = None
    """Run the stage; by default, it runs if there are checks, a command or a health path."""
    health: UrlPath | None = None
    """Path that shows that the application is ready; the default is `image.health`."""
    checks: tuple[Check, ...] = ()
    """HTTP requests and their expected responses."""
    command: CommandLine | None = None
    """Command of the project's end-to-end tests; the application's address is in HEROCI_BASE_URL."""


class ReportConfig(Table):
    """Limits of reports, for `heroci run`, `report` and `merge`. Command-line options override them."""

    largest_file: Annotated[Size, Field(json_schema_extra={"default": "1GiB"})] = LARGEST_FILE
    """Maximum uncompressed size of a report, such as "500MB"; a larger one is incomplete, see `unreadable`."""
    unreadable: Unreadable = Unreadable.FAIL
    """Effect of a report that is empty, incomplete, of an unknown format, or contradicts itself."""
    reruns: Reruns = Reruns.STATED
    """With "assume", a failure that is followed by a pass of the same name in one suite is a flaky test."""
    paths: Mapping[str, Path] = Field(default_factory=dict)
    """Prefixes of paths in reports, and the directories that replace them, such as { "/app" = "backend" }."""
    paths_by_report: Mapping[str, Mapping[str, Path]] = Field(default_factory=dict)
    """The same for some reports only, by their globs, such as { "web/**/*.xml" = { "/app" = "web" } }."""

    def prefixes(self) -> Iterator[PathPrefix]:
        """Yield the prefixes of all reports, then the prefixes of some."""
        yield from (PathPrefix(old, new) for old, new in self.paths.items())
        for reports, paths in self.paths_by_report.items():
            yield from (PathPrefix(old, new, reports) for old, new in paths.items())


class ReportFileConfig(Table):
    """A report file of a stage; plain text is its path or glob."""

    path: Text
    """Path or glob, relative to the working directory."""
    optional: StrictBool = False
    """Let the stage pass even if no file matches."""


class StageConfig(Table):
    """A stage of the project, such as a deployment, or changes to a built-in stage."""

    needs: Texts | None = None
    """Stages that must pass first; the default is ["base"], in whose environment its steps run."""
    steps: tuple[Step, ...] = ()
    """Commands, in order."""
    parallel: StrictBool = False
    """Run the steps in parallel."""
    reports: Mapping[ReportFormat, ReportFiles] = Field(default_factory=dict)
    """Report files that the steps produce: format to path or glob, or a list of them."""
    services: Texts | None = None
    """Names of the services that the stage needs."""
    env: Env = Field(default_factory=dict)
    """Environment variables of this stage; they override the common ones."""
    secrets: Variables = ()
    """Variables of the caller that the commands receive as secrets; without them, the stage does not start."""
    image: Text | None = None
    """Container image for the commands, such as "node:22-slim"; not for built-in stages."""
    caches: Texts = ()
    """Directories to keep between runs, such as "~/.npm" or "node_modules"."""
    outputs: Paths = ()
    """Files and directories, relative to the working directory, for the stages that need this one; they must exist."""
    timeout: Seconds | None = None
    """Time limit of the stage; the default is 30 minutes for `tests` and 10 for other stages."""
    optional: StrictBool | None = None
    """Let the run pass even if this stage fails."""


Step = Annotated[
    StepConfig,
    BeforeValidator(
        short_form("run", str, list, tuple), json_schema_input_type=StepConfig | str | list[str]
    ),
]
ReportFiles = Annotated[
    tuple[
        Annotated[
            ReportFileConfig,
            BeforeValidator(short_form("path", str), json_schema_input_type=ReportFileConfig | str),
        ],
        ...,
    ],
    BeforeValidator(
        one_or_more,
        json_schema_input_type=ReportFileConfig | str | list[ReportFileConfig | str],
    ),
]
Check = Annotated[
    CheckConfig, BeforeValidator(short_form("path", str), json_schema_input_type=CheckConfig | str)
]
Service = Annotated[
    ServiceConfig,
    BeforeValidator(
        short_form("version", str, int), json_schema_input_type=ServiceConfig | str | int
    ),
]
LintTool = Annotated[
    LintConfig,
    BeforeValidator(
        short_form("command", str, list, tuple), json_schema_input_type=LintConfig | str | list[str]
    ),
]


class CacheConfig(Table):
    """The results of earlier runs."""

    enabled: StrictBool = True
    """Replay the stages that passed with the same inputs."""
    ignore: Texts = ()
    """Files that change no result, as patterns of .gitignore, such as "*.md"."""
    max_age: Seconds = 7 * 24 * 3600
    """Time after which a result is not replayed; without pinned dependencies, one day at most."""
    size: Size = 256_000_000
    """Maximum size of the stored results."""


class Config(Table):
    """The configuration of a project; every key is optional."""

    python: PythonVersion | None = None
    """Python version of the project, such as "3.13". Detected."""
    working_directory: Path = "."
    """Directory in which commands run (the one with manage.py), relative to the repository's root. Detected."""
    requirements: Paths = ()
    """Requirements files, relative to the repository's root. Detected."""
    constraints: Paths = ()
    """Constraints files of pip, which limit the versions of whatever is installed without a lock file. Detected."""
    packages: Texts = ()
    """Additional packages, as pip accepts them."""
    extras: Texts = ()
    """Extras of the project to install."""
    groups: Texts = ()
    """Dependency groups of the project to install."""
    lock: Path | None = None
    """Lock file: uv.lock, poetry.lock, pdm.lock, pylock.toml or Pipfile.lock. Detected."""
    apt: Texts = ()
    """Debian packages that the project needs."""
    base_image: Text | None = None
    """Container image of the base environment; the default is "python:X-slim"."""
    hook: Hook | None = None
    """Function that receives the base container and returns the one to use: "module:function" or "file.py:function"."""
    env: Env = Field(default_factory=dict)
    """Environment variables of every stage; values may contain placeholders such as {postgres.url}."""
    public_variables: Variables = ()
    """Variables of the caller that are not secret; the value of any other {env.NAME} is masked everywhere."""
    settings: Annotated[str, Field(pattern=r"^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$")] | None = None
    """Settings module. Detected."""
    timeout: Seconds | None = None
    """Time limit of the whole run."""
    max_parallel: Annotated[StrictInt, Field(ge=1)] | None = None
    """Maximum number of stages and steps that run at the same time; unlimited by default."""
    fail_fast: StrictBool = False
    """Stop the run at the first stage that fails."""
    services: Mapping[ServiceName, Service] = Field(default_factory=dict)
    """Servers that the tests use, by name; {} for a project that tests on SQLite. Detected."""
    lint: Annotated[
        Mapping[Name, LintTool],
        BeforeValidator(
            lint_tools, json_schema_input_type=list[str] | dict[str, LintConfig | str | list[str]]
        ),
    ] = Field(default_factory=dict)
    """Lint tools: a list of built-in ones, or a table of tool to command; [] for none. Detected."""
    tests: TestsConfig = Field(default_factory=TestsConfig)
    """How to run the tests."""
    cache: CacheConfig = Field(default_factory=CacheConfig)
    """Results of earlier runs that are replayed."""
    image: (
        Annotated[
            Annotated[ImageConfig, Tag("<table>")] | Annotated[Literal[False], Tag("<false>")],
            Discriminator(lambda value: "<false>" if value is False else "<table>"),
        ]
        | None
    ) = None
    """Production image, or false for none. Detected."""
    publish: PublishConfig | None = None
    """Registry to which the production image is pushed; none by default."""
    integration: IntegrationConfig = Field(default_factory=IntegrationConfig)
    """Checks of the running application."""
    report: ReportConfig = Field(default_factory=ReportConfig)
    """Limits of reports."""
    matrix: MatrixConfig = Field(default_factory=MatrixConfig)
    """Versions to test in all combinations."""
    stages: Mapping[Name, StageConfig] = Field(default_factory=dict)
    """Additional stages, and changes to built-in ones, by name."""


for _model in (TestsConfig, IntegrationConfig, StageConfig, Config):
    _model.model_rebuild()
