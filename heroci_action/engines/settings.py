"""Records that the registry hands to every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Everything that an engine may need in addition to the plan.

    `root` is the repository, `cache` HeroCI's cache directory, `machine` the environment that HeroCI was started in.
    `exclude` are paths below `root` that HeroCI itself writes. `runner_host` is the address of an external engine.
    `fresh` means that no result of an earlier run is used. `notify` receives messages about waiting for the engine.
    """

    root: Path
    cache: Path
    machine: Mapping[str, str]
    exclude: tuple[str, ...] = ()
    runner_host: str | None = None
    install_system_packages: bool = False
    fresh: bool = False
    notify: Callable[[str], None] = lambda _message: None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRequest:
    """What `heroci cache` is asked for: `caches` are the directories that the stages of `project` keep between runs.

    `everything` also prunes what other programs have left in the engine.
    """

    cache: Path
    machine: Mapping[str, str]
    runner_host: str | None = None
    project: str = ""
    caches: tuple[str, ...] = ()
    everything: bool = False
