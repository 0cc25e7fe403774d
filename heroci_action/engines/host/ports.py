"""Ports on loopback."""

from __future__ import annotations

import socket
from contextlib import suppress

import anyio

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port on loopback that is free at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Return whether a port on loopback is free at the moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


async def wait_for_port(host: str, port: int) -> None:
    """Wait without a limit until a connection is accepted."""
    while True:
        with suppress(OSError):
            stream = await anyio.connect_tcp(host, port)
            await stream.aclose()
            return
        await anyio.sleep(0.05)
