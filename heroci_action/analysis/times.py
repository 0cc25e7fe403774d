"""How long the tests of an earlier run took, by what is never split between shards."""

from __future__ import annotations

import math
from itertools import chain

from heroci_action.results.packed import unpack
from heroci_action.results.records import Result


def times(result: Result) -> dict[str, tuple[float, int]]:
    """The seconds and the number of tests of each class, or module of functions, by its name.

    A test without either stands for itself. The probes know the same units (`heroci_sharding`).
    """
    found: dict[str, tuple[float, int]] = {}
    for test in chain(result.tests, *map(unpack, result.packed)):
        unit = test.classname or test.name
        seconds, number = found.get(unit, (0.0, 0))
        found[unit] = (seconds + max(test.duration, 0.0), number + 1)
    return {unit: time for unit, time in found.items() if math.isfinite(time[0])}
