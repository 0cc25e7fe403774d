"""Combine the runs of one test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from heroci_action.results.records import Attempt, Status, TestCase


def flaky(last: TestCase, failures: Sequence[TestCase]) -> TestCase:
    """Return a test that passed after these failed runs, with the place and the text of the first failure."""
    attempts = tuple(_attempts(failures))
    return replace(
        last,
        status=Status.FLAKY,
        file=failures[0].file,
        line=failures[0].line,
        message=attempts[0].message,
        details=attempts[0].details,
        attempts=(*attempts, *last.attempts),
    )


def failed_again(last: TestCase, failures: Sequence[TestCase]) -> TestCase:
    """Return a test whose last run failed like those before."""
    return replace(last, attempts=(*_attempts(failures), *last.attempts))


def _attempts(failures: Sequence[TestCase]) -> Iterator[Attempt]:
    for test in failures:
        yield from test.attempts
        yield Attempt(status=test.status, message=test.message, details=test.details)
