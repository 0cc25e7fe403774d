"""Ports on loopback: finding a free one, and waiting until somebody listens."""

from __future__ import annotations

import socket
from contextlib import suppress

import anyio

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


async def wait_for_port(host: str, port: int) -> None:
    """Return as soon as somebody accepts a connection; the caller sets the limit."""
    while True:
        with suppress(OSError):
            stream = await anyio.connect_tcp(host, port)
            await stream.aclose()
            return
        await anyio.sleep(0.05)
