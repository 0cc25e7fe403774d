"""Compares a run with an earlier one: new, known and fixed failures, tests that got slower, findings, coverage."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from heroci_action.analysis import packing
from heroci_action.results import Comparison, Diagnostic, FailureAge, Result, Slowdown, Status

BAD = frozenset({Status.FAILED, Status.ERRORED, Status.CANCELLED})
NAMES = 1_000  # added and removed tests that are listed

# A test is slower where the noise of the whole run does not explain it; see `slower`.
MEASURABLE = 0.01  # seconds below which a test's time says nothing about the machine
FACTOR = 1.5  # at least so many times the expected time
EXCESS = 0.1  # seconds more than expected, at least
DEVIATIONS = 5.0  # of the logarithm of the times' ratio, robustly estimated
MAD_TO_SIGMA = 1.4826  # of a normal distribution


class _Outcome(NamedTuple):
    """What all cases of one id came to: the worst status, the sum of their times."""

    status: Status
    duration: float


def compare(result: Result, baseline: Result, *, clean: bool = True) -> Comparison:
    """What is different from the baseline; a test is known by its id, wherever its file went.

    `clean`: the files were those of the commit, so that another outcome at the same commit means an unstable test. What
    a shard does not run is not removed, and its coverage is a part only.
    """
    if result.shard:
        baseline = replace(baseline, coverage=None)
    now, before = _outcomes(result), _outcomes(baseline)
    failing = [name for name, outcome in now.items() if outcome.status in BAD]
    failed = {name for name, outcome in before.items() if outcome.status in BAD}
    ages = {age.id: age for age in baseline.comparison.known} if baseline.comparison else {}
    same = clean and bool(result.commit) and result.commit == baseline.commit
    unstable = [
        name
        for name in now.keys() & before.keys()
        if same and (now[name].status in BAD) != (name in failed) and _ran(now[name], before[name])
    ]
    added = [name for name in now if name not in before]
    removed = [] if result.shard else [name for name in before if name not in now]
    return Comparison(
        started_at=baseline.started_at,
        commit=baseline.commit,
        duration=baseline.duration,
        counts=baseline.counts,
        coverage=baseline.coverage.percent if baseline.coverage else None,
        new=tuple(name for name in failing if name not in failed),
        known=tuple(_age(name, baseline, ages) for name in failing if name in failed),
        fixed=tuple(sorted(name for name in failed if name in now and _good(now[name]))),
        unstable=tuple(sorted(unstable)),
        slower=slower(_times(now), _times(before)),
        added=len(added),
        removed=len(removed),
        added_names=tuple(added[:NAMES]),
        removed_names=tuple(removed[:NAMES]),
        new_findings=_new_findings(result.diagnostics, baseline.diagnostics),
        coverage_files=_file_percents(result, baseline),
        stages={stage.name: stage.duration for stage in baseline.stages},
    )


def _outcomes(result: Result) -> dict[str, _Outcome]:
    """By id; packed tests are unpacked only as far as that, block by block."""
    found: dict[str, _Outcome] = {}
    packed = (named for packet in result.packed for named in packing.named(packet))
    told = ((test.id, _Outcome(test.status, test.duration)) for test in result.tests)
    for name, one in chain(told, ((name, _Outcome(Status.PASSED, time)) for name, time in packed)):
        other = found.get(name)
        if other:
            worst = other.status if other.status in BAD else one.status
            found[name] = _Outcome(worst, one.duration + other.duration)
        else:
            found[name] = one
    return found


def _good(outcome: _Outcome) -> bool:
    return outcome.status is Status.PASSED


def _ran(*outcomes: _Outcome) -> bool:
    return all(outcome.status is not Status.SKIPPED for outcome in outcomes)


def _age(name: str, baseline: Result, ages: Mapping[str, FailureAge]) -> FailureAge:
    """One run more than the baseline knew of; where it knew nothing, the baseline is the first."""
    before = ages.get(name)
    if before:
        return FailureAge(id=name, runs=before.runs + 1, since=before.since, commit=before.commit)
    return FailureAge(id=name, runs=2, since=baseline.started_at, commit=baseline.commit)


def _times(outcomes: Mapping[str, _Outcome]) -> dict[str, float]:
    ran = {Status.PASSED, Status.FLAKY}
    return {name: one.duration for name, one in outcomes.items() if one.status in ran}


def slower(now: Mapping[str, float], before: Mapping[str, float]) -> tuple[Slowdown, ...]:
    """The tests that take longer than this machine and the usual noise explain, the largest excess first.

    The median of the ratios of all tests' times is the machine's: it is taken out. What is left of a test's ratio
    must be at least FACTOR, more than DEVIATIONS times the spread of all ratios (median absolute deviation of their
    logarithms), and EXCESS seconds. So a slow runner makes no test slower, and a noisy one raises the bar.
    """
    both = [name for name in now.keys() & before.keys() if min(now[name], before[name]) > 0]
    logs = {name: math.log(now[name] / before[name]) for name in both}
    measured = [logs[name] for name in both if before[name] >= MEASURABLE]
    machine = statistics.median(measured) if measured else 0.0
    spread = statistics.median(abs(log - machine) for log in measured) if measured else 0.0
    bar = max(math.log(FACTOR), DEVIATIONS * MAD_TO_SIGMA * spread)
    found = [
        Slowdown(id=name, before=before[name] * math.exp(machine), after=now[name])
        for name, log in logs.items()
        if log - machine >= bar and now[name] - before[name] * math.exp(machine) >= EXCESS
    ]
    return tuple(sorted(found, key=lambda one: (one.before - one.after, one.id)))


def _new_findings(
    now: Iterable[Diagnostic], before: Iterable[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """Those that the baseline has not as often in the same file; their lines move with every edit."""
    left = Counter(map(_kind, before))
    new = []
    for finding in now:
        kind = _kind(finding)
        if left[kind]:
            left[kind] -= 1
        else:
            new.append(finding)
    return tuple(new)


def _kind(finding: Diagnostic) -> Hashable:
    return finding.tool, finding.file, finding.rule, finding.message


def _file_percents(result: Result, baseline: Result) -> dict[str, float]:
    """What the baseline had covered of the files whose share is different now, in percent."""
    if result.coverage is None or baseline.coverage is None:
        return {}
    before = {file.path: file for file in baseline.coverage.files if file.measured}
    pairs = ((file, before.get(file.path)) for file in result.coverage.files if file.measured)
    return {
        old.path: 100 * old.ran / old.measured
        for new, old in pairs
        if old and new.ran * old.measured != old.ran * new.measured
    }


def known_since(age: FailureAge) -> str:
    """`failing since 2026-01-31 (commit 0123456789ab), 3 runs in a row`, as far as it is known."""
    day = f" since {age.since[:10]}" if age.since else ""
    commit = f" (commit {age.commit[:12]})" if age.commit else ""
    return f"failing{day}{commit}, {age.runs:,} runs in a row"
