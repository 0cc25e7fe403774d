"""Turn the observations of the hooks on unittest and Django into events of the record."""

# unittest has no public names for these:
# ruff: noqa: SLF001

from __future__ import annotations

import itertools
import os
import re
import signal
import sys
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from heroci_contexts import context  # type: ignore[import-not-found,unused-ignore]
from heroci_locate import (  # type: ignore[import-not-found,unused-ignore]
    class_path,
    definition,
    describe,
    owner_definition,
    test_names,
    tests_of,
)
from heroci_output import Output, Tee  # type: ignore[import-not-found,unused-ignore]
from heroci_progress import Progress  # type: ignore[import-not-found,unused-ignore]
from heroci_record import (  # type: ignore[import-not-found,unused-ignore]
    PASSED_LIMIT,
    RUNNING,
    TEXT_LIMIT,
    Record,
    database,
)

_FIXTURE = re.compile(r"(?P<name>\w+) \((?P<owner>[^()]+)\)")
STDOUT = 1


class _Running:
    """The test that this process is running."""

    def __init__(self, test: Any, number: int) -> None:
        self.test = test
        self.number = number
        self.starts = 0
        self.started_by_result = False
        self.has_subtests = False
        self.classname, self.name = test_names(test)
        self.place = definition(test)
        self.started = time.perf_counter()
        self.outcomes: List[Dict[str, Any]] = []
        self.output = Output()
        self._streams: List[Tuple[str, Any]] = []

    def capture(self) -> None:
        """Keep the output of the test, which is still printed."""
        for name in ("stdout", "stderr"):
            tee = Tee(getattr(sys, name), self.output)
            setattr(sys, name, tee)
            self._streams.append((name, tee))

    def release(self) -> None:
        """Restore the streams unless `--buffer` or the test has replaced them in the meantime."""
        for name, tee in self._streams:
            if getattr(sys, name) is tee:
                setattr(sys, name, tee._heroci_stream)
            tee._heroci_kept = Output()

    def text(self) -> str:
        """Return the output of the test, less of it if the test passed."""
        passed = all(outcome["status"] == "passed" for outcome in self.outcomes)
        return self.output.text(PASSED_LIMIT if passed else TEXT_LIMIT)


