"""Names and places of unittest's tests, and the place and text of a failure."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import traceback
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

from heroci_record import cut_middle, relative  # type: ignore[import-not-found,unused-ignore]

Place = Tuple[Optional[str], Optional[int]]

_FILE_LINE = re.compile(r'^ *File "(?P<file>[^"\n]+)", line (?P<line>\d+)', re.MULTILINE)


# Tests


def tests_of(suite: Any) -> Iterator[Any]:
    """Yield the tests of a suite and of the suites in it."""
    if hasattr(suite, "countTestCases") and hasattr(suite, "__iter__"):
        for part in suite:
            yield from tests_of(part)
    else:
        yield suite


def test_names(test: Any) -> Tuple[str, str]:
    """Return the class and name of a test; a module that could not be imported is a name without a class."""
    method = getattr(test, "_testMethodName", None)
    test_class: Any = type(test)
    if method is None or hasattr(test, "_dt_test"):
        return "", str(test.id())
    if test_class.__module__ == "unittest.loader":  # _FailedTest: its "method" is a module
        return "", str(method)
    return class_path(test_class), str(method)


def class_path(test_class: Any) -> str:
    """Return the dotted path of a class."""
    return "{}.{}".format(test_class.__module__, test_class.__qualname__)


def unit_of(test: Any) -> str:
    """Return the indivisible unit of a test: its class, whose tests share setUpClass and setUpTestData."""
    classname, name = test_names(test)
    return classname or name


def definition(test: Any) -> Place:
    """Return where a test is defined: its method if possible, else its class."""
    doctest = getattr(test, "_dt_test", None)
    if doctest is not None:
        return relative(doctest.filename or "<doctest>"), (doctest.lineno or 0) + 1
    method = getattr(type(test), getattr(test, "_testMethodName", ""), None)
    code = getattr(inspect.unwrap(method) if method else None, "__code__", None)
    if code is not None and relative(code.co_filename):
        return relative(code.co_filename), code.co_firstlineno
    test_class: Any = type(test)
    return _class_definition(test_class)


@functools.lru_cache(maxsize=1024)  # finding the source of a class means reading its module
def _class_definition(test_class: Any) -> Place:
    try:
        file = inspect.getsourcefile(test_class)
        line = inspect.getsourcelines(test_class)[1]
    except (OSError, TypeError):
        return None, None
    located = relative(file) if file else None
    return (located, line) if located else (None, None)


def owner_definition(path: str) -> Place:
    """Return the file of a module or class, given by its dotted path, and the line of the class."""
    parts = path.split(".")
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


# Failures


def describe(status: str, error: Any, message: str, place: Place) -> Dict[str, Any]:
    """Return the outcome of a test as fields of an event; `error` is what `sys.exc_info()` returned, or None."""
    details = ""
    file, line = place
    if error is not None and status != "skipped":
        kind, value, trace = error
        details = _details(error)
        hidden = _import_error(value)
        message = hidden or exception_message(kind, value)
        text = str(value) if trace is None or hidden else details
        failed_in, failed_at = _failure_place(trace, file, text)
        file, line = (failed_in, failed_at) if failed_in else (file, line)
    return {"status": status, "message": message, "details": details, "file": file, "line": line}


def _failure_place(trace: Any, own_file: Optional[str], text: str) -> Place:
    """Return the last frame in the test's own file, or else the last one in the repository."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
    if not any(relative(file) for file, _ in frames):
        # Import errors and doctests carry their traceback as text.
        frames += [(match["file"], int(match["line"])) for match in _FILE_LINE.finditer(text)]
    return _last_place([(relative(file), line) for file, line in frames], own_file)


def _last_place(places: Sequence[Place], own_file: Optional[str]) -> Place:
    known = [place for place in places if place[0]]
    own = [place for place in known if place[0] == own_file]
    return (own or known or [(None, None)])[-1]


def _is_unittest(frame: Any) -> bool:
    return "__unittest" in frame.f_globals


def _details(error: Any) -> str:
    """Return the traceback without unittest's frames around the test and inside its assertions."""
    kind, value, trace = error
    inner = [_is_unittest(frame) for frame, _ in traceback.walk_tb(trace)]
    first = inner.index(False) if False in inner else 0
    last = len(inner) - inner[::-1].index(False) if False in inner else len(inner)
    try:
        text = traceback.TracebackException(kind, value, trace)
        if len(text.stack) == len(inner):
            text.stack[:] = text.stack[first:last]
        return cut_middle("".join(text.format()))
    except Exception as broken:  # noqa: BLE001  an exception's own __str__ may raise anything
        return "{}: (cannot be formatted: {!r})".format(kind.__name__, type(broken))


def exception_message(kind: Any, value: Any) -> str:
    """Return the type and the first line of an exception."""
    try:
        lines = str(value).strip().splitlines()
    except Exception:  # noqa: BLE001  as above
        lines = []
    return "{}: {}".format(kind.__name__, lines[0]) if lines else str(kind.__name__)


def _import_error(value: Any) -> str:
    """Return the last line of the traceback that unittest hides in the text of a failed import."""
    if not isinstance(value, ImportError) or "Failed to import test module" not in str(value):
        return ""
    return str(value).strip().splitlines()[-1].strip()
