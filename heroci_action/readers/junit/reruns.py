"""Combine the runs of a test that a report states within one suite."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from heroci_action.readers.junit.cases import Case, Draft
from heroci_action.results import packed as packing
from heroci_action.results.packed import unpack, without
from heroci_action.results.records import PassedTests, Status, TestCase
from heroci_action.results.reruns import failed_again, flaky

UNKNOWN_CAUSE = "failed and ran again; the report does not state the reason"

# How Gradle names a method without parameters; other names may belong to several tests.
_METHOD = re.compile(r"[^\W\d][\w$]*\(\)")


class Span(NamedTuple):
    """The tests of a suite: rows of packed ones, and positions of the others."""

    rows: range
    tests: range


def may_run_again(case: Case) -> bool:
    """Return whether a second case of this name in its suite is a rerun, as Gradle's test-retry writes it.

    https://github.com/gradle/test-retry-gradle-plugin: both runs are in the suite of the class, in order.
    """
    row = case.attributes
    return row.get("classname") == case.suite.name and bool(_METHOD.fullmatch(row.get("name", "")))


def is_teardown(case: Case) -> bool:
    """Return whether a case is the second one of a test, which pytest adds if a failed test fails in its teardown."""
    return (
        case.suite.by_pytest
        and len(case.children) == 1
        and case.children[0].name == "error"
        and case.children[0].message.startswith("failed on teardown")
    )


def add_teardown(failed: Draft, teardown: Draft) -> Draft:
    """Return a failed test with the texts of its failed teardown as well."""
    first, second = failed.test, teardown.test
    details = "\n\n".join(filter(None, (first.details, second.message, second.details)))
    test = replace(
        first,
        message=f"{first.message} (and 1 more failure)",
        details=details,
        output="\n".join(filter(None, (first.output, second.output))),
        duration=first.duration + second.duration,
    )
    return failed._replace(test=test)


def run_again(failed: Draft, last: Draft) -> Draft:
    """Return a failed test that ran again: flaky if it passed, at the place of the first failure."""
    first = failed.first or failed.origin
    if last.test.status.is_failure:
        return Draft(failed_again(last.test, [failed.test]), last.origin, first)
    return Draft(flaky(last.test, [failed.test]), first)


def combine_runs(
    tests: Sequence[TestCase],
    places: Sequence[int],
    packed: PassedTests | None,
    spans: Sequence[Span],
) -> tuple[list[TestCase], PassedTests | None]:
    """Combine the cases of one name in suites of pytest in which tests ran again.

    `places` are the numbers of packed tests before each of the others.
    """
    if packed is None:
        return list(tests), None
    runs = _find_runs(tests, places, packing.keys(packed), spans)
    rows = {order.row for group in runs for order in group if order.is_packed}
    listed = {_Order(place, index): tests[index] for index, place in enumerate(places)}
    for row, test in zip(sorted(rows), unpack(packed, rows), strict=True):
        listed[_Order(row + 1)] = test
    for group in map(sorted, runs):
        listed[group[-1]] = _combine([listed.pop(order) for order in group])
    return [listed[order] for order in sorted(listed)], without(packed, rows)


class _Order(NamedTuple):
    """A position in the document: after so many packed tests, that of another test or of the last packed one."""

    place: int
    position: int = -1

    @property
    def is_packed(self) -> bool:
        return self.position < 0

    @property
    def row(self) -> int:
        return self.place - 1


def _find_runs(
    tests: Sequence[TestCase], places: Sequence[int], keys: array[int], spans: Sequence[Span]
) -> list[list[_Order]]:
    """Return the positions of the runs of each test that ran again."""
    found: list[list[_Order]] = []
    for span in spans:
        column = keys[span.rows.start : span.rows.stop]
        names = {index: packing.key(tests[index]) for index in span.tests}
        again = packing.repeated(column) | set(names.values()).intersection(column)
        groups: dict[int, list[_Order]] = {key: [] for key in again}
        for row, key in zip(span.rows, column, strict=True):
            if key in again:
                groups[key].append(_Order(row + 1))
        for index, key in names.items():
            if key in again:
                groups[key].append(_Order(places[index], index))
        found += groups.values()
    return found


def _combine(runs: Sequence[TestCase]) -> TestCase:
    """Return the runs as one test; a case without an outcome before the last one is a run that failed."""
    *earlier, last = runs
    if last.status is Status.SKIPPED and any(run.status.is_failure for run in earlier):
        # It did not pass, so it is not the run that counts.
        return _combine([last, *earlier])
    failures = [
        run if run.status.is_failure else replace(run, status=Status.FAILED, message=UNKNOWN_CAUSE)
        for run in earlier
    ]
    return flaky(last, failures) if last.status is Status.PASSED else failed_again(last, failures)
