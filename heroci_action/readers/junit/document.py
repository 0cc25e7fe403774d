"""Follow the elements of a JUnit document as expat reports them."""

from __future__ import annotations

from xml.parsers import expat

from heroci_action.readers.base import BrokenReportError, Readings, Source
from heroci_action.readers.junit.captured_text import CapturedText
from heroci_action.readers.junit.cases import Case, Child
from heroci_action.readers.junit.collector import Collector
from heroci_action.readers.junit.outcomes import (
    DESCRIPTIONS,
    OUTCOMES,
    OUTPUTS,
    Row,
    may_be_test,
    status_of,
)
from heroci_action.readers.junit.plain_cases import PlainCases
from heroci_action.readers.junit.suites import Suite
from heroci_action.readers.xml import Parse, local
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Status

SUITES = frozenset({"testsuites", "testsuite"})
MAX_NESTING = 1_000  # suites, or cases in each other

# Maven Failsafe's summary, which is in the directory of its reports.
_NO_RESULTS = "failsafe-summary"


class NoResultsError(Exception):
    """The document is a summary without results."""


class Document:
    """A document while it is read.

    Unless `parse_all`, most cases of a large one are not parsed at all; see `PlainCases`. Of the others, cases
    with attributes only wait in `_rows`. An open case is `_plain` until it has an
    element other than output, then `_case`. `_outer` are the cases around it within its suite, `_around` those around
    each suite.
    """

    def __init__(
        self, parser: expat.XMLParserType, source: Source, tree: PathResolver, *, parse_all: bool
    ) -> None:
        self._parser = parser
        self._parse_all = parse_all
        self._tests = Collector(source, tree)
        self._text = CapturedText(parser)
        self._suites: list[Suite] = []
        self._rows: list[Row] = []
        self._plain: Row | None = None
        self._outputs: list[str] = []
        self._case: Case | None = None
        self._outer: list[Case] = []
        self._around: list[list[Case]] = []
        self._in_cdata = False
        parser.StartElementHandler = self._start_root
        parser.StartCdataSectionHandler = self._start_cdata
        parser.EndCdataSectionHandler = self._end_cdata

    def feed(self, piece: bytes, parse: Parse) -> None:
        """Parse a piece of the document, or only what is between its plain cases."""
        cases = None if self._parse_all else PlainCases.find(piece)
        if cases:
            self._feed_between(cases, parse)
        else:
            parse(piece)
        self._add_rows()
        self._text.trim()

    def _feed_between(self, cases: PlainCases, parse: Parse) -> None:
        for gap, rows in cases.groups():
            is_complete = parse(gap)
            if not rows:
                continue
            if not is_complete or not self._expects_case():
                # It only looks like a case.
                parse(cases.rest(rows.start))
                return
            self._add_rows()
            self._tests.add_plain(cases.attributes(rows), self._suites[-1])

    def _expects_case(self) -> bool:
        inside = self._plain is not None or self._case or self._outer or self._in_cdata
        return bool(self._suites) and not inside

    def _start_cdata(self) -> None:
        self._in_cdata = True

    def _end_cdata(self) -> None:
        self._in_cdata = False

    def _start_root(self, name: str, attributes: dict[str, str]) -> None:
        if local(name) == _NO_RESULTS:
            raise NoResultsError
        if local(name) not in SUITES:
            raise BrokenReportError(f"its root is <{local(name)}>")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._start(name, attributes)

    # These two are called for every element, so they handle the most frequent ones themselves.

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "testcase" and self._plain is None and self._case is None:
            self._plain = attributes
        elif self._plain is not None and name in OUTPUTS:
            self._text.start()
        else:
            self._start_other(local(name), attributes)

    def _end(self, name: str) -> None:
        plain = self._plain
        if plain is None:
            self._end_other(local(name))
        elif name == "testcase" or local(name) == "testcase":
            self._plain = None
            if self._outputs:
                self._add_case(Case(plain, self._suites[-1], outputs=self._outputs))
                self._outputs = []
            else:
                self._rows.append(plain)
            if self._outer:
                self._case = self._outer.pop()
        else:
            self._outputs.append(self._text.take())

    # All other elements

    def _start_other(self, name: str, attributes: Row) -> None:
        if name in SUITES:
            self._start_suite(attributes)
        elif name == "testcase":
            self._suspend_case()
            self._plain = attributes
        elif case := self._open_case():
            self._start_child(case, Child(name, attributes))
        elif name in OUTCOMES:
            # It is not in a case: the suite failed outside of its tests.
            title = next((suite.name for suite in reversed(self._suites) if suite.name), name)
            self._case = Case({"name": title}, self._suites[-1], of_suite=True)
            self._start_child(self._case, Child(name, attributes))
        elif name in OUTPUTS:
            self._text.start()
        elif name == "property":
            self._suites[-1].read_property(attributes.get("name", ""), attributes.get("value", ""))
        elif may_be_test(name, attributes):
            self._tests.meet_unknown(name)

    def _start_suite(self, attributes: Row) -> None:
        self._add_rows()
        self._suspend_case()
        suite = Suite.read(attributes, self._suites[-1] if self._suites else None)
        self._tests.start_suite(suite)
        self._suites.append(suite)
        self._around.append(self._outer)
        self._outer = []
        self._check_nesting()

    def _end_suite(self) -> None:
        self._add_rows()
        suite = self._suites.pop()
        self._tests.end_suite(suite, self._suites[-1] if self._suites else None)
        self._outer = self._around.pop()
        if self._outer:
            self._case = self._outer.pop()

    def _open_case(self) -> Case | None:
        """Return the open case, and expect elements in it from now on."""
        if self._plain is not None:
            self._case = Case(self._plain, self._suites[-1], outputs=self._outputs)
            self._plain, self._outputs = None, []
        return self._case

    def _suspend_case(self) -> None:
        """Put the open case aside until the case or suite in it has ended."""
        case = self._open_case()
        if case:
            if case.current:
                case.current.text += self._text.take()
            self._outer.append(case)
            self._case = None
            self._check_nesting()

    def _check_nesting(self) -> None:
        if len(self._suites) + len(self._outer) > MAX_NESTING:
            raise BrokenReportError(f"its elements are nested more than {MAX_NESTING:,} deep")

    def _start_child(self, case: Case, child: Child) -> None:
        case.depth += 1
        if child.name == "property":
            case.properties[child.attributes.get("name", "")] = child.attributes.get("value", "")
        if case.depth == 1 and child.name not in DESCRIPTIONS:
            if child.name not in OUTPUTS:
                case.current = child
                case.children.append(child)
            self._text.start()
        elif case.current and (child.name in OUTPUTS or child.message):
            case.current.text += self._text.take() + child.message
            self._text.start()
        elif not case.current and OUTCOMES.get(child.name, Status.PASSED).is_failure:
            # A step in a description failed.
            case.current = child
            case.children.append(child)
            self._text.start()

    def _end_other(self, name: str) -> None:
        case = self._case
        if case and case.depth:
            case.depth -= 1
            self._end_child(case, name)
        elif case and name == "testcase":
            self._case = self._outer.pop() if self._outer else None
            self._add_case(case)
        elif name in SUITES:
            self._end_suite()
        elif name in OUTPUTS:
            self._suites[-1].outputs.append(self._text.take())

    def _end_child(self, case: Case, name: str) -> None:
        if case.depth == 0:
            text = self._text.take()
            if case.current:
                case.current.text += text
                case.current = None
            elif name in OUTPUTS:
                case.outputs.append(text)
            if case.of_suite:
                self._case = None
                self._add_case(case)
        elif case.current and name in OUTPUTS:
            case.current.output += self._text.take()
            self._text.start()

    def _add_case(self, case: Case) -> None:
        if not case.children and status_of(case.attributes) is Status.PASSED:
            self._rows.append(case.attributes)
            return
        self._add_rows()
        case.suite.cases += not case.of_suite
        self._tests.add(case)

    def _add_rows(self) -> None:
        if self._rows:
            self._tests.add_rows(self._rows, self._suites[-1])
            self._rows = []

    def readings(self, *, complete: bool) -> Readings:
        """Return the tests so far; each is complete, even in half a file."""
        del complete
        self._add_rows()
        return self._tests.readings()
