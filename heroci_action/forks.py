"""Spreads work that takes a processor over several of them, by processes that are forked and end with it."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from tempfile import TemporaryFile
from typing import IO, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

MOST = 4  # processes; each takes memory
WORTH = 4_000_000  # weight below which a fork costs more than it brings; a unit is what takes some nanoseconds


class LostError(Exception):
    """The process that worked on an item has ended without a word: for lack of memory, mostly."""


def spread(
    work: Callable[[Item], Made], items: Sequence[Item], weights: Sequence[int]
) -> list[Made | LostError]:
    """What `work` makes of each item, in their order; heavy ones are worked on in several processes.

    `work` and what it makes go through pickle, so that a hash of a text is the same on both sides.
    Raises RuntimeError with the traceback where `work` raised something.
    """
    shares = _shares(weights, min(_processors(), MOST, len(items)))
    if len(shares) < 2 or sum(weights) < WORTH or not _can_fork():  # noqa: PLR2004  two shares
        return list(map(work, items))
    return _Team(work, items).results(shares)


def _can_fork() -> bool:
    return hasattr(os, "fork") and threading.active_count() == 1


def _processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _shares(weights: Sequence[int], number: int) -> list[list[int]]:
    """The numbers of the items in shares of about the same weight."""
    shares: list[list[int]] = [[] for _ in range(number)]
    loads = [0] * number
    for item in sorted(range(len(weights)), key=lambda one: -weights[one]):
        lightest = loads.index(min(loads))
        shares[lightest].append(item)
        loads[lightest] += weights[item] + 1
    return [share for share in shares if share]


class _Team:
    """Processes that work on one list."""

    def __init__(self, work: Callable[[Item], Made], items: Sequence[Item]) -> None:
        self._work = work
        self._items = items

    def results(self, shares: Sequence[Sequence[int]]) -> list[Made | LostError]:
        """What came of all items; a process writes what it has made into a file of its own, as soon as it has it."""
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # what is there is shared between the processes until somebody writes to it
        running: dict[int, IO[bytes]] = {}
        made: dict[int, Made | LostError] = {}
        try:
            for share in shares:
                file: IO[bytes] = TemporaryFile()  # noqa: SIM115  closed below
                running[self._forked(share, file)] = file
            for share, pid in zip(shares, list(running), strict=True):
                _, status = os.waitpid(pid, 0)
                with running.pop(pid) as file:
                    file.seek(0)
                    made |= _taken(file, share, status)
        finally:
            gc.unfreeze()
            _end(running)
        return [made[number] for number in range(len(self._items))]

    def _forked(self, share: Sequence[int], file: IO[bytes]) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            gc.disable()  # the process ends before its garbage is worth a look
            for number in share:
                pickle.dump((number, self._made(number)), file, pickle.HIGHEST_PROTOCOL)
            file.flush()
            code = 0
        finally:
            os._exit(code)  # nothing of the parent's is flushed, closed or removed here

    def _made(self, number: int) -> object:
        try:
            return self._work(self._items[number])
        except Exception:  # noqa: BLE001  it is raised in the parent
            return RuntimeError(traceback.format_exc())


def _taken(file: IO[bytes], share: Sequence[int], status: int) -> dict[int, Made | LostError]:
    """What a process has made; what it did not come to is lost."""
    code = os.waitstatus_to_exitcode(status)
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    lost = LostError(f"the process that read it ended with {how}")
    made: dict[int, Made | LostError] = dict.fromkeys(share, lost)
    try:
        while True:
            number, one = pickle.load(file)  # noqa: S301  our own process wrote it
            if isinstance(one, RuntimeError):
                raise one
            made[number] = one
    except (EOFError, pickle.UnpicklingError):
        return made


def _end(running: dict[int, IO[bytes]]) -> None:
    """Nobody is left behind where something went wrong."""
    for pid, file in running.items():
        file.close()
        os.kill(pid, 9)
        os.waitpid(pid, 0)
