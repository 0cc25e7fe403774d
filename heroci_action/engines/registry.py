"""The registry of engines: whatever depends on the engine outside of this package asks here.

Each engine is imported late, to save the time for engines that a run does not use.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from heroci_action.engines.base import Engine, Notify
from heroci_action.engines.dagger.places import ROOT
from heroci_action.engines.host import cache as host_cache
from heroci_action.engines.host.machine_facts import machine_facts
from heroci_action.engines.host.workspace import MACHINE_VARIABLES
from heroci_action.engines.masked import MaskedEngine
from heroci_action.engines.secret_store import Announce, SecretStore
from heroci_action.engines.settings import CacheRequest, EngineSettings
from heroci_action.options import EngineChoice
from heroci_action.plan.stages import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """An engine and its capabilities.

    `has_containers`: stages may name their own image, and a hook receives a container. `builds_images`: the engine
    builds images itself, without a local Docker daemon. `roots`: paths at which its containers mount the repository.
    `find` starts the engine if necessary and returns its description; `inspect` starts nothing, and its description
    includes the actions that a run would take first. Both raise EngineError if it cannot be used. `describe` returns
    its version and address without a check. `facts` are what the engine contributes to a result, and `inherited` the
    variables of the machine that every step receives. `show_cache`, which starts nothing, and `prune_cache`
    yield the lines that `heroci cache` prints.
    """

    choice: EngineChoice
    create: Callable[[EngineSettings, SecretStore], Engine]
    find: Callable[[Mapping[str, str], str | None, Notify], Awaitable[str]]
    inspect: Callable[[Mapping[str, str], str | None], Awaitable[str]]
    describe: Callable[[Mapping[str, str], str | None], str]
    show_cache: Callable[[CacheRequest], AsyncIterator[str]]
    prune_cache: Callable[[CacheRequest], AsyncIterator[str]]
    facts: Callable[[Plan, Mapping[str, str]], Mapping[str, str]]
    inherited: frozenset[str] = frozenset()
    has_containers: bool = False
    builds_images: bool = False
    roots: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The engine's name on the command line."""
        return self.choice.value


async def _find_dagger(machine: Mapping[str, str], runner_host: str | None, notify: Notify) -> str:
    from heroci_action.engines.dagger.engine import find_engine

    return (await find_engine(machine, runner_host, notify=notify)).engine


async def _inspect_dagger(machine: Mapping[str, str], runner_host: str | None) -> str:
    from heroci_action.engines.dagger.engine import describe_engine

    return await describe_engine(machine, runner_host)


def _describe_dagger(machine: Mapping[str, str], runner_host: str | None) -> str:
    from heroci_action.engines.dagger.preflight import describe

    return describe(machine, runner_host)


async def _inspect_host(_machine: Mapping[str, str], _runner_host: str | None) -> str:
    return "this machine"


async def _find_host(machine: Mapping[str, str], runner_host: str | None, _notify: Notify) -> str:
    return await _inspect_host(machine, runner_host)


def _dagger_facts(_plan: Plan, _machine: Mapping[str, str]) -> Mapping[str, str]:
    return {"dagger": version("dagger-io"), "machine": platform.machine()}


def _create_dagger(settings: EngineSettings, secrets: SecretStore) -> Engine:
    from heroci_action.engines.dagger.engine import DaggerEngine

    return DaggerEngine(settings=settings, secrets=secrets)


def _create_host(settings: EngineSettings, secrets: SecretStore) -> Engine:
    from heroci_action.engines.host.engine import HostEngine

    return HostEngine(settings=settings, secrets=secrets)


async def _show_dagger_cache(request: CacheRequest) -> AsyncIterator[str]:
    from heroci_action.engines.dagger.cache_admin import show
    from heroci_action.engines.dagger.engine import find_running_engine

    target = await find_running_engine(request.machine, request.runner_host)
    async for line in show(request, target):
        yield line


async def _prune_dagger_cache(request: CacheRequest) -> AsyncIterator[str]:
    from heroci_action.engines.dagger.cache_admin import prune
    from heroci_action.engines.dagger.preflight import preflight

    async for line in prune(request, await preflight(request.machine, request.runner_host)):
        yield line


def create_engine(kind: EngineKind, settings: EngineSettings, announce: Announce) -> Engine:
    """Return an engine whose output is masked; `announce` receives every line of a secret."""
    secrets = SecretStore(announce)
    return MaskedEngine(kind.create(settings, secrets), secrets, settings.machine)


ENGINES: Mapping[EngineChoice, EngineKind] = {
    kind.choice: kind
    for kind in (
        EngineKind(
            choice=EngineChoice.DAGGER,
            create=_create_dagger,
            find=_find_dagger,
            inspect=_inspect_dagger,
            describe=_describe_dagger,
            show_cache=_show_dagger_cache,
            prune_cache=_prune_dagger_cache,
            facts=_dagger_facts,
            has_containers=True,
            builds_images=True,
            roots=(ROOT,),
        ),
        EngineKind(
            choice=EngineChoice.HOST,
            create=_create_host,
            find=_find_host,
            inspect=_inspect_host,
            describe=lambda _machine, _runner_host: "",
            show_cache=host_cache.show,
            prune_cache=host_cache.prune,
            facts=machine_facts,
            inherited=MACHINE_VARIABLES | {name.lower() for name in MACHINE_VARIABLES},
        ),
    )
}
"""The engines in the order in which `auto` tries them; the last one must always be available."""
