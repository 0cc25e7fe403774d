"""The tests that took the longest."""

from __future__ import annotations

import heapq
from itertools import chain

from heroci_action.analysis import packing
from heroci_action.results import Result, TestCase


def slowest_of(result: Result, number: int) -> list[TestCase]:
    """At most so many (packing.SLOWEST is the most) tests that took any time, the slowest first."""
    assert number <= packing.SLOWEST  # noqa: S101  packets know no more
    packed = (test for packet in result.packed for test in packet.slowest)
    ran = (test for test in chain(result.tests, packed) if test.duration > 0)
    return heapq.nlargest(number, ran, key=lambda test: test.duration)
