"""Records every test that Django's runner takes, beside whatever runner the project has.

`manage.py test --testrunner heroci_django_runner.Runner` runs the project's own runner class: `Runner` *is* that class.
What records are five hooks in unittest and Django (a test is called, a class is set up or torn down, a suite is run, a
parallel suite is run, a result is told of an outcome), so it does not matter which methods the project overrides. Where
only a shard of the tests is wanted, a sixth hook leaves the others out of the suite that the class has built. See the
package's docstring for the environment variables and the format.
"""

# Django's modules can be imported only once its settings are known:
# ruff: noqa: PLC0415
# unittest has no other names for what is asked of it here, and what is replaced keeps its name:
# ruff: noqa: SLF001, N802, N807

from __future__ import annotations

import functools
import inspect
import os
import re
import sys
import time
import traceback
import unittest
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

from heroci_record import (  # type: ignore[import-not-found,unused-ignore]
    OUTPUT_LIMIT,
    TEXT_LIMIT,
    Record,
    database,
    relative,
)
from heroci_sharding import Part  # type: ignore[import-not-found,unused-ignore]

_FILE_LINE = re.compile(r'^ *File "(?P<file>[^"\n]+)", line (?P<line>\d+)', re.MULTILINE)
_FIXTURE = re.compile(r"(?P<name>\w+) \((?P<place>[^()]+)\)")

KEPT_PIECES = 1000  # of output, before they are joined

Place = Tuple[Optional[str], Optional[int]]


# --- Where code lies -------------------------------------------------------------------------------------------------


def _definition(test: Any) -> Place:
    """The file and line where a test is defined: its method, else its class."""
    doctest = getattr(test, "_dt_test", None)
    if doctest is not None:
        return relative(doctest.filename or "<doctest>"), (doctest.lineno or 0) + 1
    method = getattr(type(test), getattr(test, "_testMethodName", ""), None)
    code = getattr(inspect.unwrap(method) if method else None, "__code__", None)
    if code is not None and relative(code.co_filename):
        return relative(code.co_filename), code.co_firstlineno
    test_class: Any = type(test)
    return _class_definition(test_class)


@functools.lru_cache(maxsize=1024)  # the source of a class is found by reading its module
def _class_definition(test_class: Any) -> Place:
    try:
        file = inspect.getsourcefile(test_class)
        line = inspect.getsourcelines(test_class)[1]
    except (OSError, TypeError):
        return None, None
    located = relative(file) if file else None
    return (located, line) if located else (None, None)


