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
SHARES = 1_000  # at most, so that their numbers fit into a pipe (its smallest size is 4,096 bytes)
TOKEN = 2  # bytes of such a number
WORTH = 4_000_000  # weight below which a fork costs more than it brings; a unit is what takes some nanoseconds


class LostError(Exception):
    """The process that worked on an item has ended without a word: for lack of memory, mostly."""


def spread(
    work: Callable[[Item], Made], items: Sequence[Item], weights: Sequence[int]
) -> list[Made | LostError]:
    """What `work` makes of each item, in their order; heavy ones are worked on in several processes.

    `work` and what it makes go through pickle; the hash of a text is the same on both sides.
    Raises RuntimeError with the traceback where `work` raised something.
    """
    number = min(_processors(), MOST, len(items))
    if number < 2 or sum(weights) < WORTH or not _can_fork():  # noqa: PLR2004  one is this process
        return list(map(work, items))
    heaviest_first = sorted(range(len(items)), key=lambda item: -weights[item])
    return _Team(work, items).results(heaviest_first, number)


def _can_fork() -> bool:
    return hasattr(os, "fork") and threading.active_count() == 1


def _processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Team:
    """Processes that work on one list; whoever is done takes the next of it."""

    def __init__(self, work: Callable[[Item], Made], items: Sequence[Item]) -> None:
        self._work = work
        self._items = items

    def results(self, order: Sequence[int], number: int) -> list[Made | LostError]:
        """What came of all items; a process writes what it has made into a file of its own, as soon as it has it."""
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # what is there is shared between the processes until somebody writes to it
        shares = _shares(order)
        queue = _queue(len(shares))
        running: dict[int, IO[bytes]] = {}
        made: dict[int, Made] = {}
        ends = set()
        try:
            for _ in range(number):
                file: IO[bytes] = TemporaryFile()  # noqa: SIM115  closed below
                running[self._forked(shares, queue, file)] = file
            for pid in list(running):
                _, status = os.waitpid(pid, 0)
                ends.add(os.waitstatus_to_exitcode(status))
                with running.pop(pid) as file:
                    made |= _taken(file)
        finally:
            os.close(queue)
            gc.unfreeze()
            _end(running)
        lost = LostError(f"its process ended with {_how(min(ends))}")
        return [made.get(item, lost) for item in range(len(self._items))]

    def _forked(self, shares: Sequence[Sequence[int]], queue: int, file: IO[bytes]) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            gc.disable()  # the process ends before its garbage is worth a look
            while token := os.read(queue, TOKEN):
                for item in shares[int.from_bytes(token)]:
                    pickle.dump((item, self._made(item)), file, pickle.HIGHEST_PROTOCOL)
                    file.flush()
            code = 0
        finally:
            os._exit(code)  # nothing of the parent's is flushed, closed or removed here

    def _made(self, item: int) -> object:
        try:
            return self._work(self._items[item])
        except Exception:  # noqa: BLE001  it is raised in the parent
            return RuntimeError(traceback.format_exc())


def _shares(order: Sequence[int]) -> list[Sequence[int]]:
    """The items one by one; very many of them some at a time."""
    size = len(order) // SHARES + 1
    return [order[start : start + size] for start in range(0, len(order), size)]


def _queue(number: int) -> int:
    """A pipe from which each process takes the numbers of its shares; it holds all of them at once."""
    queue, end = os.pipe()
    os.write(end, b"".join(share.to_bytes(TOKEN) for share in range(number)))
    os.close(end)
    return queue


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _taken(file: IO[bytes]) -> dict[int, Made]:
    """What a process has made, as far as it came."""
    made: dict[int, Made] = {}
    file.seek(0)
    try:
        while True:
            item, one = pickle.load(file)  # noqa: S301  our own process wrote it
            if isinstance(one, RuntimeError):
                raise one
            made[item] = one
    except (EOFError, pickle.UnpicklingError):
        return made


def _end(running: dict[int, IO[bytes]]) -> None:
    """Nobody is left behind where something went wrong."""
    for pid, file in running.items():
        file.close()
        os.kill(pid, 9)
        os.waitpid(pid, 0)
