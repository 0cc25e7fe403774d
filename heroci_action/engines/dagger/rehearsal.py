"""Whether a run on Dagger would find an engine: asked before one is chosen, without the SDK."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from heroci_action.engines.dagger.cli import cli_at_hand, open_cli
from heroci_action.engines.dagger.preflight import SESSION_PORT, Target, preflight


async def rehearse(machine: Mapping[str, str], runner_host: str | None = None) -> Target:
    """The engine that a run would find. Raises EngineError where it would find none.

    One that runs is trusted; one that has to be started is started, which the run would have to do as well.
    """
    target = await preflight(machine, runner_host)
    at_hand = SESSION_PORT in target.machine or await cli_at_hand(target.machine)
    if not (target.running and at_hand):
        ready = anyio.Event()
        ready.set()
        async with open_cli(target, sdk=ready):
            pass
    return target
