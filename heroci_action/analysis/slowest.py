"""The tests that took the longest, and what took time beside them."""

from __future__ import annotations

import heapq
from itertools import chain

from heroci_action.results import packed as packing
from heroci_action.results.records import Result, TestCase

FIXTURES = "fixtures"
"""The fact that says how long setUpClass, setUpTestData and tearDownClass took, which no test's time holds."""


def slowest_of(result: Result, number: int) -> list[TestCase]:
    """At most so many (packing.SLOWEST is the most) tests that took any time, the slowest first."""
    assert number <= packing.SLOWEST  # noqa: S101  packets know no more
    packed = (test for packet in result.packed for test in packet.slowest)
    ran = (test for test in chain(result.tests, packed) if test.duration > 0)
    return heapq.nlargest(number, ran, key=lambda test: test.duration)


def fixtures_of(result: Result) -> list[str]:
    """What the steps say of their fixtures, with the step's name where several do."""
    told = [
        (f"{stage.name}/{step.name}", step.facts[FIXTURES])
        for stage in result.stages
        for step in stage.steps
        if FIXTURES in step.facts
    ]
    return [text if len(told) == 1 else f"in {name} {text}" for name, text in told]
