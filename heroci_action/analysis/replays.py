"""The stages that were replayed from earlier runs, and the time that this saved."""

from __future__ import annotations

from dataclasses import replace

from heroci_action.analysis.critical_path import critical_path
from heroci_action.results.provenance import Origin
from heroci_action.results.records import Result
from heroci_action.text import count, seconds

_COMMIT = 12  # digits


def describe_replays(result: Result) -> str | None:
    """Return a sentence about the replayed stages; None if every stage really ran.

    The time saved is the length of the critical path with the original times, without what the replay took.
    """
    replayed = [stage for stage in result.stages if stage.origin is not None]
    origins = {_run(stage.origin): None for stage in replayed if stage.origin}
    if not replayed:
        return None
    names = ", ".join(stage.name for stage in replayed)
    original = tuple(
        replace(stage, duration=stage.origin.stage_duration) if stage.origin else stage
        for stage in result.stages
    )
    length = sum(stage.duration for stage in critical_path(original))
    actual = sum(stage.duration for stage in critical_path(result.stages))
    runs = next(iter(origins)) if len(origins) == 1 else f"{count(len(origins), 'earlier run')}"
    return f"{names}: replayed from {runs}, {seconds(max(length - actual, 0))} saved"


def _run(origin: Origin) -> str:
    """Return the start of a run, its commit and its page."""
    moment = origin.started_at.replace("T", " ")[:16]
    commit = f", commit {origin.commit[:_COMMIT]}" if origin.commit else ""
    page = f", {origin.url}" if origin.url else ""
    return f"the run of {moment} UTC{commit}{page}"
