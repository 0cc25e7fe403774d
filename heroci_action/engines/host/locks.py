"""Locks between runs on one machine: flock(2), which the kernel releases when the owner ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import anyio

from heroci_action.errors import EngineError
from heroci_action.text import seconds

RETRY_AFTER = 0.1  # seconds
ANNOUNCE_AFTER = 2.0
GIVE_UP_AFTER = 600.0
LOCKS = Path("/proc/locks")


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
                announce(f"waiting for {_holder(path)}, which holds the lock {path}")
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
        f"{_holder(path)} has held the lock {str(path)!r} for {GIVE_UP_AFTER / 60:g} minutes",
        remedy="end that run, or set HEROCI_CACHE_DIR to another directory",
    )


def _holder(path: Path) -> str:
    """Return which process holds the lock, if the system shows it."""
    holder = _process_with_lock(path.stat().st_ino)
    if holder is None:
        return "another run"
    process = Path(f"/proc/{holder}")
    with suppress(OSError):
        age = seconds(_age(process))
        return f"process {holder}, started {age} ago in {process.joinpath('cwd').readlink()}"
    return f"process {holder}"


def _age(process: Path) -> float:
    """Return how long a process has been running, in seconds (proc(5), field 22 of its stat)."""
    started = int(process.joinpath("stat").read_text().rpartition(")")[2].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - started / os.sysconf("SC_CLK_TCK")


def _process_with_lock(inode: int) -> int | None:
    """Return the process that holds an flock(2) on a file, None if it is unknown; only Linux lists them (proc(5))."""
    with suppress(OSError):
        for line in LOCKS.read_text(encoding="ascii").splitlines():
            match line.split():
                case [_, "FLOCK", _, _, process, file, *_] if file.endswith(f":{inode}"):
                    # 0 or -1 is a process in another container.
                    return int(process) if int(process) > 0 else None
    return None


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
