"""Cleans up after a host engine that died: run as a child of its own, it acts when its standard input ends.

The engine holds the other end of the pipe, so even SIGKILL of the engine is noticed at once. What is to be cleaned up
arrives as JSON lines, `["directory", PATH]` and `["group", PID]`, or is found by the mark in the environment of every
process that the engine starts (`HEROCI_RUN`; PostgreSQL overwrites its own, hence the groups) and by the label of every
container (`heroci.run`). A last line `["done"]` means that the engine has cleaned up itself. Standard library only, and
started with -I -S: it must be there within milliseconds.
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
LABEL = "heroci.run"


def main(run: str) -> None:
    """Wait for the end of the engine that has this id, then clean up what it left."""
    # The terminal's Ctrl-C is for the engine; it tells when it is done.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left: dict[str, list[str]] = {"group": [], "directory": []}
    for line in sys.stdin:
        kind, *values = json.loads(line)
        if kind == "done":
            return
        left[kind].extend(values)
    end_processes(run, [int(group) for group in left["group"]])
    remove_containers(run)
    for directory in left["directory"]:
        shutil.rmtree(directory, ignore_errors=True)


def end_processes(run: str, groups: list[int]) -> None:
    """INT, TERM, then KILL for the groups and for every process with the run's mark, a second of patience each."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        left = [pid for pid in marked_processes(run) if _send(os.kill, pid, number)]
        left += [group for group in groups if _send(os.killpg, group, number)]
        for _ in range(10):
            if not left:
                return
            time.sleep(0.1)
            left = marked_processes(run) + [group for group in groups if _send(os.killpg, group, 0)]


def _send(send: Callable[[int, int], None], pid: int, number: int) -> bool:
    """Whether there was somebody to take the signal."""
    try:
        send(pid, number)
    except OSError:
        return False
    return True


def marked_processes(run: str) -> list[int]:
    """The processes whose environment carries the mark: by /proc where there is one, else by ps."""
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


def remove_containers(run: str) -> None:
    """Remove the run's containers, networks and images, where there is a docker client."""
    if not shutil.which("docker"):
        return
    for listing, removal in (
        (("ps", "-aq"), ("rm", "-fv")),
        (("network", "ls", "-q"), ("network", "rm")),
        (("image", "ls", "-q"), ("image", "rm", "-f")),
    ):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            found = subprocess.run(
                ["docker", *listing, "--filter", f"label={LABEL}={run}"],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            if found.stdout.split():
                command = ["docker", *removal, *found.stdout.split()]
                subprocess.run(command, capture_output=True, timeout=60, check=False)


if __name__ == "__main__":
    main(sys.argv[1])
