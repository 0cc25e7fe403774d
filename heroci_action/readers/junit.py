"""Reads JUnit XML: pytest's two families, unittest-xml-reporting, Surefire, Gradle, jest, nextest and their kin."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from xml.parsers import expat

from heroci_action.plan.report_kinds import JUNIT
from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.format import Category, Format, xml_root
from heroci_action.readers.reruns import rerun_by_pytest, retried
from heroci_action.readers.strip_passed_output import quiet
from heroci_action.readers.tracebacks import Place, broken_at, by_classname
from heroci_action.readers.xml import listen, local
from heroci_action.repository.paths import PathResolver
from heroci_action.results.packed import Columns, Packer, key, repeated, to_micros, unpack, without
from heroci_action.results.records import Attempt, PassedTests, Status, TestCase
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

KNOWN_TIMES = 10_000  # different durations that are remembered

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
    of_suite: bool = False  # it stands for its suite
    status: Status = Status.PASSED
    message: str = ""
    kind: str = ""
    details: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    bad: int = 0
    attempts: list[Attempt] = field(default_factory=list)


class _Micros(dict[str, int]):
    """Durations as they are written, in microseconds; most of them come again and again."""

    def __missing__(self, text: str) -> int:
        if len(self) > KNOWN_TIMES:
            self.clear()
        micros = self[text] = to_micros(seconds(text))
        return micros


class _Document:
    """Collects the cases of one document.

    Most cases of a large one have nothing to tell: their attributes wait in `plain`, then in `rows`, and are packed
    many at a time. Any other is made a `case` as soon as an element says something about it.
    """

    def __init__(
        self, parser: expat.XMLParserType, source: Source, tree: PathResolver, *, deaf: bool
    ) -> None:
        self.parser = parser
        self.source = source
        self.tree = tree
        self.tests: list[TestCase] = []
        self.places: list[int] = []  # of the tests among all of the document
        self.packer = Packer()
        self.rows: list[dict[str, str]] = []
        # Of classes in this suite, by the two attributes that say it.
        self.indices: dict[tuple[str | None, str | None], int] = {}
        self.micros = _Micros()
        self.by_pytest = False  # its lines of definitions are counted from zero, as nobody else's
        self.suites: list[str] = []
        self.plain: dict[str, str] | None = None
        self.case: _Case | None = None
        self.attempt = ""
        self.said: Mapping[str, str] = {}
        self.trace = ""
        self.pieces: list[str] = []
        self.printed: list[list[str]] = []  # by the plain case
        self.deaf = deaf
        self.unheard: dict[str, str] | None = None  # the last plain case that has printed something
        self.files: dict[tuple[str, str], str | None] = {}
        parser.StartElementHandler = self._root

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        if local(name) not in SUITES:
            raise BrokenReportError(f"its root is <{local(name)}>")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._start(name, attributes)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "testcase":
            self.plain = attributes
            if self.case:  # it stands inside of another, which says none of what it prints
                self._taken()
        elif self.plain is not None and name in OUTPUTS:
            if self.deaf:
                self.unheard = self.plain
            else:
                self._listen()
                self.printed.append(self.pieces)
        else:
            self._start_other(local(name), attributes)

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        if name in SUITES:
            self._start_suite(attributes)
        elif name == "testcase":
            self._start(name, attributes)
        elif name in OUTCOMES and not self.attempt:
            self._outcome(OUTCOMES[name], attributes)
        elif name in ATTEMPTS and self._told():
            self.attempt, self.said, self.trace = name, attributes, ""
            self._listen()
        elif name in OUTPUTS and self._told():
            if self.attempt:
                self.trace = self.trace or self._taken()
            else:
                self._listen()

    def _start_suite(self, attributes: Mapping[str, str]) -> None:
        self._pack()
        self.indices.clear()
        self.suites.append(attributes.get("name", ""))
        self.by_pytest = self.by_pytest or self.suites[-1] in _PYTEST

    def _told(self) -> _Case | None:
        """The case that is open, from now on one of those that have something to tell."""
        if self.plain is not None:
            if self.plain is self.unheard:
                raise _UnheardError
            self.case, self.plain = _Case(self.plain), None
            self.case.output = _texts(self.printed)
            self.printed = []
        return self.case

    def _listen(self) -> None:
        """What text comes is kept, in a list of its own."""
        self.pieces = []
        self.parser.CharacterDataHandler = self.pieces.append

    def _outcome(self, status: Status, attributes: Mapping[str, str]) -> None:
        """One that stands beside the cases is the suite's own: its set-up, or its process, came to a bad end."""
        if self._told() is None:
            self.case = _Case({"name": self._suite() or status.value}, of_suite=True)
        case = self.case
        assert case  # noqa: S101  for mypy
        case.bad += status in (Status.FAILED, Status.ERRORED)
        if _RANK[status] > _RANK[case.status]:
            case.status, case.message = status, _message(attributes)
            case.kind = attributes.get("type", "")
        self._listen()

    def _suite(self) -> str:
        return next((name for name in reversed(self.suites) if name), "")

    def _taken(self) -> str:
        """What was listened to."""
        self.parser.CharacterDataHandler = None
        text = "".join(self.pieces)
        self.pieces = []
        return text

    def _end(self, name: str) -> None:
        plain = self.plain
        if plain is None:
            self._end_other(local(name))
        elif name == "testcase":
            self.plain = None
            self.rows.append(plain)
            if self.printed:
                self._end_printed()
        elif name in OUTPUTS:
            if not self.deaf:
                self.parser.CharacterDataHandler = None
                self.pieces = []  # they are among the printed
        elif local(name) in SUITES:
            self._end_suite()
        elif ":" in name:
            self._end(local(name))

    def _end_printed(self) -> None:
        """A test that passed has ended, and it has printed something."""
        output = _texts(self.printed) if self.source.outputs else []
        self.printed = []
        if output:
            case = _Case(self.rows.pop(), output=output)
            self._pack()
            self._keep(self._test(case))

    def _end_other(self, name: str) -> None:
        if name in SUITES:
            self._end_suite()
        elif self.case is None:
            return
        elif name == "testcase":
            self._finish(self.case)
        elif self.attempt:
            self._end_in_attempt(self.case, name)
        elif name in OUTCOMES:
            text = self._taken()
            self.case.details += [text] if text.strip() else []
            if self.case.of_suite:
                self._finish(self.case)
        elif name in OUTPUTS:
            text = self._taken()
            self.case.output += [text] if text.strip() else []

    def _end_suite(self) -> None:
        self._pack()
        self.indices.clear()
        self.suites.pop()

    def _end_in_attempt(self, case: _Case, name: str) -> None:
        if name != self.attempt:
            return
        details = (self.trace or self._taken()).strip("\n")
        message = _message(self.said) or _first_line(details)
        status = ATTEMPTS[name]
        case.attempts.append(Attempt(status=status, message=message, details=details))
        self.attempt = ""
        self._taken()

    def _finish(self, case: _Case) -> None:
        self._pack()
        self._keep(self._test(case))
        self.case = None
        self._taken()

    def _keep(self, test: TestCase) -> None:
        self.places.append(self.packer.count + len(self.tests))
        self.tests.append(test)

    def rest(self) -> None:
        """Pack the cases that are waiting."""
        self._pack()

    def _pack(self) -> None:
        """The waiting cases in columns; that one was not run may be said by an attribute only, which is seen here."""
        rows, self.rows = self.rows, []
        plain: list[dict[str, str]] = []
        for row in rows:
            if ("status" in row or "result" in row) and _status(_Case(row)) is not Status.PASSED:
                self._add(plain)
                plain = []
                self._keep(self._test(_Case(row)))
            else:
                plain.append(row)
        self._add(plain)

    def _add(self, rows: Sequence[dict[str, str]]) -> None:
        if not rows:
            return
        indices, times = self.indices, self.micros
        known = [indices.get((row.get("classname"), row.get("file"))) for row in rows]
        pairs = zip(known, rows, strict=True)
        classes = [self._index(row) if index is None else index for index, row in pairs]
        lines = any("line" in row or "lineno" in row for row in rows)
        self.packer.add(
            Columns(
                classes,
                [times[row.get("time") or row.get("duration") or ""] for row in rows],
                [self._defined(row)[1] for row in rows] if lines else None,
                [row.get("name", "") for row in rows],
            )
        )

    def _index(self, row: dict[str, str]) -> int:
        """The number of the class of a plain case; looked up once for a suite where it is named as most do."""
        index = self.packer.index(self._classname(row), self._defined(row)[0])
        if row.get("classname"):
            self.indices[row.get("classname"), row.get("file")] = index
        return index

    def readings(self, *, complete: bool) -> Readings:
        """The cases so far: each is whole, also in half a file."""
        del complete
        self._pack()
        if not self.source.packed:
            return Readings(tests=self._again(self._whole()))
        tests, packed = self._apart()
        return Readings(tests=tests, passed=packed)

    def _again(self, tests: Sequence[TestCase]) -> tuple[TestCase, ...]:
        """What this writer's tests of one name in one file are."""
        return rerun_by_pytest(tests) if self.by_pytest else retried(tests)

    def _whole(self) -> list[TestCase]:
        """All tests in the order of the document."""
        tests: list[TestCase] = []
        told = iter(zip(self.places, self.tests, strict=True))
        place, test = next(told, (-1, None))
        for plain in chain(unpack(self.packer.packed() or PassedTests()), (None,)):
            while test and place == len(tests):
                tests.append(test)
                place, test = next(told, (-1, None))
            if plain:
                tests.append(plain)
        return tests

    def _apart(self) -> tuple[tuple[TestCase, ...], PassedTests | None]:
        """The packed tests without those that are runs of a test that is not packed, which are with the others."""
        packed, keys = self.packer.packed(), self.packer.keys
        names = {key(test) for test in self.tests}
        if self.by_pytest:
            names |= repeated(keys)
        again = names.intersection(keys)
        rows = {row for row, found in enumerate(keys) if found in again} if again else set()
        if not packed or not rows:
            return self._again(self.tests), packed
        places = _others(self.places, packed.count)
        told = list(zip(self.places, self.tests, strict=True))
        told += [
            (place, test)
            for place, test in zip(
                (places[row] for row in sorted(rows)), unpack(packed, rows), strict=True
            )
        ]
        tests = self._again([test for _, test in sorted(told, key=itemgetter(0))])
        return tests, without(packed, rows)

    def _test(self, case: _Case) -> TestCase:
        status, attempts = _status(case), tuple(case.attempts)
        details, message = "\n".join(case.details), case.message
        if status is Status.FLAKY:
            details, message = details or attempts[0].details, attempts[0].message
        defined = self._defined(case.attributes, of_suite=case.of_suite)
        told = status in (Status.FAILED, Status.ERRORED, Status.FLAKY)
        classname = self._classname(case.attributes, of_suite=case.of_suite)
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
            output=(
                "\n".join(case.output) if self.source.outputs or status is not Status.PASSED else ""
            ),
            attempts=attempts,
        )

    def _classname(self, attributes: Mapping[str, str], *, of_suite: bool = False) -> str:
        """A test without a class is known by its suite, unless every suite of its writer is called the same."""
        given = attributes.get("classname") or attributes.get("class")
        suite = self._suite()
        return given or ("" if suite in _NAMELESS or of_suite else suite)

    def _defined(self, attributes: Mapping[str, str], *, of_suite: bool = False) -> Place:
        """Where the report says that the test is defined, else the file that its class name points to."""
        named = self._suite() if of_suite else self._classname(attributes)
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


