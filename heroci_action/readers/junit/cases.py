"""A test case of a JUnit document: its elements while it is read, and the test that they make."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from heroci_action.readers.junit.durations import seconds
from heroci_action.readers.junit.headline import headline, is_informative
from heroci_action.readers.junit.outcomes import (
    ATTEMPTS,
    OUTCOMES,
    Row,
    describe_status,
    status_of,
    worst,
)
from heroci_action.readers.junit.places import (
    Definition,
    Origin,
    find_own_line,
    line_number,
)
from heroci_action.readers.junit.suites import ClassKey, Suite
from heroci_action.readers.tracebacks import Frame, find_frames
from heroci_action.repository.paths import PathResolver
from heroci_action.results.bounds import bounded
from heroci_action.results.records import Attempt, Status, TestCase
from heroci_action.text import count

_NAMELESS = frozenset({"", "pytest", "pytest tests"})


@dataclass(slots=True)
class Child:
    """An element with the outcome of a test case or of an attempt; `output` is the text of output elements in it."""

    name: str
    attributes: Mapping[str, str]
    text: str = ""
    output: str = ""

    @property
    def message(self) -> str:
        """Return the whole message."""
        return self.attributes.get("message", "").strip()

    @property
    def kind(self) -> str:
        """Return the name of the exception, or whatever the writer gives as the type."""
        return self.attributes.get("type", "").removeprefix("pytest.")

    def full_text(self, shown: str = "") -> str:
        """Return the text, preceded by the message if that has lines which neither the text nor `shown` has."""
        text = self.text.strip("\n")
        known = f"{text}\n{shown}"
        if all(line.strip() in known for line in self.message.splitlines()):
            return text
        return f"{self.message}\n\n{text}" if text else self.message


@dataclass(slots=True)
class Case:
    """A test case while it is read; `of_suite` if it represents a suite that failed outside of its tests."""

    attributes: Row
    suite: Suite
    of_suite: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    depth: int = 0
    current: Child | None = None

    @property
    def failures(self) -> int:
        """Return how many failed runs and failures it shows."""
        return sum(OUTCOMES.get(child.name, Status.ERRORED).is_failure for child in self.children)

    @property
    def key(self) -> tuple[str | None, str | None]:
        """Return the name of the test in its suite."""
        return self.attributes.get("classname"), self.attributes.get("name")


class Draft(NamedTuple):
    """A test whose place is only known once the whole report has been read; `first` is the origin of its first run."""

    test: TestCase
    origin: Origin
    first: Origin | None = None


def class_of(classname: str, suite: Suite) -> str:
    """Return the class of a test; its suite if it has none, unless all suites of its writer have the same name."""
    return classname or ("" if suite.name in _NAMELESS else suite.name)


def class_key(row: Row) -> ClassKey:
    """Return what the attributes state about the class of a test: its name and its file."""
    return _class_name(row), _class_file(row)


def _class_name(row: Row) -> str:
    return row.get("classname") or row.get("class") or ""


def _class_file(row: Row) -> str:
    # Pest's `tests/CartTest.php::it totals`.
    return (row.get("file") or row.get("filepath") or "").partition("::")[0]


def origin_of(row: Row, suite: Suite) -> Origin:
    """Return the place of a test according to its attributes; pytest counts lines from zero."""
    line = line_number(row.get("line") or row.get("lineno") or "")
    return Origin(
        definition=definition_of(class_key(row), suite),
        line=line + suite.by_pytest if line is not None and _class_file(row) else None,
    )


def definition_of(key: ClassKey, suite: Suite) -> Definition:
    """Return what may name the file of a class: its own attributes, then those of its suite."""
    classname, file = key
    return Definition(_known((file, suite.file)), _known((classname, suite.name)))


def _known(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))


def build(case: Case, tree: PathResolver) -> Draft:
    """Build the test of a case."""
    row = case.attributes
    attempts = [child for child in case.children if child.name in ATTEMPTS]
    status = _status(case, rerun=bool(attempts))
    description = _describe(case, status, attempts)
    origin = origin_of(row, case.suite)
    if status.is_failure or status is Status.FLAKY:
        texts = tuple(_texts(case, description))
        frames = find_frames(texts, tree)
        line = origin.line if frames or origin.line else find_own_line(texts)
        origin = origin._replace(frames=frames, stated=_stated(case), line=line)
    test = TestCase(
        name=row.get("name", ""),
        classname="" if case.of_suite else sys.intern(class_of(_class_name(row), case.suite)),
        status=status,
        duration=seconds(row.get("time") or row.get("duration") or ""),
        message=description.message,
        details=description.details,
        output=description.output,
        attempts=tuple(map(_attempt, attempts)),
    )
    return Draft(bounded(test), origin)


class _Description(NamedTuple):
    message: str = ""
    details: str = ""
    output: str = ""


def _status(case: Case, *, rerun: bool) -> Status:
    """Return the worst status of all elements and attributes; an unknown element is an error, never a pass."""
    elements = (
        OUTCOMES.get(child.name, Status.ERRORED)
        for child in case.children
        if child.name not in ATTEMPTS
    )
    status = worst((*elements, status_of(case.attributes)))
    return Status.FLAKY if rerun and status is Status.PASSED else status


def _describe(case: Case, status: Status, attempts: Sequence[Child]) -> _Description:
    match status:
        case Status.FAILED | Status.ERRORED:
            return _describe_failure(case)
        case Status.FLAKY:
            first = attempts[0]
            return _Description(_headline(first), first.full_text(), _output(case))
        case Status.SKIPPED if case.children:
            return _Description(_skip_reason(case.children[0]), case.children[0].text)
        case _:
            return _Description()


def _bad(case: Case) -> list[Child]:
    return [
        child
        for child in case.children
        if child.name not in ATTEMPTS and OUTCOMES.get(child.name, Status.ERRORED).is_failure
    ]


def _describe_failure(case: Case) -> _Description:
    """Collect the texts of all failures of the case; the message is the headline of the first.

    If they have no text, the output explains them.
    """
    bad = _bad(case)
    name = case.attributes.get("name", "")
    output = _output(case)
    if not bad:
        return _Description(describe_status(case.attributes), output=output)
    message = _headline(bad[0], name)
    details = "\n\n".join(filter(None, (child.full_text(message) for child in bad)))
    if output and not details and not is_informative(bad[0].message, name):
        message, details, output = headline(message, output, name=name), output, ""
    more = f" (and {count(len(bad) - 1, 'more failure')})" if len(bad) > 1 else ""
    return _Description(message + more, details, output)


def _headline(child: Child, name: str = "") -> str:
    found = headline(child.message, child.text, kind=child.kind, name=name)
    known = child.name in OUTCOMES or child.name in ATTEMPTS
    return found if known else f"unknown element <{child.name}>: {found}".rstrip(": ")


def _skip_reason(child: Child) -> str:
    lines = (child.message or child.text).strip().splitlines()
    reason = lines[0] if lines else ""
    if child.kind == "xfail":
        return f"expected failure: {reason}" if reason else "expected failure"
    return reason or ("" if child.kind == "skip" else child.kind)


def _output(case: Case) -> str:
    inner = (child.output for child in case.children if child.name not in ATTEMPTS)
    return "\n".join(text for text in (*case.outputs, *inner) if text.strip())


def _attempt(child: Child) -> Attempt:
    details = "\n\n".join(filter(None, (child.full_text(), child.output.strip("\n"))))
    return Attempt(
        status=ATTEMPTS[child.name],
        message=_headline(child),
        details=details,
    )


def _texts(case: Case, description: _Description) -> Iterator[str]:
    """Yield the texts in which a place may be, the most certain first."""
    for child in _bad(case) or case.children:
        yield child.text
        yield child.message
    # The output of a failure without a text is its details.
    yield description.output or description.details
    name = case.attributes.get("name", "")
    if not re.search(r"\s", name):
        # PHPStan names a finding after its place.
        yield name


def _stated(case: Case) -> Frame | None:
    """Return the place that a failure has as attributes, or the case as properties."""
    for attributes in (*(child.attributes for child in _bad(case)), case.properties):
        file, line = attributes.get("file"), line_number(attributes.get("line", ""))
        if file and line:
            return Frame(file, line)
    return None
