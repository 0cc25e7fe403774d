"""The time axis of `report.html`: a bar for each stage and step, and marks at round times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.text import seconds

BARS = 200
TICKS = 4  # at most, after the start
# Seconds between two marks.
_STEPS = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 3_600, 7_200,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stage or step on the time axis, in percent of the run."""

    name: str
    status: str
    left: float
    width: float
    words: str
    is_stage: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark of the time axis, in percent of the run."""

    left: float
    words: str


def bars(result: Result) -> Iterator[Bar]:
    """Yield stages with their steps; the shortest bar is still visible."""
    total = _axis_length(result)
    rows: list[tuple[StageResult | StepResult, bool]] = []
    for stage in result.stages:
        rows += [(stage, True), *((step, False) for step in stage.steps)]
    ran = [row for row in rows if row[0].status is not Status.SKIPPED]
    for item, is_stage in ran[:BARS]:
        left = min(max(100 * item.started / total, 0.0), 100.0)
        yield Bar(
            name=item.name,
            status=item.status.value,
            left=left,
            width=min(max(100 * item.duration / total, 0.2), 100 - left),
            words=f"{item.status.value}{item.remarks} in {seconds(item.duration)}",
            is_stage=is_stage,
        )


def ticks(result: Result) -> Iterator[Tick]:
    """Yield the marks of the axis, at round times."""
    total = _axis_length(result)
    step = next((one for one in _STEPS if total / one < TICKS + 1), total / TICKS)
    for number in range(int(total / step) + 1):
        yield Tick(
            left=100 * number * step / total, words=seconds(number * step) if number else "0 s"
        )


def _axis_length(result: Result) -> float:
    """Return the seconds that the time axis spans; never zero."""
    ends = [stage.started + stage.duration for stage in result.stages]
    return max([result.duration, *ends, 1e-9])
