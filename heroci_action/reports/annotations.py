"""Annotations: failures and findings by rank, as many as GitHub shows."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from heroci_action.analysis.baseline import known_since
from heroci_action.analysis.changed_lines import uncovered
from heroci_action.analysis.failures import (
    Failure,
    FailureGroup,
    explanation,
    failures_of,
    group,
    put_kinds_first,
)
from heroci_action.analysis.unexplained import Unexplained, unexplained
from heroci_action.analysis.warnings import warnings_of
from heroci_action.github.commands import MAX_ANNOTATIONS, Annotation
from heroci_action.results.differences import FailureAge
from heroci_action.results.records import (
    Diagnostic,
    Result,
    Severity,
    StageResult,
    Status,
    TestCase,
)
from heroci_action.text import count, one_line, place

T = TypeVar("T")

NAMED = 10  # tests or places of a group
REST = "they are in the job summary and in junit.xml"


def annotate(
    result: Result, *, tracked: Container[str] | None = None, limit: int = MAX_ANNOTATIONS
) -> tuple[Annotation, ...]:
    """Return at most `limit` annotations of each level, because GitHub keeps ten of a step.

    Failures of stages come before failed tests, and these before findings; new ones come before known ones.
    The last annotation of a level counts the omitted ones. A file that is not in `tracked` is named in the text.
    """
    ranked = [
        *_unexplained(result),
        *_tests(result, limit),
        *_findings(result, limit),
        *_uncovered(result),
        *_flaky(result),
        *_warnings(result),
    ]
    placed = [_place(note, tracked) for note in ranked]
    return tuple(
        note
        for level in Severity
        for note in _limit([note for note in placed if note.level is level], level, limit)
    )


def _place(note: Annotation, tracked: Container[str] | None) -> Annotation:
    """Move the place into the text if the repository has no such file: GitHub would not show the annotation."""
    if not tracked or note.file is None or note.file in tracked:
        return note
    message = f"{place(note.file, note.line)}: {note.message}"
    return replace(note, file=None, line=None, end_line=None, column=None, message=message)


def _limit(notes: list[Annotation], level: Severity, limit: int) -> list[Annotation]:
    if len(notes) <= limit:
        return notes
    shown = notes[: limit - 1]
    left = len(notes) - len(shown)
    last = Annotation(level=level, title=f"{left:,} more", message=f"{left:,} more; {REST}")
    return [*shown, last]


def _level(stage: StageResult) -> Severity:
    """Return the level of a failure: an optional stage does not fail the run."""
    return Severity.WARNING if stage.optional else Severity.ERROR


def _unexplained(result: Result) -> Iterator[Annotation]:
    """Yield failures that no test and no finding explains; those with the same reason as one."""
    notes = [_note(failure) for failure in unexplained(result.stages)]
    for first, others in _group_by(notes, lambda note: (note.level, note.message)):
        titles = ", ".join(note.title or "" for note in others[:NAMED])
        message = f"{first.message}\n\nThe same in {titles}" if others else first.message
        yield replace(first, message=message)


def _note(failure: Unexplained) -> Annotation:
    ended = failure.result
    remedy = f"\nRemedy: {ended.remedy}" if ended.remedy else ""
    return Annotation(
        level=_level(failure.stage),
        title=f"{failure.name} {ended.status.value}",
        message=f"{ended.reason or ended.status.value}{remedy}",
    )


def _tests(result: Result, limit: int) -> Iterator[Annotation]:
    """Yield a note for each group of failures; groups with a new failure come first and show that one."""
    comparison = result.comparison
    new = frozenset(comparison.new) if comparison else None
    ages = {age.id: age for age in comparison.known} if comparison else {}

    def is_known(failure: Failure) -> bool:
        return new is not None and failure.test.id not in new

    failures = sorted(failures_of(result.stages), key=is_known)
    groups = sorted(group(failures), key=lambda members: is_known(members.failures[0]))
    for members in put_kinds_first(groups, limit):
        yield _failure(members, ages.get(members.first.id))


def _failure(members: FailureGroup, age: FailureAge | None) -> Annotation:
    first, test, similar = members.failures[0], members.first, members.similar
    origin = first.origin
    parts = (
        test.message or test.status.value,
        f"{origin[0].upper()}{origin[1:]}." if origin else "",
        f"Known: {known_since(age)}." if age else "",
        _others(members.others),
        f"{count(similar, 'more test')} failed with a similar message." if similar else "",
        explanation(test),
    )
    return Annotation(
        level=_level(first.stage),
        title=f"{test.id} {'failed' if test.status is Status.FAILED else test.status.value}",
        message="\n\n".join(filter(None, parts)),
        file=test.file,
        line=test.line,
    )


def _others(tests: Sequence[TestCase]) -> str:
    if not tests:
        return ""
    names = _join(one_line(test.id, 200) for test in tests)
    return f"The same failure in {count(len(tests), 'more test')}: {names}"


def _join(names: Iterable[str]) -> str:
    """Return the first names, and the number of the others."""
    names = list(names)
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _uncovered(result: Result) -> Iterator[Annotation]:
    """Yield the changed lines that no test ran, as ranges."""
    measured = {file.path: file for file in result.coverage.files} if result.coverage else {}
    for file in result.changed.files if result.changed else ():
        for first, last in uncovered(file, measured.get(file.path)):
            lines = f"line {first} is" if first == last else f"lines {first} to {last} are"
            yield Annotation(
                level=Severity.NOTICE,
                title="Not covered",
                message=f"Changed {lines} not run by any test",
                file=file.path,
                line=first,
                end_line=last,
            )


def _flaky(result: Result) -> Iterator[Annotation]:
    for test in result.tests:
        if test.status is Status.FLAKY:
            yield Annotation(
                level=Severity.NOTICE,
                title=f"{test.id} is flaky",
                message=f"Flaky: it failed and then passed. {test.message}".strip(),
                file=test.file,
                line=test.line,
            )


def _findings(result: Result, limit: int) -> Iterator[Annotation]:
    """Yield a note for each finding, or, if there are more than `limit`, for each rule or message of a tool."""
    for level, found in _findings_by_level(result).items():
        for first, others in _group_by(found, _rule if len(found) > limit else _itself):
            note = _finding(first, level)
            places = _join(place(other.file, other.line) for other in others)
            also = f"\n\nAlso at {places}" if others else ""
            yield replace(note, message=f"{note.message}{also}")


def _findings_by_level(result: Result) -> dict[Severity, list[Diagnostic]]:
    """Return the findings, new ones first."""
    new = frozenset(result.comparison.new_findings) if result.comparison else None
    by_level: dict[Severity, list[Diagnostic]] = {}
    for stage in result.stages:
        found = sorted(stage.diagnostics, key=lambda one: new is not None and one not in new)
        for finding in found:
            level = max(finding.severity, _level(stage), key=list(Severity).index)
            by_level.setdefault(level, []).append(finding)
    return by_level


def _rule(finding: Diagnostic) -> Hashable:
    return finding.tool, finding.rule or finding.message


def _itself(finding: Diagnostic) -> Hashable:
    return finding


def _finding(finding: Diagnostic, level: Severity) -> Annotation:
    return Annotation(
        level=level,
        title=f"{finding.tool} {finding.rule or ''}".strip(),
        message=finding.message,
        file=finding.file,
        line=finding.line,
        end_line=finding.end_line,
        column=finding.column,
    )


def _warnings(result: Result) -> Iterator[Annotation]:
    for name, text in warnings_of(result):
        yield Annotation(level=Severity.WARNING, title=name or None, message=text)


def _group_by(items: Iterable[T], key: Callable[[T], Hashable]) -> Iterator[tuple[T, list[T]]]:
    """Yield the first item of each key and the others with that key, in the order of the first ones."""
    groups: dict[Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    for first, *others in groups.values():
        yield first, others
