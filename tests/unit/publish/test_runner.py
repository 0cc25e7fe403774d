"""What GitHub's runner gets from a result."""

from __future__ import annotations

import io
from pathlib import Path

from heroci_action.github.context import GitHubContext
from heroci_action.github.environment import MAX_SUMMARY
from heroci_action.publish.runner import write_annotations, write_outputs, write_summary
from heroci_action.results.records import Status
from tests.unit.builders import case, failures, run_of
from tests.unit.github.runner import obeyed, outputs

RESULT = run_of(case("a", Status.FAILED, file="a.py", line=3))


def test_annotations_are_commands_with_a_place() -> None:
    stdout = io.StringIO()

    assert write_annotations(RESULT, stdout, tracked=None) is None

    assert [found.properties["line"] for found in obeyed(stdout.getvalue())] == ["3"]


def test_outputs_name_reports_relative_to_the_workspace_if_they_are_inside(tmp_path: Path) -> None:
    github = GitHubContext(workspace=tmp_path / "work", output=tmp_path / "o")
    paths = {
        "junit.xml": tmp_path / "work/r/junit.xml",
        "report.html": tmp_path / "out/report.html",
    }

    assert write_outputs(RESULT, github, paths) is None

    found = outputs((tmp_path / "o").read_text())
    assert (found["status"], found["failed"]) == ("failed", "1")
    assert found["junit-path"] == "r/junit.xml"
    assert found["html-path"] == str(tmp_path / "out/report.html")
    assert found["coverage-path"] == ""


def test_the_summary_takes_only_the_room_that_is_left(tmp_path: Path) -> None:
    summary = tmp_path / "s"
    summary.write_bytes(b"x" * (MAX_SUMMARY - 100_000))

    result = run_of(*failures(5_000, causes=50))
    write_summary(result, GitHubContext(workspace=tmp_path, step_summary=summary))

    assert MAX_SUMMARY - 50_000 < summary.stat().st_size < MAX_SUMMARY


def test_a_file_of_the_runner_that_cannot_be_written_is_named_with_its_variable(
    tmp_path: Path,
) -> None:
    github = GitHubContext(workspace=tmp_path, output=tmp_path / "gone/o", step_summary=tmp_path)

    problems = [write_outputs(RESULT, github, {}), write_summary(RESULT, github)]

    assert [(problem.cause, problem.remedy) for problem in problems if problem] == [
        (
            "cannot write the outputs of the step: No such file or directory",
            f"check the environment variable GITHUB_OUTPUT, which names {str(tmp_path / 'gone/o')!r}",
        ),
        (
            "cannot write the job summary: Is a directory",
            f"check the environment variable GITHUB_STEP_SUMMARY, which names {str(tmp_path)!r}",
        ),
    ]
