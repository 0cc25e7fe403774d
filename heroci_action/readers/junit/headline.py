"""Choose the line that explains a failure best."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LONGEST = 300  # characters of a headline that is joined from several lines
JOINED = 4  # lines
SEARCHED = 20_000  # characters at the start of a text

_EMPTY_WORDS = frozenset(
    {
        *("failed", "fail", "failure", "error", "errored", "exception", "none", "null", "nil"),
        *("undefined", "warning", "false", "true", "unknown", "nan", "test failed", "test failure"),
        *("test error", "assertion failed", "[object object]", "{}", "()", "[]"),
    }
)
# Lines by which test runners announce a test or a place: Boost.Test, Go, GoogleTest.
_ANNOUNCEMENT = re.compile(
    r"=== (?:RUN|PAUSE|CONT|NAME)\b|--- (?:FAIL|PASS|SKIP):|\[[ =-]*(?:RUN|OK|FAILED|PASSED)[ =-]*\]"
    r"|ASSERTION FAILURE:$|[\W_]{0,8}(?:file|line) *: \S+$"
)
# A place in front of a message: `a_test.go:12: want 3`, `/src/till.cc:12: Failure`, `FAILED: res://a.gd:40`.
_PLACE = re.compile(
    r"(?:FAILED: )?\(?(?:\w{1,10}:)?[^\s:()]{1,300}\.\w{1,10}[:(]\d{1,9}(?::\d{1,9})?\)?(?:: *| *$)"
)
_PYTHON_TRACEBACK = "Traceback (most recent call last):"
_RULER = re.compile(r"[\W_]*")


def headline(message: str, text: str, *, kind: str = "", name: str = "") -> str:
    """Return the first informative line of the message, or else of the text.

    `kind` is the name of the exception, `name` the name of the test. A line that only repeats one of them, the place of
    the failure, or a word such as `failed` is not informative.
    """
    useful = (line for line in _useful_lines(message, name) if line != kind)
    weak = next(_lines(message), "") or kind
    return (
        _first(useful)
        or _python_error(text)
        or _first(_useful_lines(text, name))
        or weak
        or next(_lines(text), "")
    )


def is_informative(message: str, name: str = "") -> bool:
    """Return whether a message has an informative line."""
    return any(True for _ in _useful_lines(message, name))


def _useful_lines(text: str, name: str) -> Iterator[str]:
    """Yield the informative lines, without the place in front of them."""
    for line in _lines(text):
        place = _PLACE.match(line)
        bare = line[place.end() :] if place else line.removeprefix("- message: ")
        is_empty = bare.lower().rstrip(".!:") in _EMPTY_WORDS or _RULER.fullmatch(bare)
        if not is_empty and not _ANNOUNCEMENT.match(line) and not _is_name(bare, name):
            yield bare


def _first(lines: Iterable[str]) -> str:
    """Return the first line, joined with the next ones if it ends in a colon."""
    found = ""
    for number, line in enumerate(lines):
        found = f"{found} {line}" if found else line
        if not line.endswith(":") or number >= JOINED or len(found) > LONGEST:
            break
    return found


def _python_error(text: str) -> str:
    """Return the error below a traceback of Python's: the first line after the last frame that is not indented."""
    if not text.lstrip().startswith(_PYTHON_TRACEBACK):
        return ""
    last = text[text.rfind('\n  File "') + 1 :]
    return next((line.strip() for line in last.splitlines() if line[:1].strip()), "")


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text[:SEARCHED].splitlines() if line.strip())


def _is_name(line: str, name: str) -> bool:
    """Return whether the line only names the test, as the first one of PHPUnit does."""
    return bool(name) and (line == name or f"::{name}" in line)
