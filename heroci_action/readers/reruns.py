"""Combine the runs of a test within one report file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from heroci_action.results.records import Attempt, Status, TestCase
from heroci_action.results.reruns import flaky

GOOD = frozenset({Status.PASSED, Status.FLAKY})
UNTOLD = "it was run again; the report does not say why"

Key = tuple[str, str | None]


def _by_key(tests: Sequence[TestCase]) -> dict[Key, tuple[TestCase, ...]]:
    found: dict[Key, tuple[TestCase, ...]] = {}
    for test in tests:
        key = (test.id, test.file)
        found[key] = (*found.get(key, ()), test)
    return found


def retried(tests: Sequence[TestCase]) -> tuple[TestCase, ...]:
    """Return the tests of a file; a test that failed and finally passed becomes one flaky test."""
    return tuple(test for same in _by_key(tests).values() for test in _retried(same))


def rerun_by_pytest(tests: Sequence[TestCase]) -> tuple[TestCase, ...]:
    """Return the tests of a pytest file, each once."""
    return tuple(_rerun(same) if len(same) > 1 else same[0] for same in _by_key(tests).values())


def _rerun(tests: tuple[TestCase, ...]) -> TestCase:
    bad = [test for test in tests if test.status.is_unsuccessful]
    if bad:
        attempts = (Attempt(status=one.status, message=one.message) for one in bad[:-1])
        return replace(bad[-1], attempts=(*bad[-1].attempts, *attempts))
    if all(test.status is Status.PASSED for test in tests):
        failed = (Attempt(status=Status.FAILED, message=UNTOLD) for _ in tests[1:])
        return replace(tests[-1], status=Status.FLAKY, message=UNTOLD, attempts=tuple(failed))
    return tests[-1]


def _retried(tests: tuple[TestCase, ...]) -> tuple[TestCase, ...]:
    *before, last = tests
    if before and last.status in GOOD and all(test.status.is_unsuccessful for test in before):
        return (flaky(last, before),)
    return tests
