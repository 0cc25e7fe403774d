"""Hooks on unittest and Django's test runner that report to the recorder, whichever runner class the project has.

The hooks do not depend on the methods that a project overrides. They run when a runner is called, a suite is built or
run, a test is called, a class or module is set up or torn down, and a result receives an outcome.
"""

# Django's modules can be imported only when its settings are known:
# ruff: noqa: PLC0415
# unittest has no public names for the hooked methods, and the replacements keep the names of the originals:
# ruff: noqa: SLF001, N802, N807

from __future__ import annotations

import functools
import sys
import unittest
from typing import Any, Callable, Dict

from heroci_contexts import Affected  # type: ignore[import-not-found,unused-ignore]
from heroci_locate import (  # type: ignore[import-not-found,unused-ignore]
    exception_message,
    test_names,
    tests_of,
    unit_of,
)
from heroci_recorder import Recorder  # type: ignore[import-not-found,unused-ignore]
from heroci_selection import Selection  # type: ignore[import-not-found,unused-ignore]
from heroci_sharding import Part  # type: ignore[import-not-found,unused-ignore]

# --- Results ---------------------------------------------------------------------------------------------------------

_recording_classes: Dict[type, type] = {}


def is_recording(result: Any) -> bool:
    """Return whether a result reports its outcomes to the recorder."""
    return type(result) in _recording_classes.values()


def adopt(recorder: Recorder, result: Any) -> None:
    """Make a result record its outcomes; its new class is a subclass of the old one with the same name."""
    from django.test.runner import RemoteTestResult

    original = type(result)
    known = isinstance(result, (unittest.TestResult, RemoteTestResult))
    if is_recording(result) or not known:
        return
    if original not in _recording_classes:
        names = {key: getattr(original, key) for key in ("__module__", "__qualname__", "__doc__")}
        body = dict(_outcome_methods(recorder), **_boundary_methods(recorder), **names)
        body["__reduce_ex__"] = _reduce_as(original)
        _recording_classes[original] = type(original.__name__, (original,), body)
    result.__class__ = _recording_classes[original]


def _outcome_methods(recorder: Recorder) -> "dict[str, Callable[..., Any]]":
    """Return methods of a result that record an outcome before they call the original."""

    def method_named(name: str, record: Callable[..., None]) -> Callable[..., Any]:
        def method(self: Any, test: Any, *args: Any, **kwargs: Any) -> Any:
            outermost, recorder.reporting = not recorder.reporting, True
            try:
                if outermost:
                    record(test, *args, **kwargs)
                return getattr(super(type(self), self), name)(test, *args, **kwargs)
            finally:
                recorder.reporting = not outermost

        method.__name__ = name
        return method

    return {name: method_named(name, record) for name, record in _outcomes(recorder).items()}


def _outcomes(recorder: Recorder) -> "dict[str, Callable[..., None]]":
    record = recorder.outcome

    def subtest(test: Any, part: Any, err: Any) -> None:
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            record(part, "failed" if failed else "errored", err)

    def expected(test: Any, err: Any) -> None:
        message = "expected failure: " + exception_message(err[0], err[1])
        record(test, "skipped", message=message, expected=True)

    def unexpected(test: Any) -> None:
        message = "unexpected success: the test is marked as an expected failure"
        record(test, "failed", message=message)

    return {
        "addSuccess": lambda test: record(test, "passed"),
        "addFailure": lambda test, err: record(test, "failed", err),
        "addError": lambda test, err: record(test, "errored", err),
        "addSkip": lambda test, reason: record(test, "skipped", message=str(reason)),
        "addExpectedFailure": expected,
        "addUnexpectedSuccess": unexpected,
        "addSubTest": subtest,
    }


