"""Merge the results of several jobs: shards, a matrix, attempts."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import TypeVar

from heroci_action.analysis import gates
from heroci_action.analysis.attempts import latest_attempts
from heroci_action.analysis.coverage import merge_coverage
from heroci_action.analysis.shards import ShardMismatch, find_mismatch, is_sharded
from heroci_action.results.coverage import Coverage
from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.text import count

H = TypeVar("H", bound=Hashable)

_WORST_FIRST = (Status.CANCELLED, Status.ERRORED, Status.FAILED, Status.PASSED, Status.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The result of a job; `offset` is its start in seconds after the start of the first job."""

    label: str
    result: Result
    offset: float

    @property
    def end(self) -> float:
        """The end of the job, in seconds after the start of the first one."""
        return self.offset + self.result.duration


def merge(results: Mapping[str, Result]) -> Result:
    """Combine the results of several jobs, by label.

    Stages with the same name become one stage with the steps of all jobs. A test that failed in one job and passed in
    another has failed; only attempts of one job are reruns, see `latest_attempts`. A line is covered if any job ran it.
    The stage of the gates is dropped: `missed_limits` returns what of it still counts. A missing shard is an error,
    because some tests did not run.
    """
    parts = _parts(latest_attempts(results))
    whole = [part.result for part in parts]
    return replace(
        whole[0],
        engine=_common(one.engine for one in whole) or "",
        engine_reason="",
        commit=_common(one.commit for one in whole),
        python=_common(one.python for one in whole),
        duration=max(part.end for part in parts),
        stages=_stages(parts),
        coverage=merge_coverage(_coverages(whole)),
        shard=None,
        partial="; ".join(_distinct((one.partial,) for one in whole if one.partial)) or None,
        changed=None,
        comparison=None,
        history=(),
        attempt=max(one.attempt for one in whole),
        warnings=tuple(_warnings(parts)),
        left_out=_distinct(one.left_out for one in whole),
    )


def _stages(parts: Sequence[Part]) -> tuple[StageResult, ...]:
    names = dict.fromkeys(stage.name for part in parts for stage in part.result.stages)
    mismatch = find_mismatch([part.result for part in parts])
    return tuple(
        _incomplete(_stage(name, parts), mismatch) for name in names if name != gates.STAGE
    )


def job_problems(results: Mapping[str, Result]) -> dict[str, str]:
    """Return the jobs, by label, whose stages alone would look better than the job was, with the reason.

    Such a job was interrupted, HeroCI itself failed, or its result contradicts itself.
    """
    found = {label: _problem(result) for label, result in latest_attempts(results).items()}
    return {label: f"{label}: {problem}" for label, problem in found.items() if problem}


def _problem(result: Result) -> str | None:
    passed = result.status is Status.PASSED and not result.exit_code
    if not passed and not any(map(_fails, result.stages)):
        return f"the job ended with status {result.status} and exit code {result.exit_code}"
    if passed and all(stage.status is Status.SKIPPED for stage in result.stages):
        return "the job passed, but none of its stages ran"
    return next(filter(None, map(_contradiction, result.stages)), None)


def _contradiction(stage: StageResult) -> str | None:
    """Return how the contents of a passed stage contradict its status."""
    if stage.optional or _fails(stage):
        return None
    tests = sum(test.status.is_unsuccessful for test in stage.tests)
    steps = sum(step.status.is_unsuccessful or bool(step.problems) for step in stage.steps)
    if not tests and not steps:
        return None
    bad = count(tests, "failed test") if tests else count(steps, "failed step")
    return f"stage {stage.name!r} {stage.status}, but contains {bad}"


def missed_limits(results: Mapping[str, Result], judged: Container[str]) -> Iterator[StepResult]:
    """Yield the limits that a job did not meet, named after it, except those `judged` for all jobs together."""
    for label, result in latest_attempts(results).items():
        limits = (
            step for stage in result.stages if stage.name == gates.STAGE for step in stage.steps
        )
        for step in limits:
            if step.status.is_failure and step.name not in judged:
                remedy = f"to judge all jobs together instead, pass --{step.name} to `heroci merge`"
                yield replace(step, name=f"{label}/{step.name}", remedy=remedy)