def _failure(error: Any, own_file: str | None, text: str) -> Place:
    """Where it went wrong: the last frame in the test's own file, else the last one in the repository."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error)]
    if not any(relative(file) for file, _ in frames):
        # Import errors and doctests carry their traceback as text.
        frames += [(match["file"], int(match["line"])) for match in _FILE_LINE.finditer(text)]
    known: List[Place] = [(relative(file), line) for file, line in frames if relative(file)]
    own = [place for place in known if place[0] == own_file]
    return (own or known or [(None, None)])[-1]


# --- What went wrong, as text ----------------------------------------------------------------------------------------


def _is_unittest(frame: Any) -> bool:
    return "__unittest" in frame.f_globals


def _details(error: Any) -> str:
    """The traceback without the frames of unittest around the test and inside its assertions."""
    kind, value, trace = error
    inner = [_is_unittest(frame) for frame, _ in traceback.walk_tb(trace)]
    first = inner.index(False) if False in inner else 0
    last = len(inner) - inner[::-1].index(False) if False in inner else len(inner)
    try:
        text = traceback.TracebackException(kind, value, trace)
        if len(text.stack) == len(inner):
            text.stack[:] = text.stack[first:last]
        return "".join(text.format())[-TEXT_LIMIT:]
    except Exception as broken:  # noqa: BLE001  an exception's own __str__ may raise anything
        return "{}: (its text could not be made: {!r})".format(kind.__name__, type(broken))


def _message(kind: type, value: Any) -> str:
    """The type and the first line of an exception."""
    try:
        lines = str(value).strip().splitlines()
    except Exception:  # noqa: BLE001  as above
        lines = []
    return "{}: {}".format(kind.__name__, lines[0]) if lines else kind.__name__


# --- The record ------------------------------------------------------------------------------------------------------


class _Tee:
    """A stream that also keeps the end of what goes through it."""

    def __init__(self, stream: Any, kept: list[str]) -> None:
        self._heroci_stream = stream
        self._heroci_kept = kept

    def write(self, text: Any) -> Any:
        if isinstance(text, str):
            _keep(self._heroci_kept, text)
        return self._heroci_stream.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._heroci_stream, name)


def _keep(kept: list[str], text: str) -> None:
    kept.append(text)
    if len(kept) > KEPT_PIECES or len(text) > OUTPUT_LIMIT:
        kept[:] = ["".join(kept)[-OUTPUT_LIMIT:]]


class _Running:
    """The test that this process is in."""

    def __init__(self, number: int, test: Any) -> None:
        self.number = number
        self.test = test
        self.file, self.line = _definition(test)
        self.started = time.perf_counter()
        self.outcome: dict[str, Any] | None = None
        self.parts = 0  # subtests that were recorded as cases of their own
        self.output: list[str] = []
        self._streams: list[tuple[str, Any]] = []

    def listen(self) -> None:
        """Keep what the test prints, while it is printed all the same."""
        for name in ("stdout", "stderr"):
            tee = _Tee(getattr(sys, name), self.output)
            setattr(sys, name, tee)
            self._streams.append((name, tee))

    def stop_listening(self) -> None:
        """Give the streams back where they are still ours (`--buffer` and tests exchange them as well)."""
        for name, tee in self._streams:
            if getattr(sys, name) is tee:
                setattr(sys, name, tee._heroci_stream)
            tee._heroci_kept = []

    def text(self) -> str:
        """The end of what the test has printed."""
        return "".join(self.output)[-OUTPUT_LIMIT:]


class Recorder:
    """Turns what the hooks see into events."""

    def __init__(self, directory: str) -> None:
        self.running: _Running | None = None
        self.telling = False  # inside an outcome: a result class may tell itself another one
        self.worker = False
        self.building = False  # a suite, which may be made of others
        self.pid = os.getpid()
        self._count = 0
        self._record = Record(directory, "django")

    # A test is called.

    def call(self, test: Any, call: Callable[[], Any]) -> Any:
        """Take a test and record its start and end."""
        running = self._enter(test)
        try:
            return call()
        except BaseException:  # Control-C, or a result that raises: the runner must see it too
            if running.outcome is None:
                self._note(running, "errored", sys.exc_info())
            raise
        finally:
            self._leave(running)

    def _enter(self, test: Any) -> _Running:
        self._count += 1
        running = self.running = _Running(self._count, test)
        classname, name = _names(test)
        self._record.write(
            event="start",
            n=running.number,
            classname=classname,
            name=name,
            file=running.file,
            line=running.line,
        )
        running.listen()
        return running

    def _leave(self, running: _Running) -> None:
        running.stop_listening()
        self.running = None
        duration = time.perf_counter() - running.started
        if running.outcome is not None:
            classname, name = _names(running.test)
            self._record.write(
                event="case",
                classname=classname,
                name=name,
                duration=duration,
                output=running.text(),
                **running.outcome,
            )
        self._record.write(event="stop", n=running.number)

    # A result is told of an outcome.

    def outcome(self, test: Any, status: str, error: Any = None, message: str = "") -> None:
        """Record how a test, a subtest or a fixture of a class or module ended."""
        running = self.running
        owner = getattr(test, "test_case", test)
        if running is not None and owner is running.test:
            if owner is test:
                self._note(running, status, error, message)
            else:
                self._part(running, test, status, error, message)
        elif not hasattr(test, "_testMethodName") and not hasattr(test, "_dt_test"):
            self._fixture(test, status, error, message)
        # Else a parallel suite tells again what a worker has recorded itself.

    def _note(self, running: _Running, status: str, error: Any, message: str = "") -> None:
        new = _case(running, status, error, message)
        old = running.outcome
        if old is None or (
            old["status"] in ("passed", "skipped") and status in ("failed", "errored")
        ):
            running.outcome = new
        elif new["details"]:  # a second error of one test, of its tearDown for example
            old["details"] += "\n" + new["details"]

    def _part(self, running: _Running, part: Any, status: str, error: Any, message: str) -> None:
        running.parts += 1
        classname, name = _names(running.test)
        self._record.write(
            event="case",
            classname=classname,
            name="{} {}".format(name, part._subDescription()),
            duration=0.0,
            output=running.text(),
            **_case(running, status, error, message),
        )

    def _fixture(self, holder: Any, status: str, error: Any, message: str) -> None:
        match = _FIXTURE.fullmatch(str(holder.id()))
        name, place = (match["name"], match["place"]) if match else (str(holder.id()), "")
        file, line = _module_place(place)
        described = _described(status, error, message, file, line)
        self._record.write(
            event="case", classname=place, name=name, duration=0.0, output="", **described
        )

    def fixtures(self, test_class: type, duration: float) -> None:
        """Record how long it took to set a class up for its tests, or to tear it down."""
        self._record.write(event="fixtures", classname=_path(test_class), duration=duration)

    def end(self, *, stopped: bool) -> None:
        """The parallel run came to its end; tests still open were ended by `--failfast`."""
        self._record.write(event="end", stopped=stopped)

    def chosen(self, event: dict[str, Any]) -> None:
        """Record which part of the tests is going to run."""
        self._record.write(**event)

    # A suite is run.

    def databases(self, suite: Any) -> None:
        """Record the databases that the tests of a suite use, once they are set up."""
        if not self.worker and self.pid == os.getpid():
            databases = [database(alias) for alias in sorted(_aliases(suite))]
            self._record.write(event="databases", databases=databases)


def _names(test: Any) -> tuple[str, str]:
    """The path of a test's class, and its method; what could not be imported has its module's name only."""
    method = getattr(test, "_testMethodName", None)
    test_class = type(test)
    if method is None or hasattr(test, "_dt_test"):
        return "", str(test.id())
    if test_class.__module__ == "unittest.loader":  # _FailedTest: its "method" is a module
        return "", str(method)
    return _path(test_class), str(method)


def _path(test_class: type) -> str:
    return "{}.{}".format(test_class.__module__, test_class.__qualname__)


def _case(running: _Running, status: str, error: Any, message: str) -> dict[str, Any]:
    return _described(status, error, message, running.file, running.line)


def _described(
    status: str, error: Any, message: str, file: str | None, line: int | None
) -> dict[str, Any]:
    details = ""
    if error is not None and status != "skipped":
        kind, value, trace = error
        details = _details(error)
        message = _imported(value) or _message(kind, value)
        broke_in, at = _failure(
            trace, file, str(value) if trace is None or _imported(value) else details
        )
        file, line = (broke_in, at) if broke_in else (file, line)
    return {"status": status, "message": message, "details": details, "file": file, "line": line}


def _imported(value: Any) -> str:
    """The last line of the traceback that unittest hides in the text of a failed import."""
    if not isinstance(value, ImportError) or "Failed to import test module" not in str(value):
        return ""
    return str(value).strip().splitlines()[-1].strip()


def _module_place(place: str) -> Place:
    """The file of a class or module by its dotted path, and the line of the class."""
    parts = place.split(".")
    for length in range(len(parts), 0, -1):
        module = sys.modules.get(".".join(parts[:length]))
        if module is not None:
            owner: Any = module
            for part in parts[length:]:
                owner = getattr(owner, part, None)
            if isinstance(owner, type):
                return _class_definition(owner)
            file = getattr(module, "__file__", None)
            return (relative(file), 1) if file and relative(file) else (None, None)
    return None, None


# --- Databases -------------------------------------------------------------------------------------------------------


def _leaves(suite: Any) -> Iterator[Any]:
    if hasattr(suite, "countTestCases") and hasattr(suite, "__iter__"):
        for part in suite:
            yield from _leaves(part)
    else:
        yield suite


def _aliases(suite: Any) -> set[str]:
    from django.db import connections

    used: set[str] = set()
    for test in _leaves(suite):
        aliases = getattr(test, "databases", None) or ()
        used.update(connections if aliases == "__all__" else aliases)
    return used & set(connections)


# --- A part of the tests ---------------------------------------------------------------------------------------------


def _unit(test: Any) -> str:
    """What stays together: a class with its setUpClass and setUpTestData, as in Django's own parallel runs."""
    classname, name = _names(test)
    return classname or name


