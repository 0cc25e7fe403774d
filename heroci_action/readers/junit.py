"""Reads JUnit XML: pytest's two families, unittest-xml-reporting, Surefire, Gradle, jest, nextest and their kin."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from heroci_action.analysis.flaky import rerun_by_pytest, retried
from heroci_action.readers.base import BrokenReportError, Readings, Source, Tree
from heroci_action.readers.frames import Place, broken_at, by_classname
from heroci_action.readers.xml import parse
from heroci_action.results import Attempt, Status, TestCase
from heroci_action.text import count

# The elements that say how a test ended, and what they say; the worst one counts.
OUTCOMES: Mapping[str, Status] = {
    "failure": Status.FAILED,
    "error": Status.ERRORED,
    "skipped": Status.SKIPPED,
    "ignored": Status.SKIPPED,
    "disabled": Status.SKIPPED,
}
# Failed runs of a test that was run again (Surefire, surefire-test-report.xsd; cargo-nextest, Gradle, Bazel).
ATTEMPTS: Mapping[str, Status] = {
    "flakyFailure": Status.FAILED,
    "flakyError": Status.ERRORED,
    "rerunFailure": Status.FAILED,
    "rerunError": Status.ERRORED,
    "rerun": Status.FAILED,
}
OUTPUTS = frozenset({"system-out", "system-err"})
SUITES = frozenset({"testsuites", "testsuite"})
NOT_RUN = frozenset({"notrun", "skipped", "disabled", "ignored", "suppressed", "pending"})
_RANK = {Status.PASSED: 0, Status.SKIPPED: 1, Status.FAILED: 2, Status.ERRORED: 2}

_NUMBER = re.compile(r"[0-9]{1,9}")
_DURATION = re.compile(r"([0-9][0-9.,'_ ]*(?:[eE][+-]?[0-9]{1,3})?)\s*(ms|s|sec|seconds|m|min)?")
_UNITS = {"ms": 0.001, "m": 60.0, "min": 60.0}
_PYTEST = frozenset(
    {"pytest", "pytest tests"}
)  # _pytest/junitxml.py, junit_suite_name and the root
_SAYS_NOTHING = frozenset({"failed", "failure", "error", "test failed", "test failure"})
_NAMELESS = _PYTEST | {""}


@dataclass(slots=True)
class _Case:
    """A test case while it is being read."""

    attributes: Mapping[str, str]
    status: Status = Status.PASSED
    message: str = ""
    kind: str = ""
    details: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    bad: int = 0
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(slots=True)
class _Handler:
    """Collects the cases of one document."""

    tree: Tree
    outputs: bool = True  # of tests that passed
    tests: list[TestCase] = field(default_factory=list)
    root: str | None = None
    by_pytest: bool = False  # which counts the lines of definitions from zero, as nobody else does
    suites: list[str] = field(default_factory=list)
    case: _Case | None = None
    suite_case: bool = False  # the case stands for its suite
    attempt: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    trace: str = ""
    pieces: list[str] | None = None
    files: dict[tuple[str, str], str | None] = field(default_factory=dict)
    host: str = ""
    began: str = ""
    ended: str = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name not in SUITES:
                raise BrokenReportError(f"its root is <{name}>")
        if name in SUITES:
            self.suites.append(attributes.get("name", ""))
            self.by_pytest = self.by_pytest or self.suites[-1] in _PYTEST
            if "timestamp" in attributes:
                self._window(attributes)
        elif name == "testcase":
            self.case = _Case(attributes)
        elif name in OUTCOMES and not self.attempt:
            self._outcome(OUTCOMES[name], attributes)
        elif self.case and name in ATTEMPTS:
            self.attempt, self.said, self.trace, self.pieces = name, attributes, "", []
        elif self.case and name in OUTPUTS:
            self.trace = self._taken() if self.attempt else ""
            self.pieces = None if self.attempt else []

    def _window(self, attributes: Mapping[str, str]) -> None:
        """Where and when the suites ran, for those who ask whether one run can be the rerun of another."""
        try:
            began = datetime.fromisoformat(attributes["timestamp"])
            ended = began + timedelta(seconds=seconds(attributes.get("time", "")))
        except (ValueError, OverflowError):
            return
        self.host = self.host or attributes.get("hostname", "")
        self.began = min(self.began or began.isoformat(), began.isoformat())
        self.ended = max(self.ended, ended.isoformat())

    def _outcome(self, status: Status, attributes: Mapping[str, str]) -> None:
        """One that stands beside the cases is the suite's own: its set-up, or its process, came to a bad end."""
        if self.case is None:
            self.case, self.suite_case = _Case({"name": self._suite() or status.value}), True
        case = self.case
        case.bad += status in (Status.FAILED, Status.ERRORED)
        if _RANK[status] > _RANK[case.status]:
            case.status, case.message = status, _message(attributes)
            case.kind = attributes.get("type", "")
        self.pieces = []

    def _suite(self) -> str:
        return next((name for name in reversed(self.suites) if name), "")

    def text(self, text: str) -> None:
        if self.pieces is not None:
            self.pieces.append(text)

    def _taken(self) -> str:
        text = "".join(self.pieces or ())
        self.pieces = None
        return text

    def end(self, name: str) -> None:
        if name in SUITES:
            self.suites.pop()
        elif self.case is None:
            return
        elif name == "testcase":
            self._finish(self.case)
        elif self.attempt:
            self._end_in_attempt(self.case, name)
        elif name in OUTCOMES:
            text = self._taken()
            self.case.details += [text] if text.strip() else []
            if self.suite_case:
                self._finish(self.case)
        elif name in OUTPUTS:
            text = self._taken()
            self.case.output += [text] if text.strip() else []

    def _end_in_attempt(self, case: _Case, name: str) -> None:
        if name != self.attempt:
            return
        details = (self.trace or self._taken()).strip("\n")
        message = _message(self.said) or _first_line(details)
        status = ATTEMPTS[name]
        case.attempts.append(Attempt(status=status, message=message, details=details))
        self.attempt, self.pieces = "", None

    def _finish(self, case: _Case) -> None:
        self.tests.append(self._test(case))
        self.case, self.suite_case, self.pieces = None, False, None

    def readings(self, *, complete: bool) -> Readings:
        """The cases so far: each is whole, also in half a file."""
        del complete
        window = {"host": self.host, "began": self.began, "ended": self.ended}
        tests = rerun_by_pytest(self.tests) if self.by_pytest else retried(self.tests)
        return Readings(tests=tests, window=window if all(window.values()) else {})

    def _test(self, case: _Case) -> TestCase:
        status, attempts = _status(case), tuple(case.attempts)
        details, message = "\n".join(case.details), case.message
        if status is Status.FLAKY:
            details, message = details or attempts[0].details, attempts[0].message
        defined = self._defined(case.attributes)
        told = status in (Status.FAILED, Status.ERRORED, Status.FLAKY)
        classname = self._classname(case.attributes)
        file, line = defined
        if told and details:
            file, line = broken_at(details, defined, self.tree, package=classname)
            if message.lower() in _SAYS_NOTHING or message == case.kind:
                message = _first_line(details, but=case.attributes.get("name", "")) or message
        message = message or _first_line(details)
        more = f" (and {count(case.bad - 1, 'more failure')})" if case.bad > 1 else ""
        return TestCase(
            name=case.attributes.get("name", ""),
            classname=sys.intern(classname),
            status=status,
            duration=seconds(case.attributes.get("time") or case.attributes.get("duration") or ""),
            file=file,
            line=line,
            message=message + more,
            details=details,
            output="\n".join(case.output) if self.outputs or status is not Status.PASSED else "",
            attempts=attempts,
        )

    def _classname(self, attributes: Mapping[str, str]) -> str:
        """A test without a class is known by its suite, unless every suite of its writer is called the same."""
        given = attributes.get("classname") or attributes.get("class")
        suite = self._suite()
        return given or ("" if suite in _NAMELESS or self.suite_case else suite)

    def _defined(self, attributes: Mapping[str, str]) -> Place:
        """Where the report says that the test is defined, else the file that its class name points to."""
        named = self._suite() if self.suite_case else self._classname(attributes)
        key = attributes.get("file") or "", named
        if key not in self.files:
            self.files[key] = self._file(*key)
        line = attributes.get("line") or attributes.get("lineno") or ""
        known = self.files[key] if key[0] and _NUMBER.fullmatch(line) else None
        return self.files[key], int(line) + self.by_pytest if known else None

    def _file(self, file: str, classname: str) -> str | None:
        located = self.tree.locate(file)
        if located and located not in self.tree.tracked and self.tree.tracked:
            located = self.tree.named(file.rpartition("/")[2]) or located
        return located or by_classname(classname, self.tree)


