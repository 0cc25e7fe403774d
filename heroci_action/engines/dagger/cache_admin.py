"""The cache of a Dagger engine: show its size and limits, and remove what HeroCI has left in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
import dagger

from heroci_action.engines.dagger import volumes
from heroci_action.engines.dagger.cli import open_cli
from heroci_action.engines.dagger.connection import Connection, connect
from heroci_action.engines.dagger.environment import image_of
from heroci_action.engines.dagger.places import SALT
from heroci_action.engines.dagger.preflight import Target
from heroci_action.engines.dagger.replay_cache import new_salt
from heroci_action.engines.settings import CacheRequest
from heroci_action.text import size


async def show(request: CacheRequest, target: Target) -> AsyncIterator[str]:
    """Yield the size of the engine's cache, its limits, and the sizes of HeroCI's volumes."""
    async with _connect(target) as connection:
        ask, cache = connection.ask, connection.client.engine().local_cache()
        entries = cache.entry_set()
        number, total = await ask(entries.entry_count()), await ask(entries.disk_space_bytes())
        yield f"{target.engine}: {number} entries, {size(total)}, of all programs that use it"
        most, free = await ask(cache.max_used_space()), await ask(cache.min_free_space())
        limits = [f"at most {size(most)}"] if most else []
        limits += [f"{size(free)} of the disk left free"] if free else []
        yield f"  it keeps {' and '.join(limits) or 'everything'}"
        for name, bytes_used in (await _volume_sizes(connection, request)).items():
            yield f"  {size(bytes_used):>10}  volume {name}"


async def prune(request: CacheRequest, target: Target) -> AsyncIterator[str]:
    """Empty HeroCI's volumes unless another program is connected; with `everything`, prune the whole engine too."""
    async with _connect(target) as connection:
        ask, engine = connection.ask, connection.client.engine()
        before = await ask(engine.local_cache().entry_set().disk_space_bytes())
        if len(await ask(engine.clients())) > 1:
            yield f"{target.engine}: another program is using it, so HeroCI's volumes were kept"
        else:
            await ask(
                (await _mount_all(connection, request, "find /volumes -mindepth 2 -delete")).sync()
            )
        if request.everything:
            await ask(engine.local_cache().prune())
        after = await ask(engine.local_cache().entry_set().disk_space_bytes())
        hint = "" if request.everything else "; --all also removes the results of all programs"
        yield f"{target.engine}: freed {size(max(before - after, 0))}{hint}"


@asynccontextmanager
async def _connect(target: Target) -> AsyncIterator[Connection]:
    ready = anyio.Event()
    ready.set()
    async with (
        open_cli(target, sdk=ready, notify=lambda _: None) as cli,
        connect(cli) as connection,
    ):
        yield connection


async def _volume_sizes(connection: Connection, request: CacheRequest) -> Mapping[str, int]:
    container = await _mount_all(connection, request, "du -sk /volumes/*")
    text = await connection.ask(container.stdout())
    rows = (row.split("\t") for row in text.splitlines())
    return {path.removeprefix("/volumes/"): int(kilobytes) * 1024 for kilobytes, path in rows}


async def _mount_all(connection: Connection, request: CacheRequest, line: str) -> dagger.Container:
    """Return a container that runs the line with HeroCI's volumes mounted below /volumes."""
    client = connection.client
    container = client.container().from_(image_of(None))
    names = (*volumes.SHARED, *volumes.project_volumes(request.project, request.caches))
    for name in names:
        path = f"/volumes/{volumes.volume_name(name)}"
        container = await volumes.mount(connection, container, path, name=name)
    salted = container.with_env_variable(SALT, new_salt())
    return salted.with_exec(["/bin/sh", "-c", line])