def _reduced(runner: Any, suite: Any, mine: Set[str]) -> Any:
    """The suite with the tests of these units only, in the order that it had."""
    processes = getattr(suite, "processes", None)
    if processes is None:
        _prune(suite, mine)
        return suite
    for part in suite.subsuites:
        _prune(part, mine)
    suite.subsuites = [part for part in suite.subsuites if part.countTestCases()]
    # As many databases are cloned as the runner says, so both must know; one process needs no clone at all.
    runner.parallel = suite.processes = min(processes, max(len(suite.subsuites), 1))
    return suite if suite.processes > 1 else runner.test_suite(suite.subsuites)


def _prune(suite: Any, mine: Set[str]) -> None:
    kept = []
    for part in suite:
        if hasattr(part, "_tests"):
            _prune(part, mine)
            kept.append(part)
        elif _unit(part) in mine:
            kept.append(part)
    suite._tests = kept


def _hook_build(recorder: Recorder, runner_class: Any) -> None:
    """The suite that is built, by whatever the class makes of it, and no suite that a test builds."""
    part = Part.from_environment()
    original = getattr(runner_class, "build_suite", None)
    if part is None or original is None:
        return

    @functools.wraps(original)
    def build_suite(self: Any, *args: Any, **kwargs: Any) -> Any:
        if recorder.building or recorder.running is not None:
            return original(self, *args, **kwargs)
        recorder.building = True
        try:
            suite = original(self, *args, **kwargs)
        finally:
            recorder.building = False
        mine, event = part.choose(_unit(test) for test in _leaves(suite))
        recorder.chosen(event)
        return _reduced(self, suite, mine)

    runner_class.build_suite = build_suite


