"""Which engine runs a plan, and why."""

from __future__ import annotations

from dataclasses import dataclass

from heroci_action.errors import EngineError
from heroci_action.options import EngineChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The name of an engine and the reason in words why it was taken."""

    name: str
    reason: str


def choose(wanted: EngineChoice) -> Chosen:
    """The engine for this run. Raises EngineError where the wanted one cannot be had."""
    match wanted:
        case EngineChoice.HOST:
            return Chosen(name="host", reason="asked for with --engine host")
        case EngineChoice.DAGGER:
            raise EngineError("the Dagger engine is not there yet", remedy="use --engine host")
        case EngineChoice.AUTO:
            return Chosen(name="host", reason="the Dagger engine is not there yet")
