"""Single tests that differ from the baseline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureAge:
    """A test that already failed in the baseline.

    `runs` counts its consecutive failed runs, including this one, according to the baselines; `since` (ISO 8601, UTC)
    and `commit` belong to the first of them.
    """

    id: str
    runs: int
    since: str = ""
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowdown:
    """A test that took longer than in the baseline, in seconds; `before` is scaled to this machine's speed."""

    id: str
    before: float
    after: float