# --- The hooks -------------------------------------------------------------------------------------------------------

_recorder: Optional[Recorder] = None


def _outcomes(recorder: Recorder) -> dict[str, Callable[..., Any]]:
    """Methods of a result that record before they do what they did."""

    def telling(name: str, note: Callable[..., None]) -> Callable[..., Any]:
        def method(self: Any, test: Any, *args: Any, **kwargs: Any) -> Any:
            outermost, recorder.telling = not recorder.telling, True
            try:
                if outermost:
                    note(test, *args, **kwargs)
                return getattr(super(type(self), self), name)(test, *args, **kwargs)
            finally:
                recorder.telling = not outermost

        method.__name__ = name
        return method

    tell = recorder.outcome

    def subtest(test: Any, part: Any, err: Any) -> None:
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            tell(part, "failed" if failed else "errored", err)

    def expected(test: Any, err: Any) -> None:
        tell(test, "skipped", message="expected failure: " + _message(err[0], err[1]))

    def unexpected(test: Any) -> None:
        tell(
            test, "failed", message="unexpected success: the test is marked as an expected failure"
        )

    notes: dict[str, Callable[..., None]] = {
        "addSuccess": lambda test: tell(test, "passed"),
        "addFailure": lambda test, err: tell(test, "failed", err),
        "addError": lambda test, err: tell(test, "errored", err),
        "addSkip": lambda test, reason: tell(test, "skipped", message=str(reason)),
        "addExpectedFailure": expected,
        "addUnexpectedSuccess": unexpected,
        "addSubTest": subtest,
    }
    return {name: telling(name, note) for name, note in notes.items()}


_recording_classes: Dict[type, type] = {}


def _buffered(recorder: Recorder) -> Callable[..., Any]:
    def stopTest(self: Any, test: Any) -> Any:
        running = recorder.running
        if running is not None and getattr(self, "buffer", False):
            for buffer in (
                getattr(self, "_stdout_buffer", None),
                getattr(self, "_stderr_buffer", None),
            ):
                if buffer is not None:
                    _keep(running.output, buffer.getvalue())
        return super(type(self), self).stopTest(test)

    return stopTest


def _adopt(recorder: Recorder, result: Any) -> None:
    """Make this one result record; its class stays what it was to everybody who asks."""
    from django.test.runner import RemoteTestResult

    original = type(result)
    if original in _recording_classes.values() or not isinstance(
        result, (unittest.TestResult, RemoteTestResult)
    ):
        return
    if original not in _recording_classes:
        names = {key: getattr(original, key) for key in ("__module__", "__qualname__", "__doc__")}
        body = dict(_outcomes(recorder), stopTest=_buffered(recorder), **names)
        body["__reduce_ex__"] = _reduce_as(original)
        _recording_classes[original] = type(original.__name__, (original,), body)
    result.__class__ = _recording_classes[original]


def _reduce_as(original: type) -> Callable[..., Any]:
    """Workers pickle failed subtests together with their result: it travels as its original class."""
    inherited: Any = original.__reduce_ex__

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        # Through a function: pickle refuses to make an object of another class than the one it was given.
        made_by, arguments, *rest = inherited(self, protocol)
        arguments = tuple(original if item is type(self) else item for item in arguments)
        return (_revive, (made_by, *arguments), *rest)

    return __reduce_ex__


def _revive(made_by: Callable[..., Any], *arguments: Any) -> Any:
    return made_by(*arguments)


