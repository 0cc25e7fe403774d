"""What a Dagger engine keeps: how much of it, by which limits, and how what is HeroCI's is thrown away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import dagger

from heroci_action.engines.dagger.cli import open_cli
from heroci_action.engines.dagger.connection import Connection, connected
from heroci_action.engines.dagger.environment import DEFAULT_PYTHON
from heroci_action.engines.dagger.execution import SALT
from heroci_action.engines.dagger.preflight import Target
from heroci_action.engines.dagger.replay_cache import new_salt
from heroci_action.engines.dagger.volumes import SHARED, volume_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What an engine holds of everybody's: entries, bytes, and the limits of its own clean-up in bytes (0: none)."""

    entries: int
    size: int
    most: int
    free: int
    clients: int


@asynccontextmanager
async def upkeep(target: Target) -> AsyncIterator[Upkeep]:
    """A session for looking after the engine. Raises EngineError where there is none."""
    ready = anyio.Event()
    ready.set()
    async with open_cli(target, sdk=ready) as cli, connected(cli) as connection:
        yield Upkeep(connection)


class Upkeep:
    """Looks after an engine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def held(self) -> Held:
        """How much the engine keeps."""
        ask, engine = self._connection.ask, self._connection.client.engine()
        cache = engine.local_cache()
        entries = cache.entry_set()
        return Held(
            entries=await ask(entries.entry_count()),
            size=await ask(entries.disk_space_bytes()),
            most=await ask(cache.max_used_space()),
            free=await ask(cache.min_free_space()),
            clients=len(await ask(engine.clients())),
        )

    async def volumes(self, generation: str, more: Sequence[str] = ()) -> Mapping[str, int]:
        """The volumes of a generation and how many bytes are in each."""
        names = {f"/volumes/{name}": name for name in (*SHARED, *more)}
        line = "du -sk /volumes/*"
        text = await self._connection.ask(self._mounted(names, generation, line).stdout())
        sizes = (row.split("\t") for row in text.splitlines())
        return {volume_name(names[path], generation): int(size) * 1024 for size, path in sizes}

    async def empty(self, generation: str, more: Sequence[str] = ()) -> None:
        """Remove what is in the volumes of a generation, which frees their space at once."""
        names = {f"/volumes/{name}": name for name in (*SHARED, *more)}
        line = "find /volumes -mindepth 2 -delete"
        await self._connection.ask(self._mounted(names, generation, line).sync())

    async def prune(self) -> None:
        """Remove all that nobody is using, whoever has left it."""
        await self._connection.ask(self._connection.client.engine().local_cache().prune())

    def _mounted(self, names: Mapping[str, str], generation: str, line: str) -> dagger.Container:
        client = self._connection.client
        container = client.container().from_(f"python:{DEFAULT_PYTHON}-slim")
        for path, name in names.items():
            volume = client.cache_volume(volume_name(name, generation))
            container = container.with_mounted_cache(path, volume)
        salted = container.with_env_variable(SALT, new_salt())
        return salted.with_exec(["/bin/sh", "-c", line])
