"""End the processes that outlive their steps, even in separate sessions or after their parents have ended."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from heroci_action.engines import process
from heroci_action.engines.host.reaper import marked_processes

PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
REAP_EVERY = 1.0  # seconds
PATIENCE = 1.0  # seconds between SIGTERM and SIGKILL
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    session: int
    state: str


class Leftovers:
    """The processes of a run that outlive their steps; children that exist already are not among them."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._older = {each.pid for each in _processes() if each.parent == os.getpid()}
        # Become the parent of descendants whose own parent ends, so that a daemon cannot escape.
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    async def reap(self) -> None:
        """Collect the exit status of adopted processes forever; a program may wait for the end of its daemon."""
        while True:
            await anyio.sleep(REAP_EVERY)
            self._reap()

    async def end(self) -> None:
        """End every process that a step has started."""
        await anyio.to_thread.run_sync(self._end)

    def _end(self) -> None:
        for attempt in range(ROUNDS):
            left = self._running()
            for pid in left:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL if attempt else signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            while left and time.monotonic() < deadline:
                time.sleep(0.02)
                self._reap()
                left = self._running()
            if not left:
                return

    def _running(self) -> set[int]:
        """Return the adopted processes, those with the run's mark, and the descendants of both."""
        known = {each.pid: each for each in _processes() if each.state not in "ZX"}
        left = {each.pid for each in known.values() if self._is_adopted(each)}
        left |= set(marked_processes(self._run))
        size = -1
        while size != len(left):
            size = len(left)
            left |= {each.pid for each in known.values() if each.parent in left}
        return left - process.STARTED

    def _reap(self) -> None:
        if process.starting():
            # A child that is not registered yet would look like an adopted one.
            return
        for each in _processes():
            if each.state == "Z" and self._is_adopted(each):
                with suppress(OSError):
                    os.waitpid(each.pid, os.WNOHANG)

    def _is_adopted(self, each: _Process) -> bool:
        """Return whether HeroCI has not started this child: its own children share its session or are registered."""
        return (
            each.parent == os.getpid()
            and each.session != os.getsid(0)
            and each.pid not in process.STARTED
            and each.pid not in self._older
        )


def _processes() -> Iterator[_Process]:
    """Yield the processes of this machine (proc_pid_stat(5): pid, (comm), state, ppid, pgrp, session)."""
    with suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with suppress(OSError):
                    stat = Path(entry.path, "stat").read_text(errors="replace")
                    state, parent, _, session = stat.rpartition(")")[2].split()[:4]
                    yield _Process(int(entry.name), int(parent), int(session), state)
