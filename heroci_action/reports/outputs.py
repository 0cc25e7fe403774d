"""The step outputs of the action."""

from __future__ import annotations

from collections.abc import Mapping

from heroci_action.results import Result


def outputs(result: Result, paths: Mapping[str, str]) -> dict[str, str]:
    """The outputs by name, in the order in which they are documented.

    `paths` has the reports that exist by output name (`junit-path`); an output without a value is empty. `failed`
    counts failures and errors, a test once; `coverage` is in percent with two decimals.
    """
    counts = result.counts
    percent = result.coverage.percent if result.coverage else None
    return {
        "status": result.status.value,
        "tests": str(counts.total),
        "passed": str(counts.passed),
        "failed": str(counts.failed + counts.errored),
        "skipped": str(counts.skipped),
        "failed-stages": ",".join(result.failed_stages),
        "cached-stages": ",".join(result.cached_stages),
        "coverage": "" if percent is None else f"{percent:.2f}",
        "duration-seconds": f"{result.duration:.2f}",
        **{name: paths.get(name, "") for name in PATHS},
    }


PATHS = ("junit-path", "coverage-path", "result-path", "summary-path")