def _hook_test(recorder: Recorder, test_class: Any) -> None:
    original = test_class.__call__

    @functools.wraps(original)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = args[0] if args else kwargs.get("result")
        if recorder.running is not None or result is None:  # a test that runs tests
            return original(self, *args, **kwargs)
        _adopt(recorder, result)
        if (
            type(result) not in _recording_classes.values()
        ):  # pytest, called by the project's runner
            return original(self, *args, **kwargs)
        return recorder.call(self, lambda: original(self, *args, **kwargs))

    test_class.__call__ = __call__


def _hook_fixtures(recorder: Recorder) -> None:
    """The time of setUpClass, in which setUpTestData is called, and of tearDownClass: it is in no test's time.

    A suite asks for both before each test; where the class is still the same there is nothing to do.
    """

    def timed(original: Callable[..., Any], *, down: bool) -> Callable[..., Any]:
        @functools.wraps(original)
        def method(self: Any, test: Any, result: Any) -> Any:
            before = getattr(result, "_previousTestClass", None)
            owner = before if down else type(test)
            if recorder.running is not None or owner is None or type(test) is before:
                return original(self, test, result)
            started = time.perf_counter()
            try:
                return original(self, test, result)
            finally:
                recorder.fixtures(owner, time.perf_counter() - started)

        return method

    suite: Any = unittest.TestSuite
    suite._handleClassSetUp = timed(suite._handleClassSetUp, down=False)
    suite._tearDownPreviousClass = timed(suite._tearDownPreviousClass, down=True)


def _hook_suite(recorder: Recorder) -> None:
    original = unittest.TestSuite.run

    @functools.wraps(original)
    def run(self: Any, result: Any, *args: Any, **kwargs: Any) -> Any:
        if recorder.running is None and type(result) not in _recording_classes.values():
            recorder.databases(self)
            _adopt(recorder, result)
        return original(self, result, *args, **kwargs)

    unittest.TestSuite.run = run  # type: ignore[method-assign]


class _WorkerRunner:
    """Stands for the runner class of a parallel suite and brings the hooks into a worker that was not forked."""

    def __init__(self, runner_class: Any) -> None:
        self.runner_class = runner_class

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        install(worker=True)
        return self.runner_class(*args, **kwargs)


def _hook_parallel_suite(recorder: Recorder) -> None:
    from django.test.runner import ParallelTestSuite

    original = ParallelTestSuite.run

    @functools.wraps(original)
    def run(self: Any, result: Any) -> Any:
        if recorder.running is not None:
            return original(self, result)
        recorder.databases(self)
        if not isinstance(self.runner_class, _WorkerRunner):
            self.runner_class = _WorkerRunner(self.runner_class)
        outcome = original(self, result)
        recorder.end(stopped=bool(getattr(result, "shouldStop", False)))
        return outcome

    ParallelTestSuite.run = run


def install(*, worker: bool = False) -> None:
    """Set the hooks, once per process, where there is a place to record to."""
    global _recorder  # noqa: PLW0603  there is one unittest and one Django in a process
    directory = os.environ.get("HEROCI_RECORD")
    if directory and _recorder is None:
        from django.test import SimpleTestCase
        from django.test.runner import DiscoverRunner

        _recorder = Recorder(directory)
        _hook_test(_recorder, unittest.TestCase)
        _hook_test(_recorder, SimpleTestCase)
        _hook_fixtures(_recorder)
        _hook_suite(_recorder)
        _hook_parallel_suite(_recorder)
        _hook_build(_recorder, DiscoverRunner)
    if _recorder is not None:
        _recorder.worker = _recorder.worker or worker


def _project_runner() -> Any:
    from django.conf import settings
    from django.utils.module_loading import import_string

    return import_string(os.environ.get("HEROCI_TEST_RUNNER") or settings.TEST_RUNNER)


def __getattr__(name: str) -> Any:
    """`Runner` is made when Django asks for it, because only then the settings are there."""
    if name != "Runner":
        raise AttributeError(name)
    install()
    return _runner()


@functools.lru_cache(maxsize=None)  # Django asks twice: for its options, and to run
def _runner() -> Any:
    from django.test.runner import DiscoverRunner

    runner_class = _project_runner()
    own = getattr(runner_class, "build_suite", None)
    if _recorder is not None and own is not DiscoverRunner.build_suite:
        _hook_build(_recorder, runner_class)  # what it adds to Django's own suite is split, too
    return runner_class
