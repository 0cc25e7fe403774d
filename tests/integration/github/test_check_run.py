"""The check run and its annotations."""

from __future__ import annotations

import pytest

from heroci_action.github.api import ApiError
from heroci_action.github.check_run import CheckRun, publish_check_run
from heroci_action.github.commands import Annotation
from heroci_action.results.records import Severity, Status
from tests.integration.github.server import Fault, GitHub
from tests.integration.github.test_api import api_of

COMMIT = "a" * 40


def notes(number: int) -> list[Annotation]:
    return [
        Annotation(level=Severity.ERROR, message=f"note {index}", file="a.py", line=index + 1)
        for index in range(number)
    ]


def check(github: GitHub, *annotations: Annotation, **options: object) -> None:
    defaults: dict[str, object] = {
        "name": "HeroCI",
        "commit": COMMIT,
        "status": Status.FAILED,
        "title": "title",
        "summary": "summary",
        "annotations": annotations,
    }
    with api_of(github) as api:
        publish_check_run(api, CheckRun(**(defaults | options)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "requests"), [(0, 1), (1, 1), (50, 1), (51, 2), (120, 3), (1_000, 20), (1_001, 20)]
)
def test_annotations_are_sent_in_batches_of_fifty(
    github: GitHub, number: int, requests: int
) -> None:
    check(github, *notes(number))

    assert len(github.requests) == requests
    sent = [note["message"] for note in github.checks[0]["annotations"]]
    assert sent == [note.message for note in notes(number)][:1_000]
    assert len(github.checks) == 1


@pytest.mark.parametrize(
    ("status", "conclusion"),
    [
        (Status.PASSED, "success"),
        (Status.FAILED, "failure"),
        (Status.ERRORED, "failure"),
        (Status.CANCELLED, "cancelled"),
    ],
)
def test_conclusion_follows_the_status(github: GitHub, status: Status, conclusion: str) -> None:
    check(github, status=status)
    made = github.checks[0]
    assert (made["status"], made["conclusion"], made["head_sha"]) == (
        "completed",
        conclusion,
        COMMIT,
    )


def test_annotation_has_a_location(github: GitHub) -> None:
    check(
        github,
        Annotation(level=Severity.WARNING, message="m", title="t", file="a.py", line=3, column=5),
        Annotation(level=Severity.NOTICE, message="", file="b.py", line=3, end_line=9, column=5),
        Annotation(level=Severity.ERROR, message="nowhere"),
        Annotation(level=Severity.ERROR, message="whole file\x1b[31m\x00", file="c.py"),
    )
    first, second, third = github.checks[0]["annotations"]
    assert first == {
        "path": "a.py",
        "start_line": 3,
        "end_line": 3,
        "start_column": 5,
        "end_column": 5,
        "annotation_level": "warning",
        "message": "m",
        "title": "t",
    }
    assert (second["start_line"], second["end_line"], "start_column" in second) == (3, 9, False)
    assert (third["start_line"], third["message"]) == (1, "whole file\ufffd")


def test_long_texts_are_cut(github: GitHub) -> None:
    huge = "😀" * 100_000
    note = Annotation(level=Severity.ERROR, message=huge, title=huge, file="a.py", line=1)
    check(github, note, title=huge, summary=huge)
    assert len(github.checks[0]["annotations"][0]["message"].encode()) <= 65_536


def test_outage_between_batches_duplicates_no_annotation(github: GitHub) -> None:
    github.faults = [Fault(status=502, method="PATCH")]
    check(github, *notes(120))
    assert len(github.checks[0]["annotations"]) == 120


def test_unknown_commit_is_reported(github: GitHub) -> None:
    with pytest.raises(ApiError, match="rejected the request"):
        check(github, commit="nonsense")
