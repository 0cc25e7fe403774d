"""The commit and the pull request of an event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from heroci_action.github.event import Event

HEAD = "b" * 40


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (
            {"pull_request": {"number": 7, "head": {"sha": HEAD}}},
            Event(commit=HEAD, pull_request=7),
        ),
        (
            {"workflow_run": {"head_sha": HEAD, "pull_requests": [{"number": 7}]}},
            Event(commit=HEAD, pull_request=7),
        ),
        (
            {
                "workflow_run": {
                    "head_sha": HEAD,
                    "head_branch": "fix",
                    "head_repository": {"owner": {"login": "ann"}},
                    "pull_requests": [],
                }
            },
            Event(commit=HEAD, branch="ann:fix"),
        ),
        ({"workflow_run": {"head_sha": HEAD, "head_repository": None}}, Event(commit=HEAD)),
        ({"ref": "refs/heads/main"}, Event()),
        ({}, Event()),
    ],
)
def test_event_contains_the_commit_and_the_pull_request(
    payload: dict[str, Any], event: Event
) -> None:
    assert Event.parse(payload) == event


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"pull_request": {"number": 5, "head": 3}}',
        b'{"pull_request": [7]}',
        b'{"pull_request": {"number": {}, "head": {"sha": "a"}}}',
        b'{"workflow_run": {"head_sha": "a", "pull_requests": {"0": 1}}}',
        b'{"workflow_run": {"head_repository": {"owner": {"login": "a"}}}}',
    ],
)
def test_file_of_another_shape_is_an_empty_event(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "event.json").write_bytes(content)
    assert Event.read(tmp_path / "event.json") == Event()


def test_missing_file_is_an_empty_event(tmp_path: Path) -> None:
    assert Event.read(None) == Event.read(tmp_path / "none") == Event()


def test_reads_the_event_file(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(
        json.dumps({"pull_request": {"number": 3, "head": {"sha": HEAD}}})
    )
    assert Event.read(tmp_path / "event.json").pull_request == 3
