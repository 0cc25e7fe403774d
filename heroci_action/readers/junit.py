"""Reads JUnit XML: pytest's two families, unittest-xml-reporting, Surefire and their kin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from heroci_action.readers.base import BrokenReportError, Readings, Source, Tree
from heroci_action.readers.xml import parse
from heroci_action.results import Status, TestCase

# The elements that say how a test ended, and what they say; the worst one counts.
OUTCOMES: Mapping[str, Status] = {
    "failure": Status.FAILED,
    "error": Status.ERRORED,
    "skipped": Status.SKIPPED,
}
OUTPUTS = frozenset({"system-out", "system-err"})
KNOWN_ROOTS = frozenset({"testsuites", "testsuite"})
_RANK = {Status.PASSED: 0, Status.SKIPPED: 1, Status.FAILED: 2, Status.ERRORED: 2}

_NUMBER = re.compile(r"[0-9]{1,9}")
# Python's own tracebacks, and the last line of each entry of pytest's.
_FRAME = re.compile(
    r'^ *File "(?P<python>[^"\n]+)", line (?P<python_line>\d+)'
    r"|^(?P<pytest>[^\s:][^:\n]*\.py):(?P<pytest_line>\d+):(?: |$)",
    re.MULTILINE,
)


@dataclass(slots=True)
class _Case:
    """A test case while it is being read."""

    attributes: Mapping[str, str]
    status: Status = Status.PASSED
    message: str = ""
    details: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Handler:
    """Collects the cases of one document."""

    tree: Tree
    tests: list[TestCase] = field(default_factory=list)
    root: str | None = None
    suites: list[str] = field(default_factory=list)
    case: _Case | None = None
    pieces: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name not in KNOWN_ROOTS:
                raise BrokenReportError(f"its root is <{name}>")
        if name in KNOWN_ROOTS:
            self.suites.append(attributes.get("name", ""))
        elif name == "testcase":
            self.case = _Case(attributes)
        elif self.case and name in OUTCOMES:
            self._outcome(self.case, OUTCOMES[name], attributes)
            self.pieces = []
        elif self.case and name in OUTPUTS:
            self.pieces = []

    def _outcome(self, case: _Case, status: Status, attributes: Mapping[str, str]) -> None:
        if _RANK[status] > _RANK[case.status]:
            case.status = status
            case.message = _message(attributes)

    def text(self, text: str) -> None:
        if self.pieces is not None:
            self.pieces.append(text)

    def end(self, name: str) -> None:
        case, text = self.case, "".join(self.pieces or ())
        if name in KNOWN_ROOTS:
            self.suites.pop()
        elif name == "testcase" and case:
            self.tests.append(_test(case, self.tree, from_zero=self._is_pytest()))
            self.case = None
        elif case and name in OUTCOMES:
            case.details += [text] if text.strip() else []
            self.pieces = None
        elif case and name in OUTPUTS:
            case.output += [text] if text.strip() else []
            self.pieces = None

    def _is_pytest(self) -> bool:
        """Only pytest counts the lines of definitions from zero (_pytest/junitxml.py takes `location` as it is)."""
        return any(name in ("pytest", "pytest tests") for name in self.suites)


def read_junit(source: Source, tree: Tree) -> Readings:
    """The tests of one file. Raises BrokenReportError with those that were read before it broke."""
    handler = _Handler(tree)
    try:
        parse(source, handler)
    except BrokenReportError as broken:
        raise BrokenReportError(str(broken), Readings(tests=tuple(handler.tests))) from broken
    return Readings(tests=tuple(handler.tests))


def _test(case: _Case, tree: Tree, *, from_zero: bool) -> TestCase:
    attributes = case.attributes
    details = "\n".join(case.details)
    defined = _defined(attributes, tree, from_zero=from_zero)
    failed = case.status in (Status.FAILED, Status.ERRORED)
    file, line = _broken_at(details, defined, tree) if failed else defined
    message = case.message or next((row for row in details.splitlines() if row.strip()), "")
    return TestCase(
        name=attributes.get("name", ""),
        classname=attributes.get("classname") or attributes.get("class") or "",
        status=case.status,
        duration=_seconds(attributes.get("time", "")),
        file=file,
        line=line,
        message=message,
        details=details,
        output="\n".join(case.output),
    )


def _message(attributes: Mapping[str, str]) -> str:
    """The first line of what the element says; Surefire and others name the exception apart."""
    lines = attributes.get("message", "").strip().splitlines()
    kind = attributes.get("type", "").removeprefix("pytest.")
    if kind == "xfail":
        return f"expected failure: {lines[0]}" if lines else "expected failure"
    return lines[0] if lines else ("" if kind == "skip" else kind)


def _seconds(text: str) -> float:
    """Seconds with a dot, or with commas between the thousands (Surefire); 0 for what is no duration."""
    try:
        seconds = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < float("inf") else 0.0


Place = tuple[str | None, int | None]


def _defined(attributes: Mapping[str, str], tree: Tree, *, from_zero: bool) -> Place:
    """Where the report says that the test is defined, else the file that its class name points to."""
    file = tree.locate(attributes.get("file", ""))
    if file is None:
        return _by_classname(attributes.get("classname", ""), tree), None
    line = attributes.get("line") or attributes.get("lineno") or ""
    return file, int(line) + from_zero if _NUMBER.fullmatch(line) else None


def _by_classname(classname: str, tree: Tree) -> str | None:
    """`shop.tests.test_cart.TestCart` lies in the longest of shop/tests/test_cart/TestCart.py, … that git knows."""
    parts = classname.split(".")
    ends = ("/".join(parts[:length]) + ".py" for length in range(len(parts), 0, -1))
    found = (tree.locate(end) for end in ends)
    return next((file for file in found if file in tree.tracked), None)


def _broken_at(details: str, defined: Place, tree: Tree) -> Place:
    """The last frame in the test's own file, else the last one in the repository, else the definition."""
    frames = [frame for frame in _frames(details, tree) if frame[0]]
    own = [frame for frame in frames if frame[0] == defined[0]]
    known = [frame for frame in frames if frame[0] in tree.tracked or not tree.tracked]
    return (own or known or [defined])[-1]


def _frames(details: str, tree: Tree) -> Iterator[Place]:
    for match in _FRAME.finditer(details):
        file = match["python"] or match["pytest"]
        line = match["python_line"] or match["pytest_line"]
        yield tree.locate(file), int(line[:9])
