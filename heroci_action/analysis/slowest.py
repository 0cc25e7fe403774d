"""The slowest tests, and the time spent in fixtures."""

from __future__ import annotations

import heapq
from itertools import chain

from heroci_action.results import packed as packing
from heroci_action.results.records import FixtureTimes, Result, TestCase
from heroci_action.text import one_line, seconds


def slowest_tests(result: Result, number: int) -> list[TestCase]:
    """Return the slowest tests that took any time, up to `number` (at most packing.SLOWEST), slowest first."""
    assert number <= packing.SLOWEST  # noqa: S101  a packet knows no more
    packed = (test for packet in result.packed for test in packet.slowest)
    ran = (test for test in chain(result.tests, packed) if test.duration > 0)
    return heapq.nlargest(number, ran, key=lambda test: test.duration)


def describe_fixtures(result: Result) -> list[str]:
    """Describe the fixture times of each step, naming the step if there are several.

    For example `48 s, of which shop.tests.CartTests 31 s, shop.tests.ApiTests 9.2 s`.
    """
    texts = [
        (f"{stage.name}/{step.name}", _describe(step.fixtures))
        for stage in result.stages
        for step in stage.steps
        if step.fixtures
    ]
    return [text if len(texts) == 1 else f"{text} (in {name})" for name, text in texts]


def _describe(times: FixtureTimes) -> str:
    shares = ", ".join(f"{one_line(name, 200)} {seconds(time)}" for name, time in times.longest)
    return f"{seconds(times.total)}, of which {shares}" if shares else seconds(times.total)
