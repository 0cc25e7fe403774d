"""The last runs, carried from baseline to baseline: verdicts, times, coverage, and tests that flip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from heroci_action.analysis.slowest import slowest_tests
from heroci_action.results.records import PastRun, Result, Status, TestCase
from heroci_action.text import clip, seconds

RUNS = 20  # that are kept
FAILED = 50  # names of failed tests that are kept of a run, and as many of flaky ones
SLOWEST = 15  # tests whose times are kept of a run
NOTABLE = 0.1  # seconds; the times of faster tests are noise
# In characters. A longer name of a failed test is cut, and the time of its test is not kept.
LONGEST_NAME = 300
BLOCKS = "▁▂▃▄▅▆▇█"


def extend_history(baseline: Result) -> tuple[PastRun, ...]:
    """Return the history of the baseline and the baseline itself, the newest run last.

    A shard or a partial run is left out: tests that it did not run would look as if they had passed.
    """
    if baseline.shard or baseline.partial:
        return baseline.history
    return (*baseline.history, _summarize(baseline))[-RUNS:]


def _summarize(result: Result) -> PastRun:
    unsuccessful = (test for test in result.tests if test.status.is_unsuccessful)
    flaky = (test for test in result.tests if test.status is Status.FLAKY)
    return PastRun(
        status=result.status,
        started_at=result.started_at,
        commit=result.commit,
        duration=round(result.duration, 2),
        coverage=result.coverage.percent if result.coverage else None,
        stages={stage.name: round(stage.duration, 2) for stage in result.stages if stage.duration},
        failed=_names(unsuccessful),
        flaky=_names(flaky),
        slowest=_slowest(result),
    )


def _names(tests: Iterable[TestCase]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clip(test.id, LONGEST_NAME) for test in islice(tests, FAILED)))


def _slowest(result: Result) -> dict[str, float]:
    """Return the durations of the slowest tests that matter."""
    tests = (test for test in slowest_tests(result, SLOWEST) if len(test.id) <= LONGEST_NAME)
    return {test.id: round(test.duration, 2) for test in tests if test.duration >= NOTABLE}


def whole_history(result: Result) -> tuple[PastRun, ...]:
    """Return the earlier runs and this one; nothing without earlier ones."""
    return (*result.history, _summarize(result)) if result.history else ()


def flipping_tests(runs: Sequence[PastRun]) -> tuple[str, ...]:
    """Return the tests that failed again after they had passed, or did both on one commit, the most restless first.

    A test that broke and was mended does not flip, however many runs it failed in between.
    """
    # A run with as many names as are kept may have had more.
    known = [past for past in runs if len(past.failed) < FAILED]
    names = dict.fromkeys(name for past in known for name in past.failed)
    flips = {name: _count_flips(name, known) for name in names}
    restless = (name for name, times in flips.items() if times)
    return tuple(sorted(restless, key=lambda name: (-flips[name], name)))


def _count_flips(name: str, runs: Sequence[PastRun]) -> int:
    """Return how often the outcome changed, 0 if the test only broke, or broke and was mended."""
    outcomes = [(name in past.failed, past.commit) for past in runs]
    changes = [(one, other) for one, other in pairwise(outcomes) if one[0] is not other[0]]
    broke = sum(failed for _, (failed, _) in changes) + outcomes[0][0]
    same_commit = any(one[1] and one[1] == other[1] for one, other in changes)
    return len(changes) if broke > 1 or same_commit else 0


class Trend(NamedTuple):
    """A figure of each run: its sparkline, the value of the last run, and the smallest and the largest value."""

    name: str
    line: str
    last: str
    span: str


def trends(runs: Sequence[PastRun]) -> tuple[Trend, ...]:
    """Return the trends of the duration, the coverage and the time of each stage, if two runs have them."""
    names = dict.fromkeys(name for past in runs for name in past.stages)
    found = (
        _trend("duration", [past.duration for past in runs], seconds),
        _trend("coverage", [past.coverage for past in runs], _percent),
        *(
            _trend(f"stage {name}", [past.stages.get(name) for past in runs], seconds)
            for name in names
        ),
    )
    return tuple(trend for trend in found if trend.line)


def _trend(name: str, values: Sequence[float | None], show: Callable[[float], str]) -> Trend:
    known = [value for value in values if value is not None]
    last = values[-1] if values else None
    return Trend(
        name=name,
        line=sparkline(values),
        last="" if last is None else show(last),
        span=f"{show(min(known))} to {show(max(known))}" if known else "",
    )


def _percent(value: float) -> str:
    return f"{value:.2f} %"


def times_of_test(name: str, runs: Sequence[PastRun]) -> str:
    """Return the sparkline of a test's times, from the runs in which it was one of the slowest."""
    return sparkline(past.slowest.get(name) for past in runs)


def outcomes_of_test(name: str, runs: Sequence[PastRun]) -> tuple[Status, ...]:
    """Return the outcome of a test in each run; a run that names it neither failed nor flaky did not fail it."""
    return tuple(_outcome(name, past) for past in runs)


def _outcome(name: str, past: PastRun) -> Status:
    if name in past.failed:
        return Status.FAILED
    return Status.FLAKY if name in past.flaky else Status.PASSED


def restless_tests(runs: Sequence[PastRun]) -> tuple[str, ...]:
    """Return the tests that flip, then other tests that were flaky in at least two runs."""
    flaky = Counter(name for past in runs for name in past.flaky)
    often = (name for name, times in flaky.most_common() if times > 1)
    return tuple(dict.fromkeys((*flipping_tests(runs), *often)))


def sparkline(values: Iterable[float | None]) -> str:
    """Return a block for each value, the highest for the largest; empty if fewer than two values are known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:  # noqa: PLR2004  a line needs two points
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    top = len(BLOCKS) - 1
    return "".join(BLOCKS[round(top * (value - low) / span)] for value in known)
