"""Tests of which none ran."""

from __future__ import annotations

from collections.abc import Sequence

from heroci_action.results.records import Status, TestCase
from heroci_action.text import count, one_line

EXPECTED = "expected failure"
"""How the message of an expected failure begins, which counts as skipped although it ran."""


def all_skipped(tests: Sequence[TestCase]) -> bool:
    """Return whether there are tests and each was skipped, so that none ran."""
    return bool(tests) and all(
        test.status is Status.SKIPPED and not test.message.startswith(EXPECTED) for test in tests
    )


def describe_skipped(tests: Sequence[TestCase]) -> str:
    """Return that all of these tests were skipped, with their reason if they have one in common."""
    reasons = {test.message for test in tests}
    same = f" ({one_line(reasons.pop())})" if len(reasons) == 1 and any(reasons) else ""
    if len(tests) == 1:
        return f"the only test was skipped{same}"
    return f"all {count(len(tests), 'test')} were skipped{same}"