class Recorder:
    """The record of this process. Forked workers inherit it, and write separate files."""

    def __init__(self, directory: str) -> None:
        self.running: Optional[_Running] = None
        self.reporting = False  # a result class may call another of its methods
        self.building = False  # a suite may be built from others
        self.repeating = False  # a parallel suite repeats what its workers have recorded
        self._record = Record(directory, "django")
        self._progress = Progress(STDOUT)
        self._numbers = itertools.count(1)
        self._pid = os.getpid()
        self._main = True
        self._inside: List[str] = []  # the runner and the suite that have begun
        self._left_out = 0
        self._repeated = 0
        os.register_at_fork(after_in_child=self._mute_forked_test)

    # The run

    def _mute_forked_test(self) -> None:
        """Record nothing in a process that a test forks, even if it continues the suite: its parent runs the tests."""
        if self.running is not None:
            self._record.mute()

    def enter_process(self, *, worker: bool = False) -> None:
        """Reset the inherited state if this process was forked; a process forked during a run is a worker."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._main = self._main and not self._inside
            self._inside = []
            self.repeating = False
            self._left_out = self._repeated = 0
            end_on_sigterm()
        self._main = self._main and not worker

    @property
    def in_main_process(self) -> bool:
        """Whether this is the process that runs the whole suite, rather than a worker of it."""
        return self._main and self._pid == os.getpid()

    def note_event(self, name: str) -> None:
        """Count an event of a result in a worker, for the progress only: the worker has recorded it."""
        if name == "stopTest":
            self._progress.end_test()
        elif name in ("addFailure", "addError", "addUnexpectedSuccess"):
            self._progress.add_failure()

    @contextmanager
    def runner(self) -> Iterator[None]:
        """Record that a test runner was called and that it returned; if it raises, it has not returned."""
        self.enter_process()
        if self._inside or self.running is not None:
            yield
            return
        with self._span("runner", None):
            yield

    @contextmanager
    def suite(self, suite: Any, result: Any) -> Iterator[None]:
        """Record the number of tests of a suite and its end, unless it is part of another one."""
        self.enter_process()
        if "suite" in self._inside or self.running is not None:
            yield
            return
        before = getattr(result, "testsRun", 0)
        self._left_out = self._repeated = 0
        with _marked_as_running(), self._span("suite", suite.countTestCases()) as end:
            yield
            end["stopped"] = bool(getattr(result, "shouldStop", False))
            end["left_out"] = self._left_out
            end["ran"] = getattr(result, "testsRun", 0) - before
            end["repeated"] = self._repeated

    @contextmanager
    def _span(self, what: str, tests: Optional[int]) -> Iterator[Dict[str, Any]]:
        number = next(self._numbers)
        worker = not self._main
        self._record.write(event="begin", n=number, what=what, tests=tests, worker=worker)
        self._inside.append(what)
        end: Dict[str, Any] = {}
        try:
            yield end
        finally:
            # Even if it raises: the caller may catch it and start another run.
            self._inside.remove(what)
        self._record.write(event="end", n=number, **end)

    def record_built(self, tests: int) -> None:
        """Record that a suite was built, which is then expected to run."""
        self._progress.plan_more(tests)
        self._record.write(event="built", tests=tests)

    def record_left_out(self) -> None:
        """Count a test that is not called, because its class or module was not set up."""
        self._left_out += 1

    def record_death(self, pid: int, exit_code: Optional[int]) -> None:
        """Record that a worker ended before its work was done."""
        self._record.write(event="died", pid=pid, exit_code=exit_code)

    def record_event(self, event: Optional[Dict[str, Any]]) -> None:
        """Record which tests were selected, if there is anything to say about it."""
        if event is not None:
            self._record.write(**event)

    def record_databases(self, suite: Any) -> None:
        """Record the databases that the tests of a suite use; they have been set up."""
        if self.in_main_process:
            databases = [database(alias) for alias in sorted(_aliases(suite))]
            self._record.write(event="databases", databases=databases)

    # Tests

    def call(self, test: Any, call: Callable[[], Any]) -> Any:
        """Run a test, and record its start, its outcome and its end."""
        running = self._enter(test)
        try:
            with context("test", running.classname, running.name):
                result = call()
        except Exception:  # a result that raises; the runner must see it
            if not running.outcomes:
                self._add(running, "errored", sys.exc_info())
            self._leave(running)
            raise
        except BaseException:
            # An interrupt ends the run. The test has not ended, and is recorded as such.
            self._release(running)
            raise
        self._leave(running)
        return result

    def start_test(self, test: Any) -> None:
        """Take the start of a test from its result; the class may call its tests in its own way, or several times."""
        running = self.running
        if running is None:
            if not self.repeating:
                running = self._enter(test)
                running.starts = 1
                running.started_by_result = True
        elif running.test is test:
            self._repeated += running.starts > 0
            running.starts += 1

    def stop_test(self) -> None:
        """Take the end of a test from its result, unless the recorder calls the test."""
        running = self.running
        if running is None or not running.started_by_result:
            return
        if running.outcomes or running.has_subtests:
            self._leave(running)
        else:
            # As above: something ended the test before it had an outcome.
            self._release(running)

    def _enter(self, test: Any) -> _Running:
        running = self.running = _Running(test, next(self._numbers))
        self._start(running.number, running.classname, running.name, running.place)
        running.capture()
        return running

    def _release(self, running: _Running) -> None:
        running.release()
        self.running = None

    def _start(self, number: int, classname: str, name: str, place: Any, **more: Any) -> None:
        self._record.write(
            event="start",
            n=number,
            classname=classname,
            name=name,
            file=place[0],
            line=place[1],
            at=time.time(),
            **more,
        )

    def _leave(self, running: _Running) -> None:
        self._release(running)
        duration = time.perf_counter() - running.started
        for index, outcome in enumerate(running.outcomes):
            self._case(
                running.classname,
                nth_name(running.name, index),
                outcome,
                duration=0.0 if index else duration,
                output="" if index else running.text(),
            )
        self._record.write(event="stop", n=running.number)
        self._progress.end_test()

    def _case(
        self,
        classname: str,
        name: str,
        outcome: Dict[str, Any],
        *,
        duration: float = 0.0,
        output: str = "",
    ) -> None:
        self._record.write(
            event="case",
            classname=classname,
            name=name,
            duration=duration,
            output=output,
            **outcome,
        )

    # Outcomes

    def outcome(
        self,
        test: Any,
        status: str,
        error: Any = None,
        *,
        message: str = "",
        expected: bool = False,
    ) -> None:
        """Record the outcome of a test, a subtest, or a fixture of a class or module."""
        running = self.running
        owner = getattr(test, "test_case", test)
        if status in ("failed", "errored"):
            self._progress.add_failure()
        if running is not None and owner is running.test:
            if owner is test:
                self._add(running, status, error, message)
                running.outcomes[-1]["expected"] = expected
            else:
                self._record_subtest(running, test, describe(status, error, message, running.place))
        elif not hasattr(test, "_testMethodName") and not hasattr(test, "_dt_test"):
            self._record_fixture_outcome(test, status, error, message)
        # Else a parallel suite repeats an outcome that a worker has already recorded.

    def _add(self, running: _Running, status: str, error: Any, message: str = "") -> None:
        running.outcomes.append(describe(status, error, message, running.place))

    def _record_subtest(self, running: _Running, subtest: Any, outcome: Dict[str, Any]) -> None:
        running.has_subtests = True
        name = "{} {}".format(running.name, subtest._subDescription())
        self._case(running.classname, name, outcome, output=running.text())

    def _record_fixture_outcome(self, holder: Any, status: str, error: Any, message: str) -> None:
        match = _FIXTURE.fullmatch(str(holder.id()))
        name, owner = (match["name"], match["owner"]) if match else (str(holder.id()), "")
        outcome = describe(status, error, message, owner_definition(owner))
        self._case(owner, name, outcome)

    # Fixtures of classes and modules

    @contextmanager
    def fixture(self, name: str, owner: Any) -> Iterator[None]:
        """Record the start and end of a fixture, and the total time of a class's fixtures."""
        path = class_path(owner) if isinstance(owner, type) else str(owner)
        number = next(self._numbers)
        self._start(number, path, name, owner_definition(path), fixture=True)
        started = time.perf_counter()
        with context("owner", path):
            yield
        duration = time.perf_counter() - started
        self._record.write(event="stop", n=number)
        if isinstance(owner, type):
            self._record.write(event="fixtures", classname=path, duration=duration)


