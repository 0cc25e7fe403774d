"""Locks between runs on one machine: flock(2), which the kernel releases when the owner ends."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import anyio

from heroci_action.errors import EngineError

RETRY_AFTER = 0.1  # seconds
ANNOUNCE_AFTER = 2.0
GIVE_UP_AFTER = 600.0


async def lock(
    path: Path, *, shared: bool = False, announce: Callable[[str], None] = lambda _: None
) -> IO[str]:
    """Wait for the lock and return its file; closing the file releases it.

    `announce` receives a sentence if this takes longer than a moment. Raises EngineError after ten minutes.
    """
    file = path.open("a")
    try:
        waited = 0.0
        while not _try(file, shared=shared):
            if waited <= ANNOUNCE_AFTER < waited + RETRY_AFTER:
                announce(f"waiting for another run, which holds the lock {path}")
            if waited > GIVE_UP_AFTER:
                raise _held_too_long(path)  # noqa: TRY301  the clean-up below closes the file
            await anyio.sleep(RETRY_AFTER)
            waited += RETRY_AFTER
    except BaseException:
        file.close()
        raise
    return file


def _held_too_long(path: Path) -> EngineError:
    return EngineError(
        f"another run has held the lock {str(path)!r} for {GIVE_UP_AFTER / 60:g} minutes",
        remedy="end that run, or set HEROCI_CACHE_DIR to another directory",
    )


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Yield whether the exclusive lock is free; if so, it is held inside the context."""
    with path.open("a") as file:
        yield _try(file, shared=False)


def _try(file: IO[str], *, shared: bool) -> bool:
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
