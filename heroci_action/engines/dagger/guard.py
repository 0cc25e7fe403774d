"""End the Dagger CLI and remove temporary files if HeroCI itself is killed.

Until the CLI has connected, it does not notice that its standard input is closed, and would run on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio

# The system closes the pipe on standard input when HeroCI ends, however it ends.
_SCRIPT = """
read -r _
if [ -n "$2" ]; then kill -TERM "-$2"; sleep 2; kill -KILL "-$2"; fi
rm -rf -- "$1"
"""


@asynccontextmanager
async def guard(scratch: Path, *, group: int | None = None) -> AsyncIterator[None]:
    """Kill a process group and remove a directory if this process dies before the context is left."""
    arguments = (str(scratch), "" if group is None else str(group))
    process = await anyio.open_process(
        ["/bin/sh", "-c", _SCRIPT, "heroci-guard", *arguments],
        stdout=-3,
        stderr=-3,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            with suppress(ProcessLookupError):
                process.kill()
            await process.aclose()
