"""Failed tests: their sources, their groups, and the lines that explain them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from heroci_action.results.packed import find_named
from heroci_action.results.records import Result, StageResult, Status, StepResult, TestCase
from heroci_action.text import one_line, printable

USEFUL_LINES = 20
NAMED_SOURCES = 3
SHOWN_ATTEMPTS = 3
_FRAME = '  File "'
# What differs between similar failures: addresses, identifiers, numbers.
_VARIABLE = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed test; `source` is the file, shard or job that it comes from, if the result has several."""

    test: TestCase
    stage: StageResult
    source: str = ""

    @property
    def origin(self) -> str:
        """The sources in which it failed and passed: `failed in unit-3.12, passed in unit-3.13`."""
        if not self.test.passed_in:
            return f"in {self.source}" if self.source else ""
        named = ", ".join(self.test.passed_in[:NAMED_SOURCES])
        more = len(self.test.passed_in) - NAMED_SOURCES
        return (
            f"failed in {self.source}, passed in {named}{f' and {more:,} more' if more > 0 else ''}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Failures at one place with one message; the first represents them.

    `similar` counts the tests of other groups whose messages differ only in numbers.
    """

    failures: tuple[Failure, ...]
    similar: int = 0

    @property
    def first(self) -> TestCase:
        """The test that is shown."""
        return self.failures[0].test

    @property
    def others(self) -> tuple[TestCase, ...]:
        """The tests that are only named."""
        return tuple(failure.test for failure in self.failures[1:])


def failed(tests: Iterable[TestCase]) -> tuple[TestCase, ...]:
    """Return the tests that failed, errored or were cancelled, in order."""
    return tuple(test for test in tests if test.status.is_unsuccessful)


def failures_of(stages: Iterable[StageResult]) -> tuple[Failure, ...]:
    """Return the failed tests with their sources, in order."""
    stages = tuple(stages)
    names = _source_names(stages)
    return tuple(
        Failure(test=test, stage=stage, source=names.get((stage.name, step.name), ""))
        for stage in stages
        for step in stage.steps
        for test in failed(step.tests)
    )


def ranked_failures(result: Result) -> tuple[Failure, ...]:
    """Return the failed tests, new ones first, because a change is more likely to have caused them."""
    new = frozenset(result.comparison.new) if result.comparison else frozenset()
    return tuple(sorted(failures_of(result.stages), key=lambda one: one.test.id not in new))


def _source_names(stages: Sequence[StageResult]) -> dict[tuple[str, str], str]:
    """Return the names of all steps with tests, by stage and step; none if there is only one."""
    steps = [(stage.name, step.name) for stage in stages for step in stage.steps if step.has_tests]
    if len(steps) < 2:  # noqa: PLR2004  the only source needs no name
        return {}
    several = len({stage for stage, _ in steps}) > 1
    return {(stage, step): f"{stage}/{step}" if several else step for stage, step in steps}


def mark_passed_elsewhere(result: Result) -> Result:
    """Add to each failed test the other files, shards or jobs in which it passed."""
    names = _source_names(result.stages)
    failures = failures_of(result.stages) if names else ()
    wanted = frozenset(failure.test.name for failure in failures)
    if not wanted:
        return result
    passes = _passes(result.stages, wanted, names)
    return _map_failures(result, partial(_mark, passes)) if passes else result


# The sources, and the files there, in which a test passed, by its id.
_Passes = Mapping[str, Mapping[tuple[str, str | None], None]]


def _mark(passes: _Passes, test: TestCase) -> TestCase:
    """Return a failed test with the sources in which it passed."""
    found = passes.get(test.id, {})
    sources = [source for source, file in found if _is_same_file(file, test.file)]
    return replace(test, passed_in=tuple(dict.fromkeys(sources))) if sources else test


def _map_failures(result: Result, change: Callable[[TestCase], TestCase]) -> Result:
    """Return a result whose failed tests are changed."""

    def in_step(step: StepResult) -> StepResult:
        tests = (change(test) if test.status.is_unsuccessful else test for test in step.tests)
        return replace(step, tests=tuple(tests)) if failed(step.tests) else step

    def in_stage(stage: StageResult) -> StageResult:
        return replace(stage, steps=tuple(map(in_step, stage.steps)))

    return replace(result, stages=tuple(map(in_stage, result.stages)))


def _passes(
    stages: Iterable[StageResult], wanted: frozenset[str], names: Mapping[tuple[str, str], str]
) -> _Passes:
    """Return the passes of the tests with one of these names."""
    found: dict[str, dict[tuple[str, str | None], None]] = {}
    for stage in stages:
        for step in stage.steps:
            for test_id, file in _passed(step, wanted):
                found.setdefault(test_id, {})[names[stage.name, step.name], file] = None
    return found


def _passed(step: StepResult, wanted: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the id and the file of each test with one of these names that passed."""
    for test in step.tests:
        if test.status is Status.PASSED and test.name in wanted:
            yield test.id, test.file
    if step.passed:
        yield from find_named(step.passed, wanted)


def _is_same_file(one: str | None, other: str | None) -> bool:
    return one == other or one is None or other is None


def group(failures: Iterable[Failure]) -> tuple[FailureGroup, ...]:
    """Group the failures that have place and message in common, the largest group first.

    Without a place, their whole texts must be equal. A failure without a message is alone.
    """
    groups: dict[Hashable, list[Failure]] = {}
    for number, failure in enumerate(failures):
        groups.setdefault(_cause(failure) or number, []).append(failure)
    made = [FailureGroup(failures=tuple(members)) for members in groups.values()]
    return tuple(sorted(made, key=lambda members: -len(members.failures)))


def _cause(failure: Failure) -> Hashable:
    test = failure.test
    if not test.message:
        return None
    place = (test.file, test.line) if test.file and test.line else test.details
    return test.status, failure.stage.optional, place, test.message


def put_kinds_first(groups: Sequence[FailureGroup], limit: int) -> tuple[FailureGroup, ...]:
    """Order the groups so that, if only `limit` of them can be shown, most kinds of failure are among them.

    A kind is a message apart from its numbers. Its first group counts the tests of its other groups as `similar`.
    """
    if len(groups) <= limit:
        return tuple(groups)
    kinds: dict[Hashable, list[FailureGroup]] = {}
    for number, members in enumerate(groups):
        message = members.first.message[:1_000]
        kind = (members.first.status, _VARIABLE.sub("#", message)) if message else number
        kinds.setdefault(kind, []).append(members)
    firsts = [
        replace(first, similar=sum(len(other.failures) for other in others))
        for first, *others in kinds.values()
    ]
    rest = [other for _, *others in kinds.values() for other in others]
    return (*firsts, *rest)


def explanation(test: TestCase, limit: int = USEFUL_LINES) -> str:
    """Return the lines that explain a failure best: the end of its traceback or output, and its other failures."""
    has_details = bool(test.details.strip())
    text = useful_lines(test.details, limit) if has_details else _last_lines(test.output, limit)
    return "\n".join(filter(str.strip, (text, *_other_failures(test))))


def _other_failures(test: TestCase) -> Iterator[str]:
    for attempt in test.attempts[:SHOWN_ATTEMPTS]:
        if attempt.message and attempt.message != test.message:
            yield f"Earlier attempt {attempt.status.value}: {one_line(attempt.message)}"


def _last_lines(output: str, limit: int) -> str:
    lines = printable(output).strip("\n").split("\n")
    left = max(0, len(lines) - limit)
    note = [f"… ({left} lines before these in junit.xml)"] if left else []
    return "\n".join([*note, *(line[:500] for line in lines[left:])])


def useful_lines(details: str, limit: int = USEFUL_LINES) -> str:
    """Return the part of a traceback from its last frame on, at most `limit` lines and a count of the others."""
    lines = printable(details).strip("\n").split("\n")
    start = _start(lines)
    shown = lines[start : start + limit]
    left = len(lines) - len(shown)
    if left and len(lines) > limit:
        shown.append(f"… ({left} more lines in junit.xml)")
    else:
        shown = lines
    return "\n".join(line[:500] for line in shown)


def _start(lines: list[str]) -> int:
    """Return the line that pytest marks with `>` above its `E` lines, else the last frame, else the first line."""
    for number, line in enumerate(lines):
        if line.startswith("E  "):
            marked = (above for above in range(number, -1, -1) if lines[above].startswith(">"))
            return next(marked, number)
    frames = (
        number for number in range(len(lines) - 1, -1, -1) if lines[number].startswith(_FRAME)
    )
    return next(frames, 0)
