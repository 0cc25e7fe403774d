"""Limit the text of a test: its message, details and output, including its reruns', share one limit."""

from __future__ import annotations

from dataclasses import replace

from heroci_action.results.records import TestCase
from heroci_action.text import cut_together

MAX_TEXT = 1 << 20
"""Characters of the texts of one test; the middle of longer ones is left out, and the cut is stated."""


def bounded(test: TestCase) -> TestCase:
    """Return the test with texts of at most MAX_TEXT characters together."""
    others = [text for run in test.attempts for text in (run.message, run.details)]
    texts = [test.message, test.details, test.output, *others]
    if sum(map(len, texts)) <= MAX_TEXT:
        return test
    message, details, output, *others = cut_together(texts, MAX_TEXT)
    attempts = tuple(
        replace(run, message=others[2 * index], details=others[2 * index + 1])
        for index, run in enumerate(test.attempts)
    )
    return replace(test, message=message, details=details, output=output, attempts=attempts)
