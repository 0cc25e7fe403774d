"""Keep HeroCI's own environment and memory out of reach of the steps, which run as the same user.

The kernel shows the environment that a process was started with to all processes of its user (proc_pid_environ(5)). In
the action, that includes the job's token and the files that control the job's later steps.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from heroci_action.engines.host.workspace import MACHINE_VARIABLES

PR_SET_DUMPABLE = 4  # <linux/prctl.h>
# Needed by programs that inherit the environment, such as git.
KEPT_VARIABLES = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSH_AUTH_SOCK"}
    | MACHINE_VARIABLES
    | {name.lower() for name in MACHINE_VARIABLES}
)
# Position of env_start and env_end after the command in /proc/self/stat (proc_pid_stat(5), fields 50 and 51).
_ENV_START, _ENV_END = 47, 48


def hide_from_steps(keep: Iterable[str]) -> None:
    """Wipe the environment block except for these variables, and make the process's memory unreadable.

    `os.environ` keeps its values; only the kernel and other processes no longer see them. Does nothing except on Linux.
    """
    with suppress(AttributeError, OSError, ValueError, IndexError):
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        words = Path("/proc/self/stat").read_text(errors="replace").rpartition(")")[2].split()
        start, end = int(words[_ENV_START]), int(words[_ENV_END])
        if not 0 < start < end:
            return
        kept = {name: os.environ[name] for name in keep if name in os.environ}
        libc.clearenv()
        ctypes.memset(start, 0, end - start)
        for name, value in kept.items():
            os.putenv(name, value)
