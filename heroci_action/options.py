"""What a call of `run` asks for, whether it came by the command line or by the action's inputs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """None means: as the configuration says. `timeout` is in seconds; paths are relative to the current directory.

    `runner_host` is the address of a Dagger engine, `use_cache` False runs everything anew. `shard` is the part of the
    tests to run, None all; `baseline` is the heroci-result.json of an earlier run.
    """

    path: Path = Path()
    engine: EngineChoice = EngineChoice.AUTO
    stages: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_fast: bool | None = None
    max_parallel: int | None = None
    timeout: float | None = None
    output: Path = DEFAULT_OUTPUT
    verbosity: Verbosity = Verbosity.NORMAL
    install_system_packages: bool = False
    runner_host: str | None = None
    use_cache: bool = True
    shard: Shard | None = None
    baseline: Path | None = None
