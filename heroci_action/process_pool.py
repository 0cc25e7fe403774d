"""Distribute CPU-bound work over forked processes.

`concurrent.futures` would copy every item and result through pickle in the parent; forked processes share the memory of
the parent, and results are collected from files after each process has ended.
"""

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

MAX_PROCESSES = 4
"""Each process takes memory."""
MAX_SHARES = 1_000
"""Their numbers must fit into a pipe, whose smallest size is 4,096 bytes."""
TOKEN = 2
"""Bytes of the number of a share."""
MIN_WEIGHT = 4_000_000
"""A lower total weight is not worth a fork; a unit of weight is work for a few nanoseconds."""


class LostError(Exception):
    """The process that worked on an item ended without a result, usually because memory ran out."""


def spread(
    work: Callable[[Item], Made], items: Sequence[Item], weights: Sequence[int]
) -> list[Made | LostError]:
    """Return the result of `work` for each item, in order; heavy work is distributed over several processes.

    Results are pickled; hashes of strings are equal in all processes. Raise RuntimeError with the traceback if `work`
    raised an exception.
    """
    number = min(_processors(), MAX_PROCESSES, len(items))
    # One process is the current one.
    if number < 2 or sum(weights) < MIN_WEIGHT or not _can_fork():  # noqa: PLR2004
        return list(map(work, items))
    heaviest_first = sorted(range(len(items)), key=lambda item: -weights[item])
    return _Team(work, items).results(heaviest_first, number)


def _can_fork() -> bool:
    return hasattr(os, "fork") and threading.active_count() == 1


def _processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Team:
    """Processes that take items from one queue."""

    def __init__(self, work: Callable[[Item], Made], items: Sequence[Item]) -> None:
        self._work = work
        self._items = items

    def results(self, order: Sequence[int], number: int) -> list[Made | LostError]:
        """Return the results of all items; each process writes its results to a separate file immediately."""
        sys.stdout.flush()
        sys.stderr.flush()
        # The collector would write to objects that the processes share.
        gc.freeze()
        shares = _shares(order)
        queue = _queue(len(shares))
        running: dict[int, IO[bytes]] = {}
        made: dict[int, Made] = {}
        ends = set()
        try:
            for _ in range(number):
                file: IO[bytes] = TemporaryFile()  # noqa: SIM115  closed below
                running[self._fork(shares, queue, file)] = file
            for pid in list(running):
                _, status = os.waitpid(pid, 0)
                ends.add(os.waitstatus_to_exitcode(status))
                with running.pop(pid) as file:
                    made |= _read_results(file)
        finally:
            os.close(queue)
            gc.unfreeze()
            _end(running)
        lost = LostError(f"its process ended with {_describe_exit(min(ends))}")
        return [made.get(item, lost) for item in range(len(self._items))]

    def _fork(self, shares: Sequence[Sequence[int]], queue: int, file: IO[bytes]) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            # The process ends before a collection would pay off.
            gc.disable()
            while token := os.read(queue, TOKEN):
                for item in shares[int.from_bytes(token)]:
                    pickle.dump((item, self._work_on(item)), file, pickle.HIGHEST_PROTOCOL)
                    file.flush()
            code = 0
        finally:
            # Flush, close or remove nothing that belongs to the parent.
            os._exit(code)

    def _work_on(self, item: int) -> object:
        try:
            return self._work(self._items[item])
        # The parent raises it.
        except Exception:  # noqa: BLE001
            return RuntimeError(traceback.format_exc())


def _shares(order: Sequence[int]) -> list[Sequence[int]]:
    """Split the items into at most `MAX_SHARES` shares, of one item if possible."""
    size = len(order) // MAX_SHARES + 1
    return [order[start : start + size] for start in range(0, len(order), size)]


def _queue(number: int) -> int:
    """Return a pipe that contains the numbers of all shares, from which each process reads its next one."""
    queue, end = os.pipe()
    os.write(end, b"".join(share.to_bytes(TOKEN) for share in range(number)))
    os.close(end)
    return queue


def _describe_exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _read_results(file: IO[bytes]) -> dict[int, Made]:
    """Return the results that a process wrote before it ended."""
    made: dict[int, Made] = {}
    file.seek(0)
    try:
        while True:
            # Our own process wrote the file.
            item, one = pickle.load(file)  # noqa: S301
            if isinstance(one, RuntimeError):
                raise one
            made[item] = one
    except (EOFError, pickle.UnpicklingError):
        return made


def _end(running: dict[int, IO[bytes]]) -> None:
    """Kill the processes that are still running after an error."""
    for pid, file in running.items():
        file.close()
        os.kill(pid, 9)
        os.waitpid(pid, 0)
