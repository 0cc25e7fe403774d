"""Tests that several files or attempts tell of: each counts once, and one that failed and then passed is flaky."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, zip_longest
from operator import itemgetter

from heroci_action.results import packed as packing
from heroci_action.results.records import Attempt, PassedTests, Status, StepResult, TestCase

BAD = frozenset({Status.FAILED, Status.ERRORED, Status.CANCELLED})
GOOD = frozenset({Status.PASSED, Status.FLAKY})
WINDOW = frozenset({"host", "began", "ended"})
"""The names of the facts that say where and when the tests of a step ran."""

UNTOLD = "it was run again; the report does not say why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where and when the tests of a step ran, as far as its report says; ISO 8601."""

    host: str
    began: str
    ended: str

    @classmethod
    def of(cls, facts: Mapping[str, str]) -> Window | None:
        """From the facts of a step; None where one is missing."""
        known = facts.keys() >= WINDOW
        return cls(**{name: facts[name] for name in WINDOW}) if known else None

    def is_elsewhere(self, other: Window) -> bool:
        """Whether both ran at the same time on two machines, as the jobs of a matrix do: no rerun can do that."""
        overlap = self.began < other.ended and other.began < self.ended
        return self.host != other.host and overlap


Key = tuple[str, str | None]
Seen = tuple[int, tuple[TestCase, ...]]  # the number of a step, and its tests of one key


def settle(
    steps: Sequence[StepResult], keys: Sequence[array[int] | None] = ()
) -> tuple[StepResult, ...]:
    """The steps with every test in one of them, the last that has it.

    A test that failed in one file and passed in another is flaky, unless both files are from different machines at
    the same time: that is a test that fails there, and it stays one. Tests of one name in a file are different tests.
    `keys` are those of the packed tests of each step, as far as they are at hand.
    """
    packets = _Packets(steps, keys)
    told = [array("q", map(packing.key, step.tests)) for step in steps]
    several = packing.shared([*told, *packets.keys])  # few, mostly: of the others nothing is kept
    seen: dict[Key, list[Seen]] = {}
    kept: list[list[TestCase]] = []
    for number, (step, mine) in enumerate(zip(steps, told, strict=True)):
        pairs = list(zip(mine, step.tests, strict=True))
        kept.append([test for key, test in pairs if key not in several])
        for key, tests in _by_key([test for key, test in pairs if key in several]).items():
            seen.setdefault(key, []).append((number, tests))
    for key, number, test in packets.taken(seen, several):
        _insert(seen[key], number, test)
    windows = [Window.of(step.facts) for step in steps]
    for places in seen.values():
        number, tests = _settled(places, windows) if len(places) > 1 else places[0]
        kept[number].extend(tests)
    return tuple(
        _with_tests(step, tuple(tests), passed)
        for step, tests, passed in zip(steps, kept, packets.rest(), strict=True)
    )


class _Packets:
    """The packed tests of all steps, and which of them are settled elsewhere."""

    def __init__(self, steps: Sequence[StepResult], keys: Sequence[array[int] | None] = ()) -> None:
        self._packets = [step.passed for step in steps]
        self.keys = [
            array("q") if packed is None else packing.keys(packed) if known is None else known
            for packed, known in zip_longest(self._packets, keys)
        ]
        self._gone: list[set[int]] = [set() for _ in steps]

    def taken(
        self, seen: Collection[Key], several: set[int]
    ) -> Iterator[tuple[Key, int, TestCase]]:
        """The tests that are in `seen` as well, unpacked, each with the number of its step.

        `several` are the keys that come more than once, be it in packets or in tests that are listed.

        What stays is settled by the way: where a test passed everywhere, its last run is the one that counts.
        """
        wanted = {packing.hashed(*key): key for key in seen}
        later: set[int] = set()
        for number, packed, keys in reversed(list(zip(count(), self._packets, self.keys))):
            mine = several.intersection(keys) if several else set()
            if packed and mine:
                told = {row for row, key in enumerate(keys) if key in wanted}
                doubled = {row for row, key in enumerate(keys) if key in mine and key in later}
                self._gone[number] |= told | doubled
                for test in packing.unpack(packed, told):
                    yield (test.id, test.file), number, test
            later |= mine

    def rest(self) -> Iterator[PassedTests | None]:
        """What stays packed."""
        for packed, gone in zip(self._packets, self._gone, strict=True):
            yield packing.without(packed, gone) if packed else None


