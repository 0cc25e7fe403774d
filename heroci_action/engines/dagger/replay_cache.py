"""Remember passes in the engine's own cache, so that they are replayed, and nothing else is.

The engine would also replay a failure, and half of a stage whose database no longer exists. Therefore executions carry
a salt. A lookup asks for an execution that fails unless its result is in the cache, and failures are not cached. An
entry is stored by an execution with the same key that succeeds, because its value is not part of the key.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import dagger

from heroci_action.engines.dagger.connection import Connection

# Part of every key; a new number makes older entries unknown.
_FORMAT = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The salt of an execution or a stage that passed, and the facts of its steps."""

    salt: str
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def new_salt() -> str:
    """Return a salt under which nothing has been executed."""
    return secrets.token_hex(8)


class ReplayCache:
    """Finds and stores what has passed; if `fresh`, nothing is found."""

    def __init__(self, connection: Connection, *, fresh: bool) -> None:
        self._connection = connection
        self._fresh = fresh

    async def find(self, container: dagger.Container, key: str) -> Entry | None:
        """Return the entry for this key; everything in the container is part of the key."""
        if self._fresh:
            return None
        try:
            # Hidden, because a lookup that finds nothing is an error for the engine.
            with self._connection.telemetry.spans.hidden():
                text = await self._connection.ask(_lookup(container, key, "").stdout())
            return Entry(**json.loads(text))
        except (dagger.QueryError, ValueError, TypeError):
            return None

    async def store(self, container: dagger.Container, key: str, entry: Entry) -> None:
        """Remember a pass; if the engine refuses, the same will run again next time."""
        try:
            with self._connection.telemetry.spans.hidden():
                value = json.dumps(asdict(entry))
                await self._connection.ask(_lookup(container, key, value).sync())
        except dagger.QueryError:
            return


def digest(*parts: object) -> str:
    """Return a key for plain values."""
    text = json.dumps([_FORMAT, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _lookup(container: dagger.Container, key: str, value: str) -> dagger.Container:
    # Each entry has its own name, because the engine remembers volatile values by their names.
    name = f"HEROCI_ENTRY_{key[:32]}"
    script = f'[ -n "${name}" ] && printf %s "${name}"'
    return (
        container.with_env_variable("HEROCI_KEY", key)
        .with_volatile_variable(name, value)
        .with_exec(["/bin/sh", "-c", script])
    )
