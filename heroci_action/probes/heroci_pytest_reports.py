"""Turn pytest's reports into cases of the record."""

from __future__ import annotations

import ast
import os
import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

from heroci_record import cut_middle, relative  # type: ignore[import-not-found,unused-ignore]

_FRAME = re.compile(
    r'^(?:E +)? *File "(?P<native>[^"\n]+)", line (?P<native_line>\d+)'
    r"|^(?:E +)?(?P<file>[^\s:][^:\n]*\.py):(?P<line>\d+):(?: |$)",
    re.MULTILINE,
)
# The categories of pytest's summary line that count tests.
_STATUSES = {
    "passed": "passed",
    "xpassed": "passed",
    "failed": "failed",
    "error": "errored",
    "skipped": "skipped",
    "xfailed": "skipped",
}


def status_of(category: str, report: Any) -> Optional[str]:
    """Return the status for a category of pytest's summary line, None if the category counts no test.

    A category that a plugin has invented counts as what the report itself says.
    """
    if category in _STATUSES:
        return _STATUSES[category]
    if not category or (report.passed and report.when != "call"):
        return None
    return _STATUSES.get(category_of(report))


def category_of(report: Any) -> str:
    """Return the category that pytest's terminal plugin gives a report if no other plugin does; `-p no:terminal`."""
    if report.failed and report.when in ("setup", "teardown"):
        return "error"
    return str(report.outcome)


def node_names(nodeid: str) -> Tuple[str, str]:
    """Return class and name as in pytest's own JUnit (_pytest/junitxml.py, mangle_test_address)."""
    path, bracket, parameters = nodeid.partition("[")
    names = path.split("::")
    names[0] = re.sub(r"\.py$", "", names[0].replace("/", "."))
    names[-1] += bracket + parameters
    return ".".join(names[:-1]), names[-1]


class Reports:
    """Describe reports; their paths are relative to pytest's root directory."""

    def __init__(self, root: str) -> None:
        self._root = root

    def case(self, report: Any, status: str) -> Dict[str, Any]:
        """Return the outcome in a report as fields of an event."""
        file, line = self.definition(getattr(report, "location", None))
        details = ""
        if status in ("failed", "errored"):
            details = cut_middle(str(getattr(report, "longreprtext", report.longrepr) or ""))
            file, line = self._failure(report.longrepr, details, file) or (file, line)
        message = _message(report, status)
        expected = status == "skipped" and hasattr(report, "wasxfail")
        return {
            "expected": expected,
            "status": status,
            "message": message,
            "details": details,
            "file": file,
            "line": line,
        }

    def definition(self, location: Any) -> Tuple[Optional[str], Optional[int]]:
        """Return file and line; pytest counts lines from zero, and the test of a crashed worker has none."""
        if not location:
            return None, None
        line = location[1]
        return self.located(location[0]), line + 1 if isinstance(line, int) else None

    def located(self, path: str) -> Optional[str]:
        """Return a path of pytest's relative to the repository's root."""
        return relative(os.path.join(self._root, path))  # noqa: PTH118  strings in, strings out

    def _failure(
        self, longrepr: Any, details: str, own: Optional[str]
    ) -> Optional[Tuple[str, int]]:
        """Return the last frame in the test's own file, or else the last one in the repository."""
        known: List[Tuple[str, int]] = []
        for path, line in _frames(longrepr, details):
            located = relative(path)
            if located:
                known.append((located, line))
        in_own = [frame for frame in known if frame[0] == own]
        return (in_own or known)[-1] if known else None


def attempt_of(case: Dict[str, Any], report: Any) -> Dict[str, Any]:
    """Return an attempt that was followed by a rerun."""
    status = "failed" if getattr(report, "when", None) == "call" else "errored"
    return dict(case, status=status)


def _message(report: Any, status: str) -> str:
    """Return why a test did not pass, in one line."""
    if status == "passed":
        return ""
    return _skip_reason(report) if status == "skipped" else _exception(report.longrepr)


def _skip_reason(report: Any) -> str:
    expected = getattr(report, "wasxfail", None)
    if expected is not None:
        return "expected failure: " + expected.replace("reason: ", "", 1)
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    return str(reason).replace("Skipped: ", "", 1)


def _exception(longrepr: Any) -> str:
    crash = getattr(longrepr, "reprcrash", None)
    lines = str(getattr(crash, "message", None) or longrepr or "").strip().splitlines()
    if not lines:
        return ""
    if crash is not None:
        return lines[0]
    # The end of a traceback names the exception.
    return lines[-1][2:].strip() if lines[-1].startswith("E ") else lines[-1]


def _frames(longrepr: Any, details: str) -> Iterator[Tuple[str, int]]:
    """Yield the frames of a failure that pytest shows, the outermost first."""
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        yield crash.path, crash.lineno
    for entry in getattr(getattr(longrepr, "reprtraceback", None), "reprentries", ()):
        place = getattr(entry, "reprfileloc", None)
        if place is not None:
            yield place.path, place.lineno
    for match in _FRAME.finditer(details):
        if match["native"] or crash is None:
            yield match["native"] or match["file"], int(match["native_line"] or match["line"])


def subtest_name(report: Any) -> str:
    """Return the name as unittest writes it, `[message] (a=1)`."""
    message = getattr(report.context, "msg", None)
    values = (report.context.kwargs or {}).items()
    described = ", ".join("{}={}".format(key, _value(report, value)) for key, value in values)
    parts = ["[{}]".format(message)] if message else []
    return " ".join(parts + (["({})".format(described)] if described else [])) or "(<subtest>)"


def _value(report: Any, value: Any) -> str:
    """Return a value as text; pytest 9 sends its repr, twice so through pytest-xdist, pytest-subtests the value."""
    if not type(report).__module__.startswith("_pytest."):
        return repr(value)
    if hasattr(report, "node"):
        try:
            return str(ast.literal_eval(value))
        except (SyntaxError, ValueError):  # too long, so it was cut
            pass
    return str(value)