def read_junit(source: Source, tree: Tree) -> Readings:
    """The tests of one file. Raises BrokenReportError with those that were read before it broke."""
    return parse(source, lambda: _Handler(tree, outputs=source.outputs))


def _status(case: _Case) -> Status:
    """Elements first; some writers say only in an attribute that a test was not run (GoogleTest)."""
    if case.status is Status.PASSED and case.attempts:
        return Status.FLAKY
    told = {case.attributes.get("status", "").lower(), case.attributes.get("result", "").lower()}
    if case.status is Status.PASSED and told & NOT_RUN:
        return Status.SKIPPED
    return case.status


def _first_line(text: str, *, but: str = "") -> str:
    """The first line with something in it; PHPUnit's first one names the test only."""
    rows = (row for row in text.splitlines() if row.strip())
    return next((row for row in rows if not but or not row.endswith(f"::{but}")), "")


def _message(attributes: Mapping[str, str]) -> str:
    """The first line of what the element says; Surefire and others name the exception apart."""
    lines = attributes.get("message", "").strip().splitlines()
    kind = attributes.get("type", "").removeprefix("pytest.")
    if kind == "xfail":
        return f"expected failure: {lines[0]}" if lines else "expected failure"
    return lines[0] if lines else ("" if kind == "skip" else kind)


def seconds(text: str) -> float:
    """Seconds; 0 for what is no duration.

    `1,234.5` is Surefire's English, `1.234,5` and `0,25` are written where the comma is the decimal sign; three
    decimals are what such writers give, so a lone comma is one. `250ms` and `1.5s` are read as well.
    """
    match = _DURATION.fullmatch(text.strip())
    if not match:
        return 0.0
    number = re.sub("['_ ]", "", match[1])
    if number.rfind(",") > number.rfind(".") and number.count(",") == 1:
        number = number.replace(".", "").replace(",", ".")
    try:
        value = float(number.replace(",", "")) * _UNITS.get(match[2] or "", 1.0)
    except ValueError:
        return 0.0
    return value if value < float("inf") else 0.0
