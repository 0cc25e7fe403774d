"""Record Django's parallel runs, and end one whose worker has died: Django would wait for its results forever."""

# Django's modules can be imported only when its settings are known:
# ruff: noqa: PLC0415
# multiprocessing has no public names for the workers of a pool:
# ruff: noqa: SLF001

from __future__ import annotations

import functools
import multiprocessing
import multiprocessing.connection
import multiprocessing.pool
import os
import threading
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional

from heroci_recorder import Recorder  # type: ignore[import-not-found,unused-ignore]

TERMINATE_WITHIN = 10.0
"""Seconds that a pool may take to end its workers in order."""


class WorkerDiedError(RuntimeError):
    """A worker ended before it had finished its tests."""


def hook_parallel_suite(recorder: Recorder, install_in_worker: Callable[[], None]) -> None:
    """Record that a parallel suite begins and ends, and watch its workers."""
    from django.test.runner import ParallelTestSuite

    original = ParallelTestSuite.run

    @functools.wraps(original)
    def run(self: Any, result: Any) -> Any:
        if recorder.running is not None:
            return original(self, result)
        recorder.record_databases(self)
        if not isinstance(self.runner_class, _WorkerRunner):
            self.runner_class = _WorkerRunner(self.runner_class, install_in_worker)
        _count_events(recorder, self)
        recorder.repeating = True
        try:
            with recorder.suite(self, result), _watch_next_pool(recorder):
                return original(self, result)
        finally:
            recorder.repeating = False

    ParallelTestSuite.run = run


def _count_events(recorder: Recorder, suite: Any) -> None:
    """Count the events that the workers send; before Django 4.1, no method handles them."""
    original = getattr(suite, "handle_event", None)
    if original is None:
        return

    def handle_event(result: Any, tests: Any, event: Any) -> None:
        recorder.note_event(event[0])
        original(result, tests, event)

    suite.handle_event = handle_event


class _WorkerRunner:
    """A stand-in for the runner class of a parallel suite that installs the hooks in a worker that was not forked."""

    def __init__(self, runner_class: Any, install: Callable[[], None]) -> None:
        self.runner_class = runner_class
        self.install = install

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.install()
        return self.runner_class(*args, **kwargs)


@contextmanager
def _watch_next_pool(recorder: Recorder) -> Iterator[None]:
    """Watch the workers of the next pool that this process creates."""
    original: Any = multiprocessing.Pool
    creator = os.getpid()
    pools: List[Any] = []

    @functools.wraps(original)
    def create(*args: Any, **kwargs: Any) -> Any:
        multiprocessing.Pool = original
        pool = original(*args, **kwargs)
        if os.getpid() == creator:
            pools.append(pool)
            watcher = threading.Thread(target=_watch, args=(recorder, pool), daemon=True)
            watcher.start()
        return pool

    multiprocessing.Pool = create
    try:
        yield
    except WorkerDiedError:
        _terminate(pools[-1])
        raise
    finally:
        multiprocessing.Pool = original


def _watch(recorder: Recorder, pool: Any) -> None:
    """Wait until a worker of a pool ends. If the pool was still in use, end the run."""
    workers = {worker.sentinel: worker for worker in pool._pool}
    dead = workers[multiprocessing.connection.wait(list(workers))[0]]
    if pool._state != multiprocessing.pool.RUN:  # the run is over
        return
    exit_code = _exit_code(dead)
    recorder.record_death(dead.pid, exit_code)
    message = "worker {} ended with exit code {} before its tests were finished"
    error = WorkerDiedError(message.format(dead.pid, exit_code))
    for results in list(pool._cache.values()):
        results._set(0, (False, error))


def _exit_code(worker: Any) -> Optional[int]:
    """Return the exit code of a worker that has ended; a thread of the pool may be about to set it."""
    for _ in range(100):
        if worker.exitcode is not None:
            break
        time.sleep(0.01)
    code: Optional[int] = worker.exitcode
    return code


def _terminate(pool: Any) -> None:
    """End the other workers; kill them if the dead one held a lock that the pool waits for."""
    ending = threading.Thread(target=pool.terminate, daemon=True)
    ending.start()
    ending.join(TERMINATE_WITHIN)
    if ending.is_alive():
        for worker in pool._pool:
            worker.kill()
