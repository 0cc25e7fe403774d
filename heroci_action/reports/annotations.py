"""What stands in the code's margin: failures and findings by rank, as many as GitHub shows."""

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
from heroci_action.github.commands import MAX_ANNOTATIONS, Annotation
from heroci_action.results.records import (
    Diagnostic,
    FailureAge,
    Result,
    Severity,
    StageResult,
    Status,
    TestCase,
)
from heroci_action.text import count, one_line, place

T = TypeVar("T")

ALIKE = 10  # tests of a group that are named
REST = "they are in the job summary and in junit.xml"


def annotate(
    result: Result, *, tracked: Container[str] | None = None, limit: int = MAX_ANNOTATIONS
) -> tuple[Annotation, ...]:
    """At most ten of each level, which is what GitHub keeps of a step: the gravest first, one for each cause.

    Broken stages come before failed tests, these before findings; what is new comes before what the baseline had,
    and in changed lines before elsewhere. The last one of a level says how many were left out. Where `tracked` says
    which files there are, a place in no such file is told in the text.
    """
    ranked = [
        *_broken(result),
        *_tests(result, limit),
        *_findings(result, limit),
        *_uncovered(result),
        *_flaky(result),
        *_warnings(result),
    ]
    placed = [_placed(note, tracked) for note in ranked]
    return tuple(
        note
        for level in Severity
        for note in _limited([note for note in placed if note.level is level], level, limit)
    )


def _placed(note: Annotation, tracked: Container[str] | None) -> Annotation:
    """GitHub shows an annotation of a file that is not there nowhere near it, or at a file of that name."""
    if not tracked or note.file is None or note.file in tracked:
        return note
    message = f"{place(note.file, note.line)}: {note.message}"
    return replace(note, file=None, line=None, end_line=None, column=None, message=message)


def _limited(notes: list[Annotation], level: Severity, limit: int) -> list[Annotation]:
    if len(notes) <= limit:
        return notes
    shown = notes[: limit - 1]
    left = len(notes) - len(shown)
    last = Annotation(level=level, title=f"{left:,} more", message=f"{left:,} more; {REST}")
    return [*shown, last]


def _level(stage: StageResult) -> Severity:
    """What fails in an optional stage does not fail the run."""
    return Severity.WARNING if stage.optional else Severity.ERROR


def _broken(result: Result) -> Iterator[Annotation]:
    """Yield failures that no test and no finding explains; those with the same reason as one."""
    notes = [_note(failure) for failure in unexplained(result.stages)]
    for first, others in _grouped(notes, lambda note: (note.level, note.message)):
        titles = ", ".join(note.title or "" for note in others[:ALIKE])
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
    first = members.failures[0]
    test = first.test
    origin = first.origin
    parts = (
        test.message or test.status.value,
        f"{origin[0].upper()}{origin[1:]}." if origin else "",
        f"Known: {known_since(age)}." if age else "",
        _others(members.others),
        (
            f"{count(members.similar, 'more test')} failed with a similar message."
            if members.similar
            else ""
        ),
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
    names = ", ".join(one_line(test.id, 200) for test in tests[:ALIKE])
    more = f" and {len(tests) - ALIKE:,} more" if len(tests) > ALIKE else ""
    return f"The same failure in {count(len(tests), 'more test')}: {names}{more}"


def _uncovered(result: Result) -> Iterator[Annotation]:
    """The changed lines that no test ran, as ranges."""
    whole = {file.path: file for file in result.coverage.files} if result.coverage else {}
    for file in result.changed.files if result.changed else ():
        for first, last in uncovered(file, whole.get(file.path)):
            lines = f"line {first} is" if first == last else f"lines {first} to {last} are"
            yield Annotation(
                level=Severity.NOTICE,
                title="Not covered",
                message=f"Changed {lines} run by no test",
                file=file.path,
                line=first,
                end_line=last,
            )


def _flaky(result: Result) -> Iterator[Annotation]:
    for test in result.tests:
        if test.status is Status.FLAKY:
            message = f"Flaky: it failed and then passed. {test.message}".strip()
            yield Annotation(
                level=Severity.NOTICE,
                title=f"{test.id} is flaky",
                message=message,
                file=test.file,
                line=test.line,
            )


def _findings(result: Result, limit: int) -> Iterator[Annotation]:
    """A finding each while there are few, else one for each rule or message of a tool."""
    by_level: dict[Severity, list[Diagnostic]] = {}
    new = frozenset(result.comparison.new_findings) if result.comparison else None
    for stage in result.stages:
        found = sorted(stage.diagnostics, key=lambda one: new is not None and one not in new)
        for finding in found:
            level = max(finding.severity, _level(stage), key=list(Severity).index)
            by_level.setdefault(level, []).append(finding)
    for level, found in by_level.items():
        many = len(found) > limit
        for first, others in _grouped(found, _kind if many else _itself):
            note = _finding(first, level)
            places = ", ".join(f"{other.file}:{other.line}" for other in others[:ALIKE])
            more = f" and {len(others) - ALIKE:,} more" if len(others) > ALIKE else ""
            alike = f"\n\nAlso at {places}{more}" if others else ""
            yield replace(note, message=f"{note.message}{alike}")


def _kind(finding: Diagnostic) -> Hashable:
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
    """What the user should know although nothing failed; stages say where it is from."""
    for text in result.warnings:
        yield Annotation(level=Severity.WARNING, message=text)
    for stage in result.stages:
        for text in stage.warnings:
            yield Annotation(level=Severity.WARNING, title=stage.name, message=text)
        for step in stage.steps:
            for text in step.warnings:
                title = f"{stage.name}/{step.name}"
                yield Annotation(level=Severity.WARNING, title=title, message=text)


def _grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> Iterator[tuple[T, list[T]]]:
    """The first of each kind with those that are like it, in the order of the first ones."""
    groups: dict[Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    for first, *others in groups.values():
        yield first, others
