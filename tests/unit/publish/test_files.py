"""Report files: written completely or not at all, and none of them prevents another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heroci_action.output_directory import REPORTS
from heroci_action.publish import files
from heroci_action.publish.files import Repository, Written, write_reports
from heroci_action.results.coverage import Coverage, FileCoverage
from heroci_action.results.records import Result, Status
from heroci_action.results.serialise import load
from tests.unit.builders import case, run, run_of, stage, step

RESULT = run(
    stage(
        "tests",
        step("tests", Status.FAILED, tests=(case("a", Status.FAILED, file="a.py", line=3),)),
    ),
    coverage=Coverage(files=(FileCoverage(path="a.py", covered=(1,)),)),
)


def write(output: Path, result: Result = RESULT) -> Written:
    return write_reports(result, output, Repository(root=output))


def test_every_report_is_written(tmp_path: Path) -> None:
    done = write(tmp_path / "new" / "reports")

    assert done.problems == ()
    assert sorted(done.paths) == sorted(REPORTS)
    assert load(done.paths["heroci-result.json"].read_bytes()) == RESULT
    assert done.paths["junit.xml"].read_bytes().startswith(b"<?xml")
    assert json.loads(done.paths["coverage.json"].read_bytes())["totals"]["covered_lines"] == 1
    assert done.paths["summary.md"].read_text(encoding="utf-8").startswith("# ❌ project")
    names = {path.name for path in (tmp_path / "new" / "reports").iterdir()}
    assert names == {*REPORTS, ".gitignore"}


def test_coverage_of_an_earlier_run_is_removed(tmp_path: Path) -> None:
    write(tmp_path)

    done = write(tmp_path, run_of(case("a")))

    assert "coverage.xml" not in done.paths
    assert not (tmp_path / "coverage.xml").exists()


@pytest.mark.parametrize("name", ["junit.xml", "report.html"])
def test_a_link_with_the_name_of_a_report_is_replaced(tmp_path: Path, name: str) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(other)

    write(tmp_path / "out")

    assert other.read_text() == "mine"
    assert not (tmp_path / "out" / name).is_symlink()


def test_a_report_that_cannot_be_written_does_not_prevent_the_others(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    (tmp_path / "junit.xml" / "file").touch()

    done = write(tmp_path)

    assert sorted(done.paths) == sorted(set(REPORTS) - {"junit.xml"})
    (problem,) = done.problems
    assert problem.cause.startswith("cannot write junit.xml: ")
    assert "--output" in problem.remedy


def test_a_bug_in_a_renderer_does_not_prevent_the_other_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(result: Result) -> bytes:
        raise ZeroDivisionError(result.project)

    monkeypatch.setattr(files, "RENDERERS", {**files.RENDERERS, "coverage.xml": broken})

    done = write(tmp_path)

    assert sorted(done.paths) == sorted(set(REPORTS) - {"coverage.xml"})
    assert done.problems[0].cause == "cannot create coverage.xml: ZeroDivisionError: project"


def test_a_directory_that_cannot_be_created_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = write(tmp_path / "file")

    assert done.paths == {}
    (problem,) = done.problems
    assert problem.remedy.startswith("a file has the name of the directory")
