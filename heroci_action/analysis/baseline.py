"""Compare a run with an earlier one: new, known and fixed failures, tests that got slower, findings, coverage."""

from __future__ import annotations

import math
import statistics
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from heroci_action.results import packed as packing
from heroci_action.results.coverage import Coverage
from heroci_action.results.differences import FailureAge, Slowdown
from heroci_action.results.records import (
    Comparison,
    Diagnostic,
    Result,
    Status,
)

BAD = frozenset({Status.FAILED, Status.ERRORED, Status.CANCELLED})
NAMES = 1_000  # added and removed tests that are listed

# A test is slower if the noise of the whole run does not explain the difference; see `slower`.
MEASURABLE = 0.01  # seconds; shorter tests are no measure of the machine's speed
FACTOR = 1.5  # at least so many times the expected time
EXCESS = 0.1  # seconds more than expected, at least
DEVIATIONS = 5.0  # of the logarithm of the times' ratio, robustly estimated
MAD_TO_SIGMA = 1.4826  # of a normal distribution


# A test's id, its status now and its status before; None if the run does not contain it.
_Change = tuple[str, Status | None, Status | None]


@dataclass(slots=True, kw_only=True)
class _Outcomes:
    """The outcome of all cases of an id: the worst status, the number of failures, and the total of their seconds.

    These are columns, indexed by the number of the id, because two runs of very many tests are in memory at once.
    """

    statuses: list[Status | None]
    times: array[float]
    failures: Counter[int]

    def add(self, number: int, status: Status, seconds: float) -> None:
        """Add a case of an id whose number is at most one more than the highest so far."""
        if number == len(self.statuses):
            self.statuses.append(None)
            self.times.append(0.0)
        if self.statuses[number] not in BAD:
            self.statuses[number] = status
        if status in BAD:
            self.failures[number] += 1
        self.times[number] += seconds


def compare(result: Result, baseline: Result, *, clean: bool = True) -> Comparison:
    """Compare a result with its baseline; tests are identified by their ids, even if their files have moved.

    `clean`: the files were exactly as in the commit, so another outcome at the same commit means an unstable test.
    Tests that a shard or a partial run does not run are not removed, and its coverage is not comparable.
    """
    incomplete = bool(result.shard or result.partial)
    old_coverage = None if incomplete else baseline.coverage
    numbers: dict[str, int] = {}
    now, before = _outcomes(result, numbers), _outcomes(baseline, numbers)
    changes = _changes(numbers, now, before)
    new, known = _split_failures(changes, numbers, now, before)
    added = _added(changes)
    removed = [] if incomplete else _removed(changes)
    return Comparison(
        started_at=baseline.started_at,
        commit=baseline.commit,
        duration=baseline.duration,
        counts=baseline.counts,
        coverage=old_coverage.percent if old_coverage else None,
        new=tuple(new),
        known=_ages(known, baseline),
        fixed=_fixed(changes),
        unstable=_unstable(changes) if clean and _same_commit(result, baseline) else (),
        slower=slower(_times(numbers, now, before)),
        added=len(added),
        removed=len(removed),
        added_names=tuple(added[:NAMES]),
        removed_names=tuple(removed[:NAMES]),
        new_findings=_new_findings(result.diagnostics, baseline.diagnostics),
        coverage_files=_file_percents(result.coverage, old_coverage),
        stages={stage.name: stage.duration for stage in baseline.stages},
    )


def _same_commit(result: Result, baseline: Result) -> bool:
    return bool(result.commit) and result.commit == baseline.commit


def _split_failures(
    changes: Iterable[_Change], numbers: Mapping[str, int], now: _Outcomes, before: _Outcomes
) -> tuple[list[str], list[str]]:
    """Return the new failures, and the failures that the baseline has too.

    Several tests of other jobs or files may have one name: if more of them fail than before, the failure is new.
    """
    new: list[str] = []
    known: list[str] = []
    for name, status, _ in changes:
        if status in BAD:
            number = numbers[name]
            (known if now.failures[number] <= before.failures[number] else new).append(name)
    return new, known


def _changes(numbers: Iterable[str], now: _Outcomes, before: _Outcomes) -> list[_Change]:
    """Return the tests that did not pass in both runs."""
    return [
        (name, new, old)
        for name, new, old in zip_longest(numbers, now.statuses, before.statuses)
        if new is not Status.PASSED or old is not Status.PASSED
    ]


def _added(changes: Iterable[_Change]) -> list[str]:
    return [name for name, _, old in changes if old is None]


def _removed(changes: Iterable[_Change]) -> list[str]:
    return [name for name, new, _ in changes if new is None]


def _fixed(changes: Iterable[_Change]) -> tuple[str, ...]:
    return tuple(sorted(name for name, new, old in changes if new is Status.PASSED and old in BAD))


