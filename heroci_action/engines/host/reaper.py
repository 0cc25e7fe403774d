"""Clean up after a host engine that was killed: a child process that acts when its standard input ends.

The engine holds the other end of the pipe, so even SIGKILL of the engine is noticed at once. What to clean up arrives
as JSON lines, `["directory", PATH]` and `["group", PID]`. Other processes are found by the mark in the environment of
everything that the engine starts (`HEROCI_RUN`; PostgreSQL overwrites its own, hence the groups), and containers by
the label that is the second argument. A last line `["done"]` means that the engine has cleaned up itself. Standard
library only, and started with -I -S, because it must be ready within milliseconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

MARK = "HEROCI_RUN"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(run: str, label: str) -> None:
    """Wait for the end of the engine with this id, then remove everything it left."""
    # The terminal's Ctrl-C is meant for the engine, which reports when it is done.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    left: dict[str, list[str]] = {"group": [], "directory": []}
    for line in sys.stdin:
        kind, *values = json.loads(line)
        if kind == "done":
            return
        left[kind].extend(values)
    end_processes(run, [int(group) for group in left["group"]])
    remove_containers(label)
    for directory in left["directory"]:
        remove_shared_memory(os.path.join(directory, "data"))
        shutil.rmtree(directory, ignore_errors=True)


def end_processes(run: str, groups: list[int]) -> None:
    """Send INT, TERM and KILL to the groups and to every process with the run's mark, a second after each other."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        left = [pid for pid in marked_processes(run) if _send(os.kill, pid, number)]
        left += [group for group in groups if _send(os.killpg, group, number)]
        for _ in range(10):
            if not left:
                return
            time.sleep(0.1)
            left = marked_processes(run) + [group for group in groups if _send(os.killpg, group, 0)]


def _send(send: Callable[[int, int], None], pid: int, number: int) -> bool:
    """Send a signal and return whether the process or group exists."""
    try:
        send(pid, number)
    except OSError:
        return False
    return True


def marked_processes(run: str) -> list[int]:
    """Return the processes whose environment contains the mark, from /proc or else from ps."""
    mark = f"{MARK}={run}"
    if os.path.isdir("/proc/self"):
        return [pid for pid in _pids() if mark.encode() in _environment(pid).split(b"\0")]
    listing = subprocess.run(
        ["ps", "axeww", "-o", "pid=,command="], capture_output=True, text=True, check=False
    )
    lines = (line.split(maxsplit=1) for line in listing.stdout.splitlines())
    return [int(words[0]) for words in lines if len(words) > 1 and mark in words[1].split()]


def _pids() -> list[int]:
    names = os.listdir("/proc")
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]


def _environment(pid: int) -> bytes:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()
    return b""


def remove_shared_memory(data: str) -> None:
    """Remove the System V segment of a PostgreSQL server that was killed, as the server's user.

    Root may not remove it in a container, because it lacks CAP_SYS_ADMIN there (shmctl(2)). Line 7 of postmaster.pid
    has the segment's key and id (PostgreSQL, src/include/utils/pidfile.h).
    """
    path = os.path.join(data, "postmaster.pid")
    with contextlib.suppress(OSError, IndexError, subprocess.SubprocessError):
        with open(path, encoding="utf-8") as file:
            segment = file.read().splitlines()[6].split()[1]
        owner = os.stat(path).st_uid if os.geteuid() == 0 else None
        command = ["ipcrm", "-m", segment]
        subprocess.run(command, user=owner, capture_output=True, timeout=10, check=False)


def remove_containers(label: str) -> None:
    """Remove the run's containers, networks and images, if there is a docker client."""
    if not shutil.which("docker"):
        return
    for listing, removal in (
        (("ps", "-aq"), ("rm", "-fv")),
        (("network", "ls", "-q"), ("network", "rm")),
        (("image", "ls", "-q"), ("image", "rm", "-f")),
    ):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            found = subprocess.run(
                ["docker", *listing, "--filter", f"label={label}"],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            if found.stdout.split():
                command = ["docker", *removal, *found.stdout.split()]
                subprocess.run(command, capture_output=True, timeout=60, check=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
