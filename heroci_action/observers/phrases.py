"""Phrases that the console and GitHub's log share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.text import count, one_line, seconds, some

INTERVAL = 30.0  # seconds between two lines about the progress of one step

SIGNS = {
    Status.PASSED: "✔",
    Status.FAILED: "✘",
    Status.ERRORED: "✘",
    Status.SKIPPED: "-",
    Status.CANCELLED: "✘",
    Status.FLAKY: "~",
}


class ProgressNotes:
    """Decides when to print the progress of tests as a separate line."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._printed: dict[tuple[str, str], float] = {}

    def is_due(self, stage: str, step: str) -> bool:
        """Return whether to print now; the first time is after an interval."""
        now = self._clock()
        before = self._printed.setdefault((stage, step), now)
        if now - before < INTERVAL:
            return False
        self._printed[stage, step] = now
        return True


def ended(result: StepResult | StageResult) -> str:
    """Return `passed in 1.2 s`, `failed in 3.4 s: 2 findings`, or `skipped: no Docker daemon`."""
    time = "" if result.status is Status.SKIPPED else f" in {seconds(result.duration)}"
    reason = f": {one_line(result.reason, 500)}" if result.reason else ""
    return f"{result.status.value}{time}{result.remarks}{reason}"


def verdict(result: Result) -> str:
    """Return one line about the run."""
    parts = [f"{one_line(result.heading)}: {result.status.value} in {seconds(result.duration)}"]
    parts += [*_tests(result), *_optional_failures(result)]
    findings = sum(1 for _ in result.diagnostics)
    if findings:
        parts.append(count(findings, "finding"))
    percent = result.coverage.percent if result.coverage else None
    if percent is not None:
        parts.append(f"📊 coverage {percent:.2f} %")
    if result.shard:
        parts.append(f"shard {one_line(result.shard)}")
    if result.partial:
        parts.append(f"partial run: {one_line(result.partial)}")
    return ", ".join(parts)


def _tests(result: Result) -> Iterator[str]:
    counts = result.counts
    tests = count(counts.total, "test")
    if counts.bad or counts.skipped:
        yield f"{tests}, {counts.bad:,} failed, {counts.skipped:,} skipped"
    elif counts.total:
        yield f"{tests} passed"


def _optional_failures(result: Result) -> Iterator[str]:
    names = [one_line(stage.name) for stage in result.stages if stage.is_optional_failure]
    if names:
        yield f"{some(names)} failed (optional)"
