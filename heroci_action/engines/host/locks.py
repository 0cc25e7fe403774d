"""Locks between runs of HeroCI on one machine: flock(2), which the kernel releases with its owner."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import anyio

RETRY_AFTER = 0.1  # seconds


async def lock(path: Path, *, shared: bool = False) -> IO[str]:
    """Wait for the lock and return its file; closing the file releases it."""
    file = path.open("a")
    try:
        while not _try(file, shared=shared):
            await anyio.sleep(RETRY_AFTER)
    except BaseException:
        file.close()
        raise
    return file


@contextmanager
def lock_at_once(path: Path) -> Iterator[bool]:
    """Whether the exclusive lock could be had without waiting; it is held inside the context if so."""
    with path.open("a") as file:
        yield _try(file, shared=False)


def _try(file: IO[str], *, shared: bool) -> bool:
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
