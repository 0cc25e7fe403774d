"""The branches of one line, and how two measurements of them become one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Branches(NamedTuple):
    """How many branches of a line were taken, of how many, and which were not.

    `missed` names the branches as their report does; None if it only counts them.
    """

    taken: int
    total: int
    missed: tuple[str, ...] | None = None

    @classmethod
    def of(cls, taken: int, total: int, missed: Iterable[str]) -> Branches:
        """Return the branches with the names of those that were not taken, unless these are too few or not unique."""
        names = tuple(sorted(set(missed)))
        return cls(taken, total, names if len(names) == total - taken else None)


NO_BRANCHES = Branches(0, 0)


def unite(one: Branches, two: Branches) -> Branches:
    """Return what both measurements took together.

    If both name their branches, those remain that neither took. Else it is the larger number, an estimate from below.
    """
    if one.missed is not None and two.missed is not None and _comparable(one, two):
        missed = tuple(sorted(set(one.missed) & set(two.missed)))
        return Branches(one.total - len(missed), one.total, missed)
    taken, total = max(one.taken, two.taken), max(one.total, two.total)
    return Branches(taken, total, () if taken == total else None)


def _comparable(one: Branches, two: Branches) -> bool:
    """Return whether both use the same names: `12` or `exit` as coverage.py, or block and branch as LCOV, `0:1`."""
    styles = {":" in name for name in (*(one.missed or ()), *(two.missed or ()))}
    return one.total == two.total and len(styles) <= 1
