"""Several results become one: those of shards, of the jobs of a matrix, of attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from heroci_action.analysis import gates
from heroci_action.analysis.coverage import united
from heroci_action.analysis.flaky import WINDOW, settle
from heroci_action.analysis.shards import Misfit, is_sharded, misfit
from heroci_action.results.records import Result, StageResult, Status, StepResult

_WORST_FIRST = (Status.CANCELLED, Status.ERRORED, Status.FAILED, Status.PASSED, Status.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A result with the name of the job that it came from; `offset` is in seconds from the start of the first one."""

    label: str
    result: Result
    offset: float


def merge(results: Mapping[str, Result]) -> Result:
    """The results, by the names of their jobs, as one.

    Stages of one name are one stage with the steps of all; a test counts once, by the rules of `settle`. Lines are
    covered where they were in one of the results. The stage of the limits is left out: they are judged anew. Where a
    shard is missing, tests were not run that should have been: that is an error, whatever the others say.
    """
    parts = _parts(results)
    whole = [part.result for part in parts]
    first = whole[0]
    names = dict.fromkeys(stage.name for one in whole for stage in one.stages)
    unfit = misfit(whole)
    stages = tuple(_incomplete(_stage(name, parts), unfit) for name in names if name != gates.STAGE)
    ends = [part.offset + part.result.duration for part in parts]
    return replace(
        first,
        engine=_common([one.engine for one in whole]) or "",
        engine_reason="",
        commit=_common([one.commit for one in whole]),
        python=_common([one.python for one in whole]),
        duration=max(ends),
        stages=stages,
        coverage=united([one.coverage for one in whole if one.coverage]),
        shard=None,
        changed=None,
        comparison=None,
        attempt=max(one.attempt for one in whole),
        warnings=tuple(_warnings(parts)),
    )


def _incomplete(stage: StageResult, unfit: Misfit | None) -> StageResult:
    if unfit is None or not is_sharded(stage) or stage.status is Status.CANCELLED:
        return stage
    return replace(stage, status=Status.ERRORED, reason=unfit.reason, remedy=unfit.remedy)


def _parts(results: Mapping[str, Result]) -> list[Part]:
    """In the order of their starts, so that the last run of a test is the one that counts."""
    starts = {label: _start(result) for label, result in results.items()}
    known = [start for start in starts.values() if start]
    first = min(known) if known else None
    parts = [
        Part(label=label, result=result, offset=_offset(starts[label], first))
        for label, result in results.items()
    ]
    return sorted(parts, key=lambda part: part.offset)


def _start(result: Result) -> datetime | None:
    try:
        start = datetime.fromisoformat(result.started_at)
    except ValueError:
        return None
    return start if start.tzinfo else start.replace(tzinfo=UTC)


def _offset(start: datetime | None, first: datetime | None) -> float:
    return (start - first).total_seconds() if start and first else 0.0


def _common(values: Sequence[str | None]) -> str | None:
    """The value that all have; None where they differ."""
    return values[0] if len(set(values)) == 1 else None


def _stage(name: str, parts: Sequence[Part]) -> StageResult:
    mine = [(part, stage) for part in parts for stage in part.result.stages if stage.name == name]
    ran = [pair for pair in mine if pair[1].status is not Status.SKIPPED] or mine
    begin = min(part.offset + stage.started for part, stage in ran)
    end = max(part.offset + stage.started + stage.duration for part, stage in ran)
    steps = settle(tuple(_steps(ran)))
    status = _status([stage for _, stage in ran], steps)
    told = next((stage for _, stage in ran if stage.status is status and stage.reason), None)
    return StageResult(
        name=name,
        emoji=mine[0][1].emoji,
        needs=tuple(dict.fromkeys(need for _, stage in mine for need in stage.needs)),
        optional=all(stage.optional for _, stage in mine),
        status=status,
        started=begin,
        duration=end - begin,
        reason=told.reason if told else None,
        remedy=told.remedy if told else None,
        steps=steps,
        warnings=tuple(dict.fromkeys(text for _, stage in mine for text in stage.warnings)),
    )


def _status(stages: Sequence[StageResult], steps: Sequence[StepResult]) -> Status:
    """The worst of the stages; where flaky tests were all that failed, that of the steps as they are now."""
    ends = {stage.status for stage in stages}
    worst = next((status for status in _WORST_FIRST if status in ends), Status.PASSED)
    healed = worst is Status.FAILED and bool(steps)
    if healed and not any(step.status in (Status.FAILED, Status.ERRORED) for step in steps):
        return Status.PASSED
    return worst


def _steps(stages: Sequence[tuple[Part, StageResult]]) -> Iterator[StepResult]:
    """The steps with the job in front of names that several have, and when and where they ran."""
    uses = Counter(step.name for _, stage in stages for step in stage.steps)
    for part, stage in stages:
        for step in stage.steps:
            name = f"{part.label}/{step.name}" if uses[step.name] > 1 else step.name
            yield replace(
                step,
                name=name,
                started=part.offset + step.started,
                facts={**_window(part), **step.facts},
            )


def _window(part: Part) -> dict[str, str]:
    """Jobs are machines of their own; what a report file says of its host and time is more exact."""
    start = _start(part.result)
    if start is None:
        return {}
    try:
        end = start + timedelta(seconds=part.result.duration)
    except OverflowError:
        return {}
    values = {"host": part.label, "began": start.isoformat(), "ended": end.isoformat()}
    assert values.keys() == WINDOW  # noqa: S101  the names are in another module
    return values


def _warnings(parts: Sequence[Part]) -> Iterator[str]:
    commits = {part.result.commit for part in parts if part.result.commit}
    if len(commits) > 1:
        names = ", ".join(sorted(commit[:12] for commit in commits))
        yield f"the results are of different commits: {names}"
    seen: dict[str, list[str]] = {}
    for part in parts:
        for text in part.result.warnings:
            seen.setdefault(text, []).append(part.label)
    for text, labels in seen.items():
        yield text if len(labels) == len(parts) else f"{', '.join(labels)}: {text}"
