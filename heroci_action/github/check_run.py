"""A check run with more annotations than a step may have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from heroci_action.github.api import Api
from heroci_action.github.commands import Annotation
from heroci_action.results.records import Severity, Status
from heroci_action.text import clip, printable

PORTION = 50  # annotations of one request
MAX_ANNOTATIONS = 1_000  # that are sent: twenty requests, so that secondary limits are kept
MAX_SUMMARY = 65_535  # characters
MAX_MESSAGE = 16_000  # characters, in at most 64 KiB
MAX_TITLE = 255  # characters
"""Source: https://docs.github.com/en/rest/checks/runs"""

LEVELS = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.NOTICE: "notice"}
CONCLUSIONS = {Status.PASSED: "success", Status.CANCELLED: "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """What is shown at a commit."""

    name: str
    commit: str
    status: Status
    title: str
    summary: str
    annotations: Sequence[Annotation] = ()


def publish_check_run(api: Api, check: CheckRun) -> None:
    """Make the check run, then add the annotations that did not fit into the first request. Raises ApiError."""
    first, *others = _portions(check.annotations)
    made = api.post(
        api.repository("check-runs"),
        {
            "name": check.name,
            "head_sha": check.commit,
            "status": "completed",
            "conclusion": CONCLUSIONS.get(check.status, "failure"),
            "output": _output(check, first),
        },
        repeatable=True,  # of two of one name, the later one is shown
    )
    for portion in others:
        path = api.repository(f"check-runs/{made['id']}")
        api.patch(path, {"output": _output(check, portion)})


def _output(check: CheckRun, portion: list[dict[str, Any]]) -> dict[str, Any]:
    """The texts are sent with each portion: they are what an update leaves there."""
    return {
        "title": clip(printable(check.title), MAX_TITLE),
        "summary": clip(check.summary, MAX_SUMMARY),
        "annotations": portion,
    }


def _portions(notes: Sequence[Annotation]) -> list[list[dict[str, Any]]]:
    """At least one, which may be empty."""
    records = list(_records(notes))[:MAX_ANNOTATIONS]
    return [records[start : start + PORTION] for start in range(0, len(records), PORTION)] or [[]]


def _records(notes: Sequence[Annotation]) -> Iterator[dict[str, Any]]:
    """Those that stand somewhere; a check run has no place for the others but its summary."""
    for note in notes:
        if note.file:
            line = note.line or 1
            last = max(line, note.end_line or line)
            record: dict[str, Any] = {
                "path": note.file,
                "start_line": line,
                "end_line": last,
                "annotation_level": LEVELS[note.level],
                "message": clip(printable(note.message) or "…", MAX_MESSAGE),
            }
            if note.title:
                record["title"] = clip(printable(note.title), MAX_TITLE)
            if note.column and last == line:
                record["start_column"] = record["end_column"] = note.column
            yield record
