"""Spread work over several processors, in forked processes that end with it."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

MAX_PROCESSES = 4  # each takes memory
# The weight that other processes must be able to take over, or forking costs more than it saves; a unit takes some 30
# nanoseconds.
WORTHWHILE = 4_000_000


class LostError(Exception):
    """The process that worked on an item ended abruptly, most likely because memory ran out."""


def spread(
    work: Callable[[Item], Made], items: Sequence[Item], weights: Sequence[int]
) -> list[Made | LostError]:
    """Return what `work` returns for each item, in their order; heavy ones are done in several processes.

    Results are pickled; work and items are inherited. Hashes of texts are equal on both sides. Raises what `work`
    raises.
    """
    number = min(_processors(), MAX_PROCESSES, len(items))
    if number <= 1 or sum(weights) - max(weights) < WORTHWHILE or not _can_fork():
        return list(map(work, items))
    heaviest_first = sorted(range(len(items)), key=lambda item: -weights[item])
    _inherited[:] = [work, items]
    sys.stdout.flush()
    sys.stderr.flush()
    # What exists now is shared between the processes until one of them writes to it.
    gc.freeze()
    try:
        done = _run(heaviest_first, number)
        for item in heaviest_first:
            # The end of one process ends the pool, so each remaining item gets a separate process.
            if item not in done:
                done |= _run([item], 1) or {
                    item: LostError("the process that worked on it ended abruptly")
                }
    finally:
        gc.unfreeze()
        _inherited.clear()
    return [done[item] for item in range(len(items))]


_inherited: list[Any] = []


def _run(order: Sequence[int], number: int) -> dict[int, Any]:
    """Work on items in this order; return the results up to the abrupt end of a process."""
    done: dict[int, Any] = {}
    with ProcessPoolExecutor(number, get_context("fork"), gc.disable) as pool:
        futures = {item: pool.submit(_work_on, item) for item in order}
        for item, future in futures.items():
            try:
                done[item] = future.result()
            except BrokenProcessPool:
                continue
    return done


def _work_on(item: int) -> Any:
    work, items = _inherited
    return work(items[item])


def _can_fork() -> bool:
    return hasattr(os, "fork") and threading.active_count() == 1


def _processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
