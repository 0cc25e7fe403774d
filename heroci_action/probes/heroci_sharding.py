"""Split the tests between jobs, the same way in each of them, without communication.

A *unit* is never split: a test class, or the functions of one module. See the package's docstring for the environment
variables.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

Times = Mapping[str, Tuple[float, int]]
"""By unit: the total seconds of its tests in an earlier run, and their number."""


def split(units: Mapping[str, int], total: int, times: Times) -> Dict[str, int]:
    """Return the shard of each unit, from 1 to `total`; `units` maps units to their numbers of tests.

    Units are assigned in the order of their cost, the costliest first, each to the shard with the least work so far
    (R. L. Graham, "Bounds on multiprocessing timing anomalies", 1969: at most a third above the best possible split).
    The result depends only on the arguments, and not on the order of their items.
    """
    costs = _costs(units, times)
    shards = [(0, 0, number) for number in range(1, total + 1)]  # cost, tests, number
    placed = {}
    for unit in sorted(units, key=lambda unit: (-costs[unit], unit)):
        cost, tests, number = shards[0]
        heapq.heapreplace(shards, (cost + costs[unit], tests + units[unit], number))
        placed[unit] = number
    return placed


def _costs(units: Mapping[str, int], times: Times) -> Dict[str, int]:
    """Return the microseconds of each unit, as integers because sums of floats differ between versions of Python.

    A test that the earlier run did not have is assumed to take the average time. Each test takes at least a
    microsecond, so without times the tests are counted.
    """
    known = {unit: (_microseconds(seconds), tests) for unit, (seconds, tests) in times.items()}
    all_tests = sum(tests for _, tests in known.values())
    average = sum(cost for cost, _ in known.values()) // all_tests if all_tests else 0

    def cost(unit: str, tests: int) -> int:
        before, number = known.get(unit, (0, 0))
        if number > tests:  # some were deleted
            before, number = before * tests // number, tests
        return max(before + (tests - number) * average, tests)

    return {unit: cost(unit, tests) for unit, tests in units.items()}


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


class Part:
    """The part of the tests that this job runs."""

    def __init__(self, number: int, total: int, times: Times) -> None:
        self.number = number
        self.total = total
        self._times = times

    @classmethod
    def from_environment(cls) -> Optional[Part]:
        """Return the part that the environment names, None for all tests.

        A file of times that cannot be read ends the run, because the other jobs may have read it.
        """
        shard = os.environ.get("HEROCI_SHARD")
        if not shard:
            return None
        number, total = map(int, shard.split("/"))
        times = {}
        path = os.environ.get("HEROCI_TIMES")
        if path:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123  see heroci_record
                times = json.load(file)
        return cls(number, total, times)

    def choose(self, units: Iterable[str]) -> Tuple[Set[str], Dict[str, Any]]:
        """Return the units of this job, given the unit of every test, and the event that records the split."""
        counts: Dict[str, int] = {}
        for unit in units:
            counts[unit] = counts.get(unit, 0) + 1
        placed = split(counts, self.total, self._times)
        mine = {unit for unit, number in placed.items() if number == self.number}
        return mine, {
            "event": "shard",
            "shard": "{}/{}".format(self.number, self.total),
            "split": _fingerprint(placed),
            "tests": sum(counts[unit] for unit in mine),
            "of": sum(counts.values()),
        }


def _fingerprint(placed: Mapping[str, int]) -> str:
    """Return a text that is equal in two jobs exactly if they have split the same tests the same way."""
    lines: List[str] = ["{} {}".format(number, unit) for unit, number in sorted(placed.items())]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:12]
