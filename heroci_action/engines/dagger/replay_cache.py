"""Remembers in the engine's own cache what has passed, so that passes are replayed, and nothing else is.

The engine would replay a failure as well, and half of a stage whose database is gone. So executions carry a salt.
Whoever looks an entry up asks for an execution that fails unless its result is in the cache, and failures are not
cached; it gets there by one with the same key that succeeds, since what it prints comes from outside of the key.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import dagger

from heroci_action.engines.dagger.connection import Connection

_FORMAT = "1"  # part of every key: another meaning of the entries makes the old ones unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The salt under which something passed, and the facts that were measured then, by step."""

    salt: str
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def new_salt() -> str:
    """A salt that nothing was executed under."""
    return secrets.token_hex(8)


class Ledger:
    """What has passed; `fresh` finds nothing, whatever is in it."""

    def __init__(self, connection: Connection, *, fresh: bool) -> None:
        self._connection = connection
        self._fresh = fresh

    async def find(self, place: dagger.Container, key: str) -> Entry | None:
        """The entry for this key on top of this container, which counts with all that is in it."""
        if self._fresh:
            return None
        try:
            text = await self._connection.ask(_asked(place, key, "").stdout())
            return Entry(**json.loads(text))
        except (dagger.QueryError, ValueError, TypeError):
            return None

    async def enter(self, place: dagger.Container, key: str, entry: Entry) -> None:
        """Remember a pass. An engine that does not take it only runs again what it could have replayed."""
        try:
            await self._connection.ask(_asked(place, key, json.dumps(asdict(entry))).sync())
        except dagger.QueryError:
            return


def digest(*parts: object) -> str:
    """A key for plain values."""
    text = json.dumps([_FORMAT, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _asked(place: dagger.Container, key: str, value: str) -> dagger.Container:
    name = f"HEROCI_ENTRY_{key[:32]}"  # of its own: the engine knows a volatile value by its name
    script = f'[ -n "${name}" ] && printf %s "${name}"'
    return (
        place.with_env_variable("HEROCI_KEY", key)
        .with_volatile_variable(name, value)
        .with_exec(["/bin/sh", "-c", script])
    )
