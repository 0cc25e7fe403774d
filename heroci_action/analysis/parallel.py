"""Compare a run of the tests in one process with a run in several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from heroci_action.results.packed import unpack
from heroci_action.results.records import Result, Status, StepResult, TestCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A test whose outcomes differ; a test that ran several times has several outcomes, and none if it did not run."""

    id: str
    one_process: tuple[Status, ...]
    parallel: tuple[Status, ...]


def find_differences(one_process: Result, parallel: Result) -> tuple[Difference, ...]:
    """Return the tests that do not have the same outcomes in both runs, by name."""
    first, second = _outcomes(all_tests(one_process)), _outcomes(all_tests(parallel))
    return tuple(
        Difference(id=name, one_process=first.get(name, ()), parallel=second.get(name, ()))
        for name in sorted({*first, *second})
        if first.get(name) != second.get(name)
    )


def all_tests(result: Result) -> Iterable[TestCase]:
    """Return the tests of all stages, packed ones included."""
    return chain(result.tests, *map(unpack, result.packed))


def _outcomes(tests: Iterable[TestCase]) -> Mapping[str, tuple[Status, ...]]:
    found: defaultdict[str, list[Status]] = defaultdict(list)
    for test in tests:
        found[test.id].append(test.status)
    return {name: tuple(sorted(statuses)) for name, statuses in found.items()}


def failed_steps(result: Result, names: Iterable[str]) -> tuple[StepResult, ...]:
    """Return the named steps whose command failed by itself, not by a time limit or an interrupt."""
    wanted = frozenset(names)
    return tuple(
        step
        for stage in result.stages
        if stage.name == "tests"
        for step in stage.steps
        if step.name in wanted and step.status is Status.FAILED and step.exit_code is not None
    )


def failed_ids(steps: Iterable[StepResult]) -> tuple[str, ...]:
    """Return the ids of the tests that failed, each once, in order."""
    return tuple(
        dict.fromkeys(
            test.id for step in steps for test in step.tests if test.status.is_unsuccessful
        )
    )


def confirms(rerun: Result, failed: Iterable[str]) -> bool:
    """Return whether each of these tests failed again."""
    bad = {test.id for test in rerun.tests if test.status.is_unsuccessful}
    return bad.issuperset(failed)
