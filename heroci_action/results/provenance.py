"""The origin of a result: earlier runs, and the project's own CI."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutLine:
    """A line of the test job in the project's own CI that did not run, and why; `source` is the job or file.

    The tests do not need a `harmless` line: HeroCI does the same, or it only prints or checks.
    """

    line: str
    source: str
    reason: str
    harmless: bool = False
