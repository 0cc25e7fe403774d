"""Combine the attempts of a job that was run again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import chain

from heroci_action.results.packed import unpack
from heroci_action.results.records import (
    Result,
    StageResult,
    Status,
    StepResult,
    TestCase,
)
from heroci_action.results.reruns import failed_again, flaky
from heroci_action.text import count

_ATTEMPT = re.compile(r"[-_. /]?attempt[-_. ]?([0-9]{1,4})[-_. /]?", re.IGNORECASE)

Key = tuple[str, str, str | None, int]


def latest_attempts(results: Mapping[str, Result]) -> dict[str, Result]:
    """Return one result for each job, by label.

    Labels such as `unit-attempt-1` and `unit-attempt-2`, or `unit` and `unit-attempt-2`, name attempts of one job: a
    test that failed in the first and passed in the second is flaky. All other labels, and commits, are different jobs.
    """
    jobs: dict[tuple[str, str | None], dict[int, str]] = defaultdict(dict)
    for label, result in results.items():
        name, number = _parse(label)
        # The results of another commit prove nothing about this one.
        job = name, result.commit
        if number in jobs[job]:
            job = label, result.commit
        jobs[job][number] = label
    return {
        attempts[max(attempts)]: reduce(
            _supersede, (results[attempts[number]] for number in sorted(attempts))
        )
        for attempts in jobs.values()
    }


def _parse(label: str) -> tuple[str, int]:
    match = _ATTEMPT.search(label)
    return (_ATTEMPT.sub("/", label).strip("/"), int(match[1])) if match else (label, 1)


def _supersede(earlier: Result, later: Result) -> Result:
    """Return the later result, with what only the earlier one contains and with its failures as attempts."""
    known = {stage.name: stage for stage in earlier.stages}
    stages = [
        _supersede_stage(known[stage.name], stage) if stage.name in known else stage
        for stage in later.stages
    ]
    names = {stage.name for stage in later.stages}
    missing = (stage for stage in earlier.stages if stage.name not in names)
    return replace(later, stages=(*missing, *stages))


def _supersede_stage(earlier: StageResult, later: StageResult) -> StageResult:
    steps = _supersede_steps(earlier.steps, later.steps)
    left = next((step for step in steps if step.status.is_unsuccessful), None)
    if left and later.status is Status.PASSED:
        reason = f"{left.name}: {left.reason}"
        later = replace(later, status=left.status, reason=reason, remedy=left.remedy)
    return replace(later, steps=steps)


def _supersede_steps(
    earlier: Sequence[StepResult], later: Sequence[StepResult]
) -> tuple[StepResult, ...]:
    """Return the steps that did not run again, and then the later ones."""
    known = {step.name: step for step in earlier}
    names = {step.name for step in later}
    kept = (step for step in earlier if step.name not in names)
    again = (
        _supersede_step(known[step.name], step) if step.name in known else step for step in later
    )
    return (*kept, *again)


def _supersede_step(earlier: StepResult, later: StepResult) -> StepResult:
    before = dict(_numbered(earlier))
    after = dict(_numbered(later))
    if not before:
        return later
    rerun = [_rerun(before[key], test) if key in before else test for key, test in after.items()]
    kept = [test for key, test in before.items() if key not in after]
    tests = (*kept, *rerun)
    left = sum(test.status.is_unsuccessful for test in tests)
    if left and later.status is Status.PASSED:
        reason = f"{count(left, 'failed test')} of an earlier attempt did not run again"
        later = replace(later, status=Status.FAILED, reason=reason)
    return replace(later, tests=tests, passed=None)


def _numbered(step: StepResult) -> Iterator[tuple[Key, TestCase]]:
    """Yield the tests of a step by identity; tests of one name are numbered in their order."""
    seen: dict[tuple[str, str, str | None], int] = defaultdict(int)
    for test in chain(step.tests, unpack(step.passed)):
        name = test.classname, test.name, test.file
        yield (*name, seen[name]), test
        seen[name] += 1


def _rerun(earlier: TestCase, later: TestCase) -> TestCase:
    if not earlier.status.is_unsuccessful:
        return later
    if later.status.is_unsuccessful:
        return failed_again(later, [earlier])
    return flaky(later, [earlier]) if later.status is not Status.SKIPPED else earlier