def _boundary_methods(recorder: Recorder) -> "dict[str, Callable[..., Any]]":
    """Return methods of a result that record the start and end of a test, and the output `--buffer` has captured."""

    def startTest(self: Any, test: Any) -> Any:
        recorder.start_test(test)
        return super(type(self), self).startTest(test)

    def stopTest(self: Any, test: Any) -> Any:
        running = recorder.running
        if running is not None and getattr(self, "buffer", False):
            for name in ("_stdout_buffer", "_stderr_buffer"):
                buffer = getattr(self, name, None)
                if buffer is not None:
                    running.output.add(buffer.getvalue())
        try:
            return super(type(self), self).stopTest(test)
        finally:
            recorder.stop_test()

    return {"startTest": startTest, "stopTest": stopTest}


def _reduce_as(original: type) -> Callable[..., Any]:
    """Return a `__reduce_ex__` that pickles as the original class: workers send failed subtests with their result."""
    inherited: Any = original.__reduce_ex__

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        # Through a function: pickle refuses to create an object of another class than the one it was given.
        made_by, arguments, *rest = inherited(self, protocol)
        arguments = tuple(original if item is type(self) else item for item in arguments)
        return (_revive, (made_by, *arguments), *rest)

    return __reduce_ex__


def _revive(made_by: Callable[..., Any], *arguments: Any) -> Any:
    return made_by(*arguments)


# --- Tests and suites ------------------------------------------------------------------------------------------------


def hook_test(recorder: Recorder, test_class: Any) -> None:
    """Record each call of a test of this class."""
    original = test_class.__call__

    @functools.wraps(original)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = args[0] if args else kwargs.get("result")
        if recorder.running is not None or result is None:  # a test that runs tests
            return original(self, *args, **kwargs)
        adopt(recorder, result)
        if not is_recording(result):  # pytest, called by the project's runner
            return original(self, *args, **kwargs)
        return recorder.call(self, lambda: original(self, *args, **kwargs))

    test_class.__call__ = __call__


def hook_suite(recorder: Recorder) -> None:
    """Record that a suite begins and ends."""
    original = unittest.TestSuite.run

    @functools.wraps(original)
    def run(self: Any, result: Any, *args: Any, **kwargs: Any) -> Any:
        if recorder.running is None and not is_recording(result):
            recorder.record_databases(self)
            adopt(recorder, result)
        with recorder.suite(self, result):
            return original(self, result, *args, **kwargs)

    unittest.TestSuite.run = run  # type: ignore[method-assign]


def hook_run_tests(recorder: Recorder, runner_class: Any) -> None:
    """Record that a runner is called and returns."""
    original = getattr(runner_class, "run_tests", None)
    if original is None:
        return

    @functools.wraps(original)
    def run_tests(self: Any, *args: Any, **kwargs: Any) -> Any:
        with recorder.runner():
            return original(self, *args, **kwargs)

    runner_class.run_tests = run_tests


def hook_build(recorder: Recorder, runner_class: Any) -> None:
    """Record how many tests a runner collects, after leaving out tests that this run must not run."""
    part = Part.from_environment()
    selection = Selection.from_environment()
    affected = Affected.from_environment()
    original = getattr(runner_class, "build_suite", None)
    if original is None:
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
        if part is not None:
            mine, event = part.choose(unit_of(test) for test in tests_of(suite))
            recorder.record_event(event)
            suite = _reduce(self, suite, lambda test: unit_of(test) in mine)
        if selection is not None:
            suite = _reduce(self, suite, lambda test: selection.has(*test_names(test)))
            recorder.record_event(selection.warning())
        if affected is not None:
            total = suite.countTestCases()
            suite = _reduce(self, suite, lambda test: affected.has(*test_names(test)))
            recorder.record_event(affected.event(suite.countTestCases(), total))
            _move_first(self, suite, lambda test: affected.failed(*test_names(test)))
        recorder.record_built(suite.countTestCases())
        return suite

    runner_class.build_suite = build_suite


