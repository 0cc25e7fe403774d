"""What stands in the code's margin: failures and findings by rank, as many as GitHub shows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from heroci_action.analysis.failures import FailureGroup, failed, group, useful_lines
from heroci_action.github.commands import MAX_ANNOTATIONS, Annotation
from heroci_action.results import Diagnostic, Result, Severity, StageResult, Status, StepResult
from heroci_action.text import count, one_line

T = TypeVar("T")

ALIKE = 10  # tests of a group that are named
REST = "they are in the job summary and in junit.xml"


def annotate(result: Result) -> tuple[Annotation, ...]:
    """At most ten of each level, which is what GitHub keeps of a step: the gravest first, one for each cause.

    Broken stages come before failed tests, these before findings. The last one of a level says how many were left out.
    """
    ranked = [*_broken(result), *_tests(result), *_findings(result), *_warnings(result)]
    return tuple(
        note
        for level in Severity
        for note in _limited([note for note in ranked if note.level is level], level)
    )


def _limited(notes: list[Annotation], level: Severity) -> list[Annotation]:
    if len(notes) <= MAX_ANNOTATIONS:
        return notes
    shown = notes[: MAX_ANNOTATIONS - 1]
    left = len(notes) - len(shown)
    last = Annotation(level=level, title=f"{left:,} more", message=f"{left:,} more; {REST}")
    return [*shown, last]


def _level(stage: StageResult) -> Severity:
    """What fails in an optional stage does not fail the run."""
    return Severity.WARNING if stage.optional else Severity.ERROR


def _broken(result: Result) -> Iterator[Annotation]:
    """Stages and steps whose failure no test and no finding explains; those with the same reason as one."""
    notes = [note for stage in result.stages for note in _broken_stage(stage)]
    for first, others in _grouped(notes, lambda note: (note.level, note.message)):
        titles = ", ".join(note.title or "" for note in others[:ALIKE])
        message = f"{first.message}\n\nThe same in {titles}" if others else first.message
        yield replace(first, message=message)


def _broken_stage(stage: StageResult) -> Iterator[Annotation]:
    bad = (Status.FAILED, Status.ERRORED)
    for step in stage.steps:
        if step.status in bad and not step.diagnostics and not failed(step.tests):
            yield _note(stage, f"{stage.name}/{step.name}", step)
    told = any(step.status is stage.status for step in stage.steps)
    if stage.status in (*bad, Status.CANCELLED) and not told:
        yield _note(stage, stage.name, stage)


def _note(stage: StageResult, name: str, ended: StageResult | StepResult) -> Annotation:
    remedy = f"\nRemedy: {ended.remedy}" if ended.remedy else ""
    return Annotation(
        level=_level(stage),
        title=f"{name} {ended.status.value}",
        message=f"{ended.reason or ended.status.value}{remedy}",
    )


def _tests(result: Result) -> Iterator[Annotation]:
    for stage in result.stages:
        for members in group(failed(stage.tests)):
            yield _failure(members, _level(stage))


def _failure(members: FailureGroup, level: Severity) -> Annotation:
    test = members.first
    parts = [test.message or test.status.value]
    others = members.tests[1:]
    if others:
        names = ", ".join(one_line(other.id, 200) for other in others[:ALIKE])
        more = f" and {len(others) - ALIKE:,} more" if len(others) > ALIKE else ""
        parts.append(f"The same cause in {count(len(others), 'more test')}: {names}{more}")
    if test.details:
        parts.append(useful_lines(test.details))
    title = f"{test.id} {'failed' if test.status is Status.FAILED else test.status.value}"
    message = "\n\n".join(parts)
    return Annotation(level=level, title=title, message=message, file=test.file, line=test.line)


def _findings(result: Result) -> Iterator[Annotation]:
    """A finding each while there are few, else one for each rule or message of a tool."""
    by_level: dict[Severity, list[Diagnostic]] = {}
    for stage in result.stages:
        for finding in stage.diagnostics:
            level = max(finding.severity, _level(stage), key=list(Severity).index)
            by_level.setdefault(level, []).append(finding)
    for level, found in by_level.items():
        many = len(found) > MAX_ANNOTATIONS
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