def _insert(places: list[Seen], number: int, test: TestCase) -> None:
    """Put a test to those of its step, or between those of others."""
    for index, (other, tests) in enumerate(places):
        if other == number:
            places[index] = (number, (*tests, test))
            return
    places.append((number, (test,)))
    places.sort(key=itemgetter(0))


def _by_key(tests: Sequence[TestCase]) -> dict[Key, tuple[TestCase, ...]]:
    found: dict[Key, tuple[TestCase, ...]] = {}
    for test in tests:
        key = (test.id, test.file)
        found[key] = (*found.get(key, ()), test)
    return found


def retried(tests: Sequence[TestCase]) -> tuple[TestCase, ...]:
    """The tests of one file, those that failed and passed as their last run as one flaky test.

    That is how runners write which run a test again (Gradle's retries, gotestsum). Other tests of one name are
    different tests, the rows of a table, say.
    """
    return tuple(test for same in _by_key(tests).values() for test in _retried(same))


def rerun_by_pytest(tests: Sequence[TestCase]) -> tuple[TestCase, ...]:
    """The tests of a file of pytest's, each once.

    A node's id is its own, so a repeated one was run again. pytest-rerunfailures writes the runs before the last as
    cases without any element, so that one without a failure did not pass at first: it is flaky.
    """
    return tuple(_rerun(same) if len(same) > 1 else same[0] for same in _by_key(tests).values())


def _rerun(tests: tuple[TestCase, ...]) -> TestCase:
    bad = [test for test in tests if test.status in BAD]
    if bad:
        attempts = (Attempt(status=one.status, message=one.message) for one in bad[:-1])
        return replace(bad[-1], attempts=(*bad[-1].attempts, *attempts))
    if all(test.status is Status.PASSED for test in tests):
        failed = (Attempt(status=Status.FAILED, message=UNTOLD) for _ in tests[1:])
        return replace(tests[-1], status=Status.FLAKY, message=UNTOLD, attempts=tuple(failed))
    return tests[-1]


def _retried(tests: tuple[TestCase, ...]) -> tuple[TestCase, ...]:
    *before, last = tests
    if before and last.status in GOOD and all(test.status in BAD for test in before):
        return (_flaky(last, before),)
    return tests


def _settled(places: Sequence[Seen], windows: Sequence[Window | None]) -> Seen:
    bad = [place for place in places if any(test.status in BAD for test in place[1])]
    fine = [place for place in places if place not in bad]
    good = [place for place in fine if any(test.status in GOOD for test in place[1])]
    if not bad:
        return (good or places)[-1]
    there = [place for place in good if not _all_elsewhere(place[0], bad, windows)]
    if not there:
        return bad[-1]
    number, tests = there[-1]
    failures = [test for _, ones in bad for test in ones if test.status in BAD]
    return number, (_flaky(tests[-1], failures),)


def _all_elsewhere(number: int, bad: Sequence[Seen], windows: Sequence[Window | None]) -> bool:
    mine = windows[number]
    theirs = [windows[other] for other, _ in bad if other != number]
    return bool(theirs) and all(mine and window and mine.is_elsewhere(window) for window in theirs)


def _flaky(last: TestCase, before: Sequence[TestCase]) -> TestCase:
    """The test with the words and the place of its first failure."""
    first = before[0]
    attempts = (
        Attempt(status=test.status, message=test.message, details=test.details) for test in before
    )
    return replace(
        last,
        status=Status.FLAKY,
        file=first.file,
        line=first.line,
        message=first.message,
        details=first.details,
        attempts=(*attempts, *last.attempts),
    )


def _with_tests(
    step: StepResult, tests: tuple[TestCase, ...], passed: PassedTests | None
) -> StepResult:
    """A step whose failed tests all turned out to be flaky did not fail."""
    if tests == step.tests:
        return step if passed is step.passed else replace(step, passed=passed)
    bad = any(test.status in BAD for test in tests)
    failed = step.status is Status.FAILED and not bad and not step.diagnostics
    status = Status.PASSED if failed else step.status
    reason = None if failed else step.reason
    return replace(step, tests=tests, status=status, reason=reason, passed=passed)
