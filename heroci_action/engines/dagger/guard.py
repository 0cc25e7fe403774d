"""Ends the Dagger CLI if HeroCI itself is killed; until it has connected, the CLI would go on without anyone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio

# The pipe on standard input is closed by the system when HeroCI ends, however it ends.
_SCRIPT = 'read -r _; kill -TERM "-$1"; sleep 2; kill -KILL "-$1"'


@asynccontextmanager
async def guarded_group(group: int) -> AsyncIterator[None]:
    """Kill a process group if this process dies before the context is left."""
    guard = await anyio.open_process(
        ["/bin/sh", "-c", _SCRIPT, "heroci-guard", str(group)],
        stdout=-3,
        stderr=-3,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            with suppress(ProcessLookupError):
                guard.kill()
            await guard.aclose()
