"""Give the owner of the runner's workspace the files that root created in it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = 0
# The clock of file systems is up to 10 ms behind (Linux).
CLOCK_TOLERANCE = 1_000_000_000  # nanoseconds


@contextmanager
def hand_over_new_files(workspace: Path) -> Iterator[None]:
    """Change the owner of everything that was created in the workspace meanwhile, even if the work failed.

    A container action runs as root, unlike the other steps of the job. They could neither change nor remove root's
    files, and on a self-hosted runner the next job could not clean up.
    """
    owner = workspace.stat()
    since = time.time_ns() - CLOCK_TOLERANCE
    try:
        yield
    finally:
        if os.geteuid() == ROOT != owner.st_uid:
            _hand_over(str(workspace), owner, since)


def _hand_over(directory: str, owner: os.stat_result, since: int) -> None:
    """Change the owner of new files and directories, and of links themselves, never of their targets."""
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            # A file can disappear meanwhile, or be on a mount that cannot be changed.
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if found.st_uid == ROOT and found.st_ctime_ns >= since:
                    os.chown(entry.path, owner.st_uid, owner.st_gid, follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    _hand_over(entry.path, owner, since)
