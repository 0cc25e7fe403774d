"""The runner's workspace: what root leaves in it belongs to its owner in the end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = 0
CLOCK_STEP = (
    1_000_000_000  # nanoseconds; the clock of file systems is a little behind (Linux: up to 10 ms)
)


@contextmanager
def handed_over(workspace: Path) -> Iterator[None]:
    """Give the workspace's owner everything that came to be in it meanwhile, also when the work failed.

    A container action runs as root, the job's other steps do not: they could neither change nor remove what is root's,
    and the next job on a runner of one's own could not even clean up.
    """
    owner = workspace.stat()
    since = time.time_ns() - CLOCK_STEP
    try:
        yield
    finally:
        if os.geteuid() == ROOT != owner.st_uid:
            _hand_over(str(workspace), owner, since)


def _hand_over(directory: str, owner: os.stat_result, since: int) -> None:
    """Files and directories of root that are new; links themselves, never where they lead."""
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            with suppress(OSError):  # gone meanwhile, or on a mount that nobody may change
                found = entry.stat(follow_symlinks=False)
                if found.st_uid == ROOT and found.st_ctime_ns >= since:
                    os.chown(entry.path, owner.st_uid, owner.st_gid, follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    _hand_over(entry.path, owner, since)
