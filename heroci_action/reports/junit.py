"""`junit.xml`: everything that ran as one JUnit document; `tests.xml`: the tests alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any
from xml.etree import ElementTree as ET

import junit_xml

from heroci_action.analysis.unexplained import is_explained, is_explained_by_step
from heroci_action.reports.packed_cases import packed_cases
from heroci_action.results.records import (
    Attempt,
    Diagnostic,
    PassedTests,
    Result,
    StageResult,
    Status,
    StepResult,
    TestCase,
)
from heroci_action.text import count, legal_xml, one_line

Suite = tuple[Any, PassedTests | None]
"""A suite of the library, and the packed tests that it also contains."""
Suites = Callable[[Result], Iterator[Suite]]


def render(result: Result) -> bytes:
    """Return the document as UTF-8, with the elements and attributes of the common (Jenkins) schema.

    A stage is a suite with one case for each step without tests, so that every JUnit viewer shows what failed; a step
    with tests or findings is a separate suite. Findings are one case per file, because file names are stable between
    runs and lines are not; a tool without findings is one case that passed.
    """
    return b"".join(pieces(result))


def pieces(result: Result) -> Iterator[bytes]:
    """Yield the document of `render` in pieces, to save memory."""
    return _document(result, _suites)


def test_pieces(result: Result) -> Iterator[bytes] | None:
    """Return a document of the tests alone, in pieces, so that other tools count as HeroCI does; None without tests."""
    steps = (step for stage in result.stages for step in stage.steps)
    return _document(result, _test_suites) if any(step.has_tests for step in steps) else None


def is_tests_only(result: Result) -> bool:
    """Return whether the document of the tests alone is the same as the one of everything that ran."""
    return all(
        not any(True for _ in _stage_cases(stage))
        and all(
            step.has_tests and not any(True for _ in _other_cases(stage, step))
            for step in stage.steps
        )
        for stage in result.stages
    )


def _document(result: Result, suites: Suites) -> Iterator[bytes]:
    root = ET.Element("testsuites", name=legal_xml(result.project))
    root.attrib |= {key: str(value) for key, value in _totals(suites(result)).items()}
    root.set("time", f"{result.duration:.6f}")
    start, end = _text(root, declared=True)
    yield start
    for suite, packed in suites(result):
        # Elements are much larger than their text, so only one suite is in memory at a time.
        element = suite.build_xml_doc()
        _set_times(element, packed)
        first, last = _text(element)
        yield first
        yield from packed_cases(packed, suite.name.replace("/", ".", 1)) if packed else ()
        yield last
    yield end + b"\n"


def _totals(suites: Iterator[Suite]) -> Mapping[str, int]:
    """Return the totals, which precede the suites; the suites are built again to write them."""
    totals: Counter[str] = Counter(tests=0, failures=0, errors=0, skipped=0)
    for suite, packed in suites:
        totals["tests"] += len(suite.test_cases) + (packed.count if packed else 0)
        for case in suite.test_cases:
            totals["failures"] += bool(case.is_failure())
            totals["errors"] += bool(case.is_error())
            totals["skipped"] += bool(case.is_skipped())
    return totals


def _text(element: ET.Element, *, declared: bool = False) -> tuple[bytes, bytes]:
    """Return the text of an element without its end tag, and the end tag."""
    written: bytes = ET.tostring(
        element, encoding="utf-8", xml_declaration=declared, short_empty_elements=False
    )
    end = written.rindex(b"</")
    return written[:end], written[end:]


def _set_times(suite: ET.Element, packed: PassedTests | None) -> None:
    """Write all times as decimals: the library omits zeros, and writes 1e-05."""
    for element in suite.iter("testcase"):
        element.set("time", element.get("time", "0.000000"))
    also = packed or PassedTests()
    suite.set("tests", str(int(suite.get("tests", 0)) + also.count))
    suite.set("time", f"{float(suite.get('time', 0)) + also.duration:.6f}")


def _suites(result: Result) -> Iterator[Suite]:
    """Yield the suites, each with the packed tests that it also contains."""
    for stage in result.stages:
        cases = list(_stage_cases(stage))
        if cases:
            yield _suite(stage.name, cases), None
        for step in stage.steps:
            if step.has_tests or step.diagnostics:
                suite = _suite(_joined(stage, "/", step), _step_cases(stage, step), step)
                yield suite, step.passed


def _test_suites(result: Result) -> Iterator[Suite]:
    for stage in result.stages:
        for step in stage.steps:
            if step.has_tests:
                cases = (_test_case(test, _joined(stage, ".", step)) for test in step.tests)
                yield _suite(_joined(stage, "/", step), cases, step), step.passed


def _suite(name: str, cases: Iterable[Any], step: StepResult | None = None) -> Any:
    facts = step.facts if step else {}
    properties = {legal_xml(key): legal_xml(value) for key, value in facts.items()}
    return junit_xml.TestSuite(legal_xml(name), list(cases), properties=properties)


def _joined(stage: StageResult, separator: str, step: StepResult) -> str:
    """Return both names; cleaned before, because an escape sequence can take the separator and what follows it."""
    return f"{legal_xml(stage.name)}{separator}{legal_xml(step.name)}"


def _stage_cases(stage: StageResult) -> Iterator[Any]:
    """Yield the steps without tests and findings, and the stage itself if no step explains its status."""
    for step in stage.steps:
        if not step.has_tests and not step.diagnostics:
            yield _step_case(stage, step)
    if stage.status is not Status.PASSED and not is_explained_by_step(stage):
        case = _case(stage.name, stage.name, stage.duration)
        yield _ended(case, stage.status, _reason(stage), stage.remedy or "")


def _step_case(stage: StageResult, step: StepResult) -> Any:
    case = _case(step.name, stage.name, step.duration)
    return _ended(case, step.status, _reason(step), step.output)


def _step_cases(stage: StageResult, step: StepResult) -> Iterator[Any]:
    for test in step.tests:
        yield _test_case(test, _joined(stage, ".", step))
    yield from _other_cases(stage, step)


def _other_cases(stage: StageResult, step: StepResult) -> Iterator[Any]:
    """Yield the findings of a step with tests or findings, and the step itself if nothing else explains its status."""
    if step.status is Status.PASSED:
        if step.diagnostics:
            case = _step_case(stage, step)
            case.stdout = legal_xml(_listing(step.diagnostics))
            yield case
        return
    yield from _findings(stage, step)
    if not is_explained(step):
        yield _step_case(stage, step)


def _test_case(test: TestCase, step: str) -> Any:
    """Return a test; the schema requires a class, which is the name of the step if a test has none."""
    classname = test.classname or step
    case = _case(test.name, classname, test.duration, file=test.file, line=test.line)
    case.stdout = legal_xml("\n".join(filter(None, (test.output, *map(_attempt, test.attempts)))))
    return _ended(case, test.status, test.message, test.details)


def _attempt(attempt: Attempt) -> str:
    """Return an earlier run as text, because the common schema has no element for it."""
    return (
        f"An earlier attempt {attempt.status.value}: {attempt.message}\n{attempt.details}".rstrip()
    )


def _findings(stage: StageResult, step: StepResult) -> Iterator[Any]:
    def file_of(diagnostic: Diagnostic) -> str:
        return diagnostic.file or ""

    for file, group in groupby(sorted(step.diagnostics, key=file_of), key=file_of):
        found = tuple(group)
        name, classname = file or step.name, _joined(stage, ".", step)
        case = _case(name, classname, 0.0, file=file or None, line=found[0].line)
        message = _finding(found[0])
        if len(found) > 1:
            message += f" (and {count(len(found) - 1, 'more finding')})"
        yield _ended(case, step.status, message, _listing(found))


def _listing(diagnostics: Iterable[Diagnostic]) -> str:
    return "\n".join(map(_finding, diagnostics))


def _finding(diagnostic: Diagnostic) -> str:
    numbers = (diagnostic.line, diagnostic.column)
    place = ":".join([diagnostic.file or "", *(str(number) for number in numbers if number)])
    rule = f"{diagnostic.rule} " if diagnostic.rule else ""
    return f"{place}: {rule}{diagnostic.message}" if place else f"{rule}{diagnostic.message}"


def _case(
    name: str, classname: str, duration: float, *, file: str | None = None, line: int | None = None
) -> Any:
    return junit_xml.TestCase(
        legal_xml(name),
        classname=legal_xml(classname),
        elapsed_sec=duration,
        file=legal_xml(file) if file else None,
        line=line,
    )


def _ended(case: Any, status: Status, message: str, text: str) -> Any:
    """Add the outcome to the case; without a message, the library would write a pass."""
    whole = legal_xml(message)
    message = one_line(whole, 1_000) or status.value
    text = legal_xml(text)
    if whole.strip() != message and whole.strip() not in text:
        text = f"{whole}\n\n{text}".rstrip()
    match status:
        case Status.PASSED | Status.FLAKY:
            pass
        case Status.FAILED:
            case.add_failure_info(message=message, output=text)
        case Status.ERRORED:
            case.add_error_info(message=message, output=text)
        case Status.CANCELLED:
            case.add_error_info(message=message, output=text, error_type="cancelled")
        case Status.SKIPPED:
            case.add_skipped_info(message=message)
    return case


def _reason(ended: StageResult | StepResult) -> str:
    remedy = f"; {ended.remedy}" if ended.remedy else ""
    return f"{ended.reason or ended.status.value}{remedy}"
