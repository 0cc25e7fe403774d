"""Phrases that the console and GitHub's log share."""

from __future__ import annotations

from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.text import count, one_line, seconds

SIGNS = {
    Status.PASSED: "✔",
    Status.FAILED: "✘",
    Status.ERRORED: "✘",
    Status.SKIPPED: "-",
    Status.CANCELLED: "✘",
    Status.FLAKY: "~",
}


def ended(result: StepResult | StageResult) -> str:
    """Return `passed in 1.2 s`, `failed in 3.4 s: 2 findings`, or `skipped: no Docker daemon`."""
    time = "" if result.status is Status.SKIPPED else f" in {seconds(result.duration)}"
    cached = " (cached)" if result.cached else ""
    reason = f": {one_line(result.reason, 500)}" if result.reason else ""
    return f"{result.status.value}{time}{cached}{reason}"


def verdict(result: Result) -> str:
    """Return one line about the run."""
    counts = result.counts
    parts = [f"{one_line(result.project)}: {result.status.value} in {seconds(result.duration)}"]
    if counts.total:
        parts.append(
            f"{count(counts.total, 'test')}, {counts.bad:,} failed, {counts.skipped:,} skipped"
            if counts.bad or counts.skipped
            else f"{count(counts.total, 'test')} passed"
        )
    findings = sum(1 for _ in result.diagnostics)
    if findings:
        parts.append(count(findings, "finding"))
    percent = result.coverage.percent if result.coverage else None
    if percent is not None:
        parts.append(f"📊 coverage {percent:.2f} %")
    return ", ".join(parts)
