"""The stages that were replayed from earlier runs, and the time that this saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from heroci_action.analysis.critical_path import critical_path
from heroci_action.results.provenance import Origin
from heroci_action.results.records import Result, StageResult
from heroci_action.text import count, seconds

_COMMIT = 12  # digits


def describe_replays(result: Result) -> str | None:
    """Return a sentence about the replayed stages; None if every stage really ran.

    The time saved is the length of the critical path with the original times, minus its length in this run.
    """
    replayed = {stage.name: stage.origin for stage in result.stages if stage.origin}
    if not replayed:
        return None
    origins = dict.fromkeys(map(_run, replayed.values()))
    runs = next(iter(origins)) if len(origins) == 1 else count(len(origins), "earlier run")
    saved = _length(map(_original, result.stages)) - _length(result.stages)
    return f"{', '.join(replayed)}: replayed from {runs}, {seconds(max(saved, 0))} saved"


def _original(stage: StageResult) -> StageResult:
    """Return a stage with the time that it took when it really ran."""
    return replace(stage, duration=stage.origin.stage_duration) if stage.origin else stage


def _length(stages: Iterable[StageResult]) -> float:
    return sum(stage.duration for stage in critical_path(tuple(stages)))


def _run(origin: Origin) -> str:
    """Return the start of a run, its commit and its page."""
    moment = origin.started_at.replace("T", " ")[:16]
    commit = f", commit {origin.commit[:_COMMIT]}" if origin.commit else ""
    page = f", {origin.url}" if origin.url else ""
    return f"the run of {moment} UTC{commit}{page}"