def read_junit(source: Source, tree: PathResolver) -> Readings:
    """The tests of one file. Raises BrokenReportError with those that were read before it broke.

    Where what passed tests printed is not wanted, most of it is taken out before the document is parsed, and nobody
    listens to the rest. A writer that has a failed test's output before its failure is heard the second time.
    """

    def heard(through: Filter = iter, *, deaf: bool = False) -> Readings:
        return listen(source, lambda parser: _Document(parser, source, tree, deaf=deaf), through)

    if source.outputs:
        return heard()
    try:
        return heard(quiet, deaf=True)
    except (_UnheardError, BrokenReportError):
        return heard()


Filter = Callable[[Iterable[bytes]], Iterable[bytes]]


class _UnheardError(Exception):
    """A test has failed after it printed something."""


def _texts(pieces: Iterable[list[str]]) -> list[str]:
    """The texts with something in them."""
    texts = ("".join(one) for one in pieces)
    return [text for text in texts if text.strip()]


def _others(places: Sequence[int], count: int) -> list[int]:
    """The numbers from zero that are not in `places`, `count` of them."""
    taken = set(places)
    numbers = (number for number in range(count + len(taken)) if number not in taken)
    return list(numbers)


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


FORMAT = Format(
    kind=JUNIT,
    title="JUnit XML",
    category=Category.TESTS,
    recognize=xml_root("testsuites", "testsuite"),
    read=each(read_junit),
)
