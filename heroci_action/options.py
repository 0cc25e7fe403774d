"""The options of a call, whether they come from the command line or from the action's inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

from heroci_action.repository.path_prefixes import PathPrefix
from heroci_action.sharding import Shard


class EngineChoice(StrEnum):
    """The values of `--engine`."""

    AUTO = "auto"
    DAGGER = "dagger"
    HOST = "host"


class Verbosity(IntEnum):
    """How much is printed while the stages run."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2
    DEBUG = 3


class FailOn(StrEnum):
    """The values of `--fail-on`: which tests and findings fail the run."""

    # Any failed or errored test, any finding of severity error.
    FAILURES = "failures"
    # Only failures and findings that are new since the baseline.
    NEW_FAILURES = "new-failures"
    # Only errored tests.
    ERRORS = "errors"
    NOTHING = "nothing"


class Unreadable(StrEnum):
    """The values of `--unreadable`: the effect of a report that is broken or contradicts itself."""

    FAIL = "fail"
    WARN = "warn"


class Reruns(StrEnum):
    """The values of `--reruns`: what proves that a repeated test is one test that ran again."""

    # Only what the report itself states.
    STATED = "stated"
    # Also a failure that is followed by another case of the same name in its suite.
    ASSUME = "assume"


DEFAULT_OUTPUT = Path("heroci-reports")
LARGEST_FILE = 1 << 30  # bytes of one uncompressed report


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """The limits that fail a run; None means no limit.

    The minimums are percentages: of statements and branches together, of lines, of branches, and of changed lines.
    `coverage_maximum_drop` is in percentage points, `max_duration` in seconds.
    """

    fail_on: FailOn = FailOn.FAILURES
    coverage_minimum: float | None = None
    coverage_minimum_lines: float | None = None
    coverage_minimum_branches: float | None = None
    coverage_minimum_diff: float | None = None
    coverage_maximum_drop: float | None = None
    max_duration: float | None = None

    @property
    def names(self) -> frozenset[str]:
        """The names of the limits, as the steps of the stage `gates` have them."""
        limits = (field.name for field in fields(self) if field.name != "fail_on")
        return frozenset(
            name.replace("_", "-") for name in limits if getattr(self, name) is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The baseline and the git ref to compare a result with.

    `baseline` is the heroci-result.json of an earlier run. `base` is the git ref that changed lines are counted from;
    None means the base of the pull request, on GitHub.
    """

    baseline: Path | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubApi:
    """What to publish through GitHub's API.

    `check_run` needs the permission `checks: write`, `comment` needs `pull-requests: write`.
    """

    token: str = field(repr=False)
    check_run: bool = False
    comment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The destination of the reports: a directory and, on GitHub, annotations, the job summary, outputs and the API.

    `title` is the name that the reports show; if it is empty, they show the name of the project.
    """

    output: Path = DEFAULT_OUTPUT
    title: str = ""
    annotations: bool = True
    summary: bool = True
    outputs: bool = True
    api: GitHubApi | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of every verb that reports; paths are relative to the current directory.

    `path` is the directory of the project. `unreadable` is the effect of a broken report, `reruns` the proof of a
    rerun; None means the value of the configuration.
    """

    path: Path = Path()
    unreadable: Unreadable | None = None
    reruns: Reruns | None = None
    verbosity: Verbosity = Verbosity.NORMAL
    reference: Reference = Reference()
    gates: Gates = Gates()
    destination: Destination = Destination()

    def shared_fields(self) -> dict[str, Any]:
        """Return the fields that the options of all verbs have, by name."""
        return {name: getattr(self, name) for name in Options.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions(Options):
    """The options of `run`; None means the value of the configuration. `timeout` is in seconds.

    `config` replaces the project's own configuration file. `runner_host` is the address of a Dagger engine. Without
    `use_cache`, nothing from earlier runs is used, and nothing is stored; with `refresh`, results are only stored.
    `shard` is the part of the tests to run; None means all. `failed` runs only what failed in the last run, `affected`
    the tests that a change may affect. `env` are variables of all stages, `arguments` are added to the arguments of the
    test runner. `cell` is the name of a cell of the matrix. The `durations` slowest tests are shown at the end.
    """

    config: Path | None = None
    engine: EngineChoice = EngineChoice.AUTO
    stages: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_fast: bool | None = None
    max_parallel: int | None = None
    timeout: float | None = None
    install_system_packages: bool = False
    runner_host: str | None = None
    use_cache: bool = True
    refresh: bool = False
    shard: Shard | None = None
    publish: bool | None = None
    python: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    failed: bool = False
    affected: bool = False
    durations: int = 0
    cell: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions(Options):
    """The options of `report` and `merge`: file names and globs. None means the value of the configuration.

    A report of more than `largest_file` uncompressed bytes is not read. `path_prefixes` replace prefixes of the paths
    in reports.
    """

    results: tuple[str, ...] = ()
    coverage: tuple[str, ...] = ()
    lint: tuple[str, ...] = ()
    largest_file: int | None = None
    path_prefixes: tuple[PathPrefix, ...] = ()