def _reduce(runner: Any, suite: Any, wanted: Callable[[Any], bool]) -> Any:
    """Return the suite with the wanted tests only, in the same order."""
    processes = getattr(suite, "processes", None)
    if processes is None:
        _prune(suite, wanted)
        return suite
    for part in suite.subsuites:
        _prune(part, wanted)
    suite.subsuites = [part for part in suite.subsuites if part.countTestCases()]
    # The runner clones as many databases as there are processes, so both must know; one process needs no clone.
    runner.parallel = suite.processes = min(processes, max(len(suite.subsuites), 1))
    return suite if suite.processes > 1 else runner.test_suite(suite.subsuites)


def _prune(suite: Any, wanted: Callable[[Any], bool]) -> None:
    kept = []
    for part in suite:
        if hasattr(part, "_tests"):
            _prune(part, wanted)
            kept.append(part)
        elif wanted(part):
            kept.append(part)
    suite._tests = kept


def _move_first(runner: Any, suite: Any, urgent: Callable[[Any], bool]) -> None:
    """Move the urgent tests of a suite to its start; classes stay together, and in the order that their kind needs."""
    parts = getattr(suite, "subsuites", None)
    if parts is not None:
        parts.sort(key=lambda part: not any(map(urgent, tests_of(part))))
        return
    tests = list(suite)
    if any(hasattr(test, "_tests") for test in tests):
        return
    kinds = tuple(getattr(runner, "reorder_by", ()))
    first = {type(test) for test in tests if urgent(test)}

    def key(test: Any) -> "tuple[int, bool]":
        matching = (index for index, kind in enumerate(kinds) if isinstance(test, kind))
        return next(matching, len(kinds)), type(test) not in first

    suite._tests = sorted(tests, key=key)


# --- Fixtures of classes and modules ---------------------------------------------------------------------------------

Run = Callable[[], Any]


def hook_fixtures(recorder: Recorder) -> None:
    """Record when classes and modules are set up and torn down, which belongs to no test.

    A suite calls these methods before each test; they do something only if the class or module changes.
    """

    def set_up_class(run: Run, test: Any, result: Any) -> None:
        changes = type(test) is not getattr(result, "_previousTestClass", None)
        _around(recorder, run, "setUpClass", type(test) if changes else None)
        if getattr(type(test), "_classSetupFailed", False) or getattr(
            result, "_moduleSetUpFailed", False
        ):
            recorder.record_left_out()

    def tear_down_class(run: Run, test: Any, result: Any) -> None:
        previous = getattr(result, "_previousTestClass", None)
        _around(recorder, run, "tearDownClass", previous if type(test) is not previous else None)

    def set_up_module(run: Run, test: Any, result: Any) -> None:
        name = type(test).__module__
        changes = name != _module_of(getattr(result, "_previousTestClass", None))
        has_one = hasattr(sys.modules.get(name), "setUpModule")
        _around(recorder, run, "setUpModule", name if changes and has_one else None)

    def tear_down_module(run: Run, result: Any) -> None:
        name = _module_of(getattr(result, "_previousTestClass", None))
        _around(recorder, run, "tearDownModule", name)

    for name, around in (
        ("_handleClassSetUp", set_up_class),
        ("_tearDownPreviousClass", tear_down_class),
        ("_handleModuleFixture", set_up_module),
        ("_handleModuleTearDown", tear_down_module),
    ):
        _wrap(recorder, name, around)


def _wrap(recorder: Recorder, name: str, around: Callable[..., None]) -> None:
    original = getattr(unittest.TestSuite, name)

    @functools.wraps(original)
    def method(self: Any, *args: Any) -> None:
        if recorder.running is not None:  # a test that runs tests
            original(self, *args)
        else:
            around(lambda: original(self, *args), *args)

    setattr(unittest.TestSuite, name, method)


def _around(recorder: Recorder, run: Run, name: str, owner: Any) -> None:
    if owner is None:
        run()
        return
    with recorder.fixture(name, owner):
        run()


def _module_of(test_class: Any) -> Any:
    return getattr(test_class, "__module__", None)
