"""Warn if the engine's disk is so full that the engine keeps nothing from one run to the next."""

from __future__ import annotations

import dagger

from heroci_action.engines.dagger.places import SALT
from heroci_action.engines.dagger.replay_cache import new_salt
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.text import size


async def disk_warnings(resources: RunResources) -> tuple[str, ...]:
    """Return a warning if less of the engine's disk is free than the engine's clean-up requires."""
    try:
        free, required = await measure(resources)
    except (dagger.QueryError, ValueError, IndexError):
        return ()
    return disk_warning(free, required)


async def measure(resources: RunResources) -> tuple[int, int]:
    """Return the free bytes of the engine's disk, and how many the engine keeps free."""
    ask = resources.connection.ask
    shell = await resources.shell()
    # The root directory of a container is on the engine's disk.
    measured = shell.with_env_variable(SALT, new_salt()).with_exec(["df", "-Pk", "/"])
    required = await ask(resources.client.engine().local_cache().min_free_space())
    return int((await ask(measured.stdout())).splitlines()[-1].split()[3]) * 1024, required


def disk_warning(free: int, required: int) -> tuple[str, ...]:
    """Return a warning if fewer bytes are free than required."""
    if free >= required:
        return ()
    why = f"{size(free)} of its disk are free, and below {size(required)} it removes everything"
    return (
        f"the Dagger engine keeps nothing for the next run: {why}; free some space, or lower its minFreeSpace",
    )
