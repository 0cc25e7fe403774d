"""Sum the durations of an earlier run's tests by the units that shards never split."""

from __future__ import annotations

import math
from itertools import chain

from heroci_action.results.packed import unpack
from heroci_action.results.records import Result


def times(result: Result) -> dict[str, tuple[float, int]]:
    """Return the seconds and the number of tests by class, or by module for functions.

    A test without either is its own unit. The probes use the same units (`heroci_sharding`).
    """
    found: dict[str, tuple[float, int]] = {}
    for test in chain(result.tests, *map(unpack, result.packed)):
        unit = test.classname or test.name
        seconds, number = found.get(unit, (0.0, 0))
        found[unit] = (seconds + max(test.duration, 0.0), number + 1)
    return {unit: time for unit, time in found.items() if math.isfinite(time[0])}