def _unstable(changes: Iterable[_Change]) -> tuple[str, ...]:
    """Return the tests that ran both times and failed once."""
    return tuple(
        sorted(
            name for name, new, old in changes if _ran(new, old) and (new in BAD) != (old in BAD)
        )
    )


def _outcomes(result: Result, numbers: dict[str, int]) -> _Outcomes:
    """Return the outcomes by the numbers of the ids, and number ids that are new."""
    found = _Outcomes(
        statuses=[None] * len(numbers),
        times=array("d", bytes(8 * len(numbers))),
        failures=Counter(),
    )
    for test in result.tests:
        found.add(numbers.setdefault(test.id, len(numbers)), test.status, test.duration)
    for packet in result.packed:
        for name, seconds in packing.names(packet):
            found.add(numbers.setdefault(name, len(numbers)), Status.PASSED, seconds)
    return found


def _ran(*statuses: Status | None) -> bool:
    return not {None, Status.SKIPPED}.intersection(statuses)


def _ages(names: Iterable[str], baseline: Result) -> tuple[FailureAge, ...]:
    ages = {age.id: age for age in baseline.comparison.known} if baseline.comparison else {}
    return tuple(_age(name, baseline, ages) for name in names)


def _age(name: str, baseline: Result, ages: Mapping[str, FailureAge]) -> FailureAge:
    """Return the age of a failure: one run more than in the baseline, which may be the first run itself."""
    before = ages.get(name)
    if before:
        return FailureAge(id=name, runs=before.runs + 1, since=before.since, commit=before.commit)
    return FailureAge(id=name, runs=2, since=baseline.started_at, commit=baseline.commit)


def _times(
    numbers: Iterable[str], now: _Outcomes, before: _Outcomes
) -> Iterator[tuple[str, float, float]]:
    """Yield the tests that passed in both runs, with their durations before and now."""
    ran = {Status.PASSED, Status.FLAKY}
    columns = zip(
        numbers, now.statuses, before.statuses, before.times, now.times, strict=False
    )  # the rest is in one of them only
    return ((name, old, new) for name, is_, was, old, new in columns if is_ in ran and was in ran)


def slower(times: Iterable[tuple[str, float, float]]) -> tuple[Slowdown, ...]:
    """Return the tests whose slowdown neither the machine nor noise explains, the largest excess first.

    `times` are seconds before and now. The median ratio of all tests is attributed to the machine. The rest of a test's
    ratio must be at least FACTOR, more than DEVIATIONS times the spread of all ratios (the median absolute deviation of
    their logarithms), and EXCESS seconds. A slow runner makes no test slower, and a noisy one raises the threshold.
    """
    measured = array("d")
    # The others cannot have an excess.
    long = []
    for name, before, now in times:
        if min(before, now) <= 0:
            continue
        if before >= MEASURABLE:
            measured.append(math.log(now / before))
        if now >= EXCESS:
            long.append((name, before, now))
    machine, bar = _machine(measured)
    found = [
        Slowdown(id=name, before=before * math.exp(machine), after=now)
        for name, before, now in long
        if math.log(now / before) - machine >= bar and now - before * math.exp(machine) >= EXCESS
    ]
    return tuple(sorted(found, key=lambda one: (one.before - one.after, one.id)))


def _machine(measured: array[float]) -> tuple[float, float]:
    """Return the logarithms of the machine's own ratio, and of the least ratio above it that is not noise."""
    machine = statistics.median(measured) if measured else 0.0
    spread = statistics.median(abs(log - machine) for log in measured) if measured else 0.0
    return machine, max(math.log(FACTOR), DEVIATIONS * MAD_TO_SIGMA * spread)


def _new_findings(
    now: Iterable[Diagnostic], before: Iterable[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """Return the findings that the baseline has less often in the same file; lines move with every edit."""
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


def _file_percents(now: Coverage | None, before: Coverage | None) -> dict[str, float]:
    """Return the earlier coverage, in percent, of the files whose coverage has changed."""
    if now is None or before is None:
        return {}
    earlier = {file.path: file for file in before.files if file.measured}
    pairs = ((file, earlier.get(file.path)) for file in now.files if file.measured)
    return {
        old.path: 100 * old.ran / old.measured
        for new, old in pairs
        if old and new.ran * old.measured != old.ran * new.measured
    }


def known_since(age: FailureAge) -> str:
    """Describe the age, such as `failing since 2026-01-31 (commit 0123456789ab), 3 runs in a row`."""
    day = f" since {age.since[:10]}" if age.since else ""
    commit = f" (commit {age.commit[:12]})" if age.commit else ""
    return f"failing{day}{commit}, {age.runs:,} runs in a row"
