"""Publish a check run, which may have more annotations than a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from heroci_action.github.api import Api
from heroci_action.github.commands import Annotation
from heroci_action.results.records import Severity, Status
from heroci_action.text import clip, printable

# https://docs.github.com/en/rest/checks/runs
BATCH = 50
"""Annotations per request."""
MAX_ANNOTATIONS = 1_000
"""Twenty requests, which stay below the secondary rate limits."""
# In characters; GitHub limits messages to 64 KiB.
MAX_SUMMARY = 65_535
MAX_MESSAGE = 16_000
MAX_TITLE = 255

LEVELS = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.NOTICE: "notice"}
CONCLUSIONS = {Status.PASSED: "success", Status.CANCELLED: "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """A check run of a commit."""

    name: str
    commit: str
    status: Status
    title: str
    summary: str
    annotations: Sequence[Annotation] = ()


def publish_check_run(api: Api, check: CheckRun) -> None:
    """Create the check run, then add the annotations beyond the first request. Raise ApiError."""
    first, *others = _batches(check.annotations)
    created = api.post(
        api.repository("check-runs"),
        {
            "name": check.name,
            "head_sha": check.commit,
            "status": "completed",
            "conclusion": CONCLUSIONS.get(check.status, "failure"),
            "output": _output(check, first),
        },
        # GitHub shows only the newer one of two check runs with the same name.
        repeatable=True,
    )
    for batch in others:
        path = api.repository(f"check-runs/{created['id']}")
        api.patch(path, {"output": _output(check, batch)})


def _output(check: CheckRun, batch: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the output object; an update without title and summary would remove them."""
    return {
        "title": clip(printable(check.title), MAX_TITLE),
        "summary": clip(check.summary, MAX_SUMMARY),
        "annotations": batch,
    }


def _batches(notes: Sequence[Annotation]) -> list[list[dict[str, Any]]]:
    """Return the annotations in batches; at least one, which may be empty."""
    records = list(_records(notes))[:MAX_ANNOTATIONS]
    return [records[start : start + BATCH] for start in range(0, len(records), BATCH)] or [[]]


def _records(notes: Sequence[Annotation]) -> Iterator[dict[str, Any]]:
    """Yield the annotations with a file; a check run can show the others only in its summary."""
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
