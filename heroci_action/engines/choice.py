"""Choose the engine of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heroci_action.engines.base import Notify
from heroci_action.engines.registry import ENGINES, EngineKind
from heroci_action.errors import EngineError
from heroci_action.options import EngineChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An engine, and the reason for choosing it as text."""

    engine: EngineKind
    reason: str

    @property
    def name(self) -> str:
        """The engine's name."""
        return self.engine.name


async def choose(
    wanted: EngineChoice,
    *,
    machine: Mapping[str, str],
    runner_host: str | None = None,
    read_only: bool = False,
    notify: Notify = lambda _: None,
) -> Chosen:
    """Return the engine for this run; `auto` takes the first available one, and starts it unless `read_only`.

    Raises EngineError or UsageError if `auto` is combined with the address of an engine that does not respond.
    """
    if wanted is not EngineChoice.AUTO:
        engine = ENGINES[wanted]
        known = engine.describe(machine, runner_host)
        if known and read_only:
            known = await _inspect(engine, machine, runner_host)
        parts = (f"requested with --engine {wanted.value}", known)
        return Chosen(engine=engine, reason=", ".join(filter(None, parts)))
    *preferred, fallback = ENGINES.values()
    reason = ""
    for kind in preferred:
        try:
            reason = await (
                kind.inspect(machine, runner_host)
                if read_only
                else kind.find(machine, runner_host, notify)
            )
        except EngineError as error:
            if runner_host:
                raise
            reason = f"no {kind.name.capitalize()} engine available: {error.cause}"
        else:
            return Chosen(engine=kind, reason=reason)
    return Chosen(engine=fallback, reason=reason)


async def _inspect(kind: EngineKind, machine: Mapping[str, str], runner_host: str | None) -> str:
    """Return the description of an engine, or why a run could not use it."""
    try:
        return await kind.inspect(machine, runner_host)
    except EngineError as error:
        return f"but a run would fail: {error.cause}"
