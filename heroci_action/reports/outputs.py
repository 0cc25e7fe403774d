"""The step outputs of the action."""

from __future__ import annotations

from collections.abc import Mapping

from heroci_action.results.records import Result


def outputs(result: Result, paths: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs by name, in the documented order; an output without a value is empty.

    `paths` are the paths of the existing reports by output name (`junit-path`).
    """
    counts = result.counts
    return {
        "status": result.status.value,
        "failed-stages": ",".join(result.failed_stages),
        "tests": str(counts.total),
        "passed": str(counts.passed),
        "failed": str(counts.failed + counts.errored),
        "skipped": str(counts.skipped),
        "flaky": str(counts.flaky),
        "new-failures": str(len(result.comparison.new)) if result.comparison else "",
        "coverage": _percent(result.coverage.percent if result.coverage else None),
        "coverage-diff": _percent(result.changed.percent if result.changed else None),
        "duration-seconds": f"{result.duration:.2f}",
        "cached-stages": ",".join(result.cached_stages),
        **{name: paths.get(name, "") for name in PATHS},
    }


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


PATHS = ("junit-path", "coverage-path", "html-path", "result-path", "summary-path")
