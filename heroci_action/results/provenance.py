"""Records of earlier runs on which a result is based."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The run that a replayed step comes from: its start, commit and page, and the times of the step and its stage."""

    started_at: str
    commit: str | None = None
    url: str | None = None
    duration: float = 0.0
    stage_duration: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelProof:
    """The record that every test of a suite had the same outcome in one process and in several.

    `key` identifies the project, the test runner, its arguments and the settings. `one_process` and `parallel` are the
    seconds that the `tests` tests took.
    """

    key: str
    proved_at: str  # ISO 8601, UTC
    tests: int
    one_process: float
    parallel: float