@contextmanager
def _marked_as_running() -> Iterator[None]:
    known = os.environ.get(RUNNING)
    os.environ[RUNNING] = known or str(os.getpid())
    try:
        yield
    finally:
        if known is None:
            os.environ.pop(RUNNING, None)


def end_on_sigterm() -> None:
    """Let SIGTERM end this forked process even if coverage's handler raises, as the one inherited from the parent does.

    Otherwise, the exception would be raised in the test that is running, and recorded as its failure.
    """
    handler: Any = signal.getsignal(signal.SIGTERM)
    module = getattr(getattr(handler, "__func__", None), "__module__", "")
    if not module.startswith("coverage."):
        return

    def end(number: int, frame: Any) -> None:
        try:
            handler(number, frame)
        finally:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end)


def nth_name(name: str, index: int) -> str:
    """Return the name of a test's outcome: those after the first come from its clean-up."""
    if index == 0:
        return name
    return "{} (clean-up{})".format(name, "" if index == 1 else " {}".format(index))


def _aliases(suite: Any) -> "set[str]":
    # Django's modules can be imported only when its settings are known.
    from django.db import connections  # noqa: PLC0415

    used: "set[str]" = set()
    for test in tests_of(suite):
        aliases = getattr(test, "databases", None) or ()
        used.update(connections if aliases == "__all__" else aliases)
    return used & set(connections)
