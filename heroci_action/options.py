"""What a call asks for, whether it came by the command line or by the action's inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path

from heroci_action.analysis.gates import Gates
from heroci_action.sharding import Shard


class EngineChoice(StrEnum):
    """The values of `--engine`."""

    AUTO = "auto"
    DAGGER = "dagger"
    HOST = "host"


class Verbosity(IntEnum):
    """How much is said while the stages run."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2
    DEBUG = 3


DEFAULT_OUTPUT = Path("heroci-reports")
LIST_PASSED = 10_000  # tests
LARGEST_FILE = 1 << 30  # bytes of one report, unpacked; more is an accident or an attack


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubApi:
    """What is asked of GitHub's API: each of the two needs a permission of its own, so each is asked for by name.

    `check_run` needs `checks: write`, `comment` needs `pull-requests: write`.
    """

    token: str = field(repr=False)
    check_run: bool = False
    comment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every verb that reports has; paths are relative to the current directory.

    `path` is the project's directory, `baseline` the heroci-result.json of an earlier run. `base` is what changed lines
    are counted from, a ref of git; None is GitHub's base of a pull request. `annotations` and `summary` are GitHub's.
    """

    path: Path = Path()
    output: Path = DEFAULT_OUTPUT
    verbosity: Verbosity = Verbosity.NORMAL
    baseline: Path | None = None
    base: str | None = None
    gates: Gates = field(default_factory=Gates)
    annotations: bool = True
    summary: bool = True
    api: GitHubApi | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions(Options):
    """What a call of `run` asks for. None means: as the configuration says. `timeout` is in seconds.

    `config` is a file to read instead of the project's own. `runner_host` is the address of a Dagger engine,
    `use_cache` False runs everything anew. `shard` is the part of the tests to run, None all.
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
    shard: Shard | None = None
    publish: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions(Options):
    """What a call of `report` or `merge` asks for: names and globs of files. None means: as the configuration says.

    `listed` is the number of passed tests above which the result has them packed; `largest_file` the bytes of one
    report, unpacked, above which it is not read.
    """

    results: tuple[str, ...] = ()
    coverage: tuple[str, ...] = ()
    lint: tuple[str, ...] = ()
    listed: int | None = None
    largest_file: int | None = None
