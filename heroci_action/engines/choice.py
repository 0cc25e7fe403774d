"""Which engine runs a plan, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heroci_action.engines.dagger.rehearsal import rehearse
from heroci_action.errors import EngineError
from heroci_action.options import EngineChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The name of an engine and the reason in words why it was taken."""

    name: str
    reason: str


async def choose(
    wanted: EngineChoice, *, machine: Mapping[str, str], runner_host: str | None = None
) -> Chosen:
    """The engine for this run; `auto` is Dagger where an engine can be had, else the host.

    Raises EngineError or UsageError where an engine was named by its address and is not there.
    """
    match wanted:
        case EngineChoice.HOST:
            return Chosen(name="host", reason="asked for with --engine host")
        case EngineChoice.DAGGER:
            return Chosen(name="dagger", reason="asked for with --engine dagger")
        case EngineChoice.AUTO:
            return await _automatic(machine, runner_host)


async def _automatic(machine: Mapping[str, str], runner_host: str | None) -> Chosen:
    try:
        target = await rehearse(machine, runner_host)
    except EngineError as error:
        if runner_host:
            raise
        return Chosen(name="host", reason=f"no Dagger engine can be had: {error.cause}")
    return Chosen(name="dagger", reason=f"it uses {target.reason}")