def _fails(stage: StageResult) -> bool:
    return stage.status.is_unsuccessful and not stage.optional


def _incomplete(stage: StageResult, mismatch: ShardMismatch | None) -> StageResult:
    if mismatch is None or not is_sharded(stage) or stage.status is Status.CANCELLED:
        return stage
    return replace(stage, status=Status.ERRORED, reason=mismatch.reason, remedy=mismatch.remedy)


def _parts(results: Mapping[str, Result]) -> list[Part]:
    """Return the jobs in the order of their starts."""
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


def _common(values: Iterable[str | None]) -> str | None:
    """Return the common value, None if the values differ."""
    first, *others = set(values)
    return None if others else first


def _stage(name: str, parts: Sequence[Part]) -> StageResult:
    """Combine the stages of this name; jobs that skipped it do not count if another one ran it."""
    pairs = _named(name, parts)
    ran = [pair for pair in pairs if pair[1].status is not Status.SKIPPED] or pairs
    stages = [stage for _, stage in pairs]
    start, end = _window(ran)
    status = worst(stage.status for _, stage in ran)
    reason, remedy = _cause(ran, status)
    return StageResult(
        name=name,
        emoji=stages[0].emoji,
        needs=_distinct(stage.needs for stage in stages),
        optional=all(stage.optional for stage in stages),
        status=status,
        started=start,
        duration=end - start,
        reason=reason,
        remedy=remedy,
        steps=tuple(_steps(ran)),
        warnings=_distinct(stage.warnings for stage in stages),
    )


def _named(name: str, parts: Sequence[Part]) -> list[tuple[Part, StageResult]]:
    return [(part, stage) for part in parts for stage in part.result.stages if stage.name == name]


def _window(ran: Sequence[tuple[Part, StageResult]]) -> tuple[float, float]:
    """Return when the first of these stages started and the last one ended."""
    starts = [part.offset + stage.started for part, stage in ran]
    ends = [start + stage.duration for start, (_, stage) in zip(starts, ran, strict=True)]
    return min(starts), max(ends)


def _cause(
    ran: Sequence[tuple[Part, StageResult]], status: Status
) -> tuple[str | None, str | None]:
    """Return the reason and the remedy of the first stage with this status that has a reason."""
    causes = (
        (stage.reason, stage.remedy) for _, stage in ran if stage.status is status and stage.reason
    )
    return next(causes, (None, None))


def _coverages(results: Iterable[Result]) -> list[Coverage]:
    return [result.coverage for result in results if result.coverage]


def _distinct(groups: Iterable[Iterable[H]]) -> tuple[H, ...]:
    """Return the values of all groups, each once."""
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst status; passed if there is none."""
    found = set(statuses)
    return next((status for status in _WORST_FIRST if status in found), Status.PASSED)


def _steps(stages: Sequence[tuple[Part, StageResult]]) -> Iterator[StepResult]:
    """Yield the steps of all jobs, named after the job if several ran the stage."""
    for part, stage in stages:
        for step in stage.steps:
            name = f"{part.label}/{step.name}" if len(stages) > 1 else step.name
            yield replace(step, name=name, started=part.offset + step.started)


def _warnings(parts: Sequence[Part]) -> Iterator[str]:
    commits = {part.result.commit for part in parts if part.result.commit}
    if len(commits) > 1:
        names = ", ".join(sorted(commit[:12] for commit in commits))
        yield f"the results belong to different commits: {names}"
    seen: dict[str, list[str]] = {}
    for part in parts:
        for text in part.result.warnings:
            seen.setdefault(text, []).append(part.label)
    for text, labels in seen.items():
        yield text if len(labels) == len(parts) else f"{', '.join(labels)}: {text}"
