"""Wait until an engine has started, as long as its container runs, and report progress."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from heroci_action.engines.base import Notify, one_error
from heroci_action.engines.dagger.preflight import Target
from heroci_action.engines.docker import Docker
from heroci_action.errors import EngineError

# Seconds. Pulling the image takes long, and so does an engine that clears its store after an unclean stop.
READY_WITHIN = 300.0
# An engine elsewhere, of which nothing but an open port is known.
REMOTE_READY_WITHIN = 60.0
# Between two looks at the container; the CLI needs some seconds to start a container that has stopped.
LOOK_EVERY = 2.0
STARTED_WITHIN = 20.0
NOTIFY_AFTER = (5.0, 30.0, 60.0, 120.0, 180.0, 240.0)


def announce_start(target: Target, notify: Notify) -> None:
    """Announce what the CLI does to start the engine, which keeps running after the run."""
    if target.start:
        notify(f"the Dagger CLI will {target.start}, which keeps running; `--engine host` does not")


@dataclass(slots=True)
class Waiting:
    """The state of waiting; `given_up` is the reason if there is no engine in the end."""

    given_up: str | None = None


@asynccontextmanager
async def wait_for_engine(target: Target, notify: Notify) -> AsyncIterator[Waiting]:
    """Limit how long the body waits for the engine; the body is cancelled, not interrupted with an error."""
    waiting = Waiting()
    limit = READY_WITHIN if target.container or not target.pulled else REMOTE_READY_WITHIN
    with one_error():
        async with anyio.create_task_group() as tasks:
            scope = tasks.cancel_scope

            def give_up(reason: str) -> None:
                waiting.given_up = reason
                scope.cancel()

            tasks.start_soon(_report_progress, target, notify)
            tasks.start_soon(_limit, limit, give_up)
            if target.container and target.pulled:
                tasks.start_soon(_watch_container, target, give_up)
            yield waiting
            scope.cancel()


async def _limit(limit: float, give_up: Notify) -> None:
    await anyio.sleep(limit)
    give_up(f"was not ready within {limit:g} s")


async def _report_progress(target: Target, notify: Notify) -> None:
    started = anyio.current_time()
    action = "waiting for" if target.pulled else "pulling the image of"
    for after in NOTIFY_AFTER:
        await anyio.sleep(started + after - anyio.current_time())
        notify(f"{action} {target.engine} ({after:.0f} s)")


async def _watch_container(target: Target, give_up: Notify) -> None:
    """Give up as soon as the engine's container is no longer running, or has not been started in time."""
    docker = Docker(machine=target.machine)
    started = anyio.current_time()
    seen = target.running
    while True:
        await anyio.sleep(LOOK_EVERY)
        try:
            state = await docker.inspect("container", "{{.State.Running}}", target.container or "")
        except EngineError:
            return
        if state == "true":
            seen = True
        elif seen or anyio.current_time() - started > STARTED_WITHIN:
            give_up("is not running")
            return
