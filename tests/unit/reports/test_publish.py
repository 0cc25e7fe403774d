from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from heroci_action.github.context import GitHubContext
from heroci_action.github.environment import MAX_SUMMARY
from heroci_action.output_directory import MARK, REPORTS, prepare
from heroci_action.reports import publish as module
from heroci_action.reports.publish import Published, publish
from heroci_action.results.records import Coverage, FileCoverage, Result, Status
from heroci_action.results.serialise import load
from tests.unit.builders import case, failures, run, run_of, stage, step
from tests.unit.github.runner import obeyed, outputs

RESULT = run(
    stage(
        "tests",
        step("tests", Status.FAILED, tests=(case("a", Status.FAILED, file="a.py", line=3),)),
    ),
    coverage=Coverage(files=(FileCoverage(path="a.py", covered=(1,)),)),
)


def published(output: Path, result: Result = RESULT) -> Published:
    return publish(result, output=output, github=None, stdout=io.StringIO())


def on_github(workspace: Path) -> GitHubContext:
    return GitHubContext(workspace=workspace, output=workspace / "o", step_summary=workspace / "s")


def test_every_report_is_written(tmp_path: Path) -> None:
    done = published(tmp_path / "new" / "reports")

    assert done.problems == ()
    assert sorted(done.paths) == sorted(REPORTS)
    assert load(done.paths["heroci-result.json"].read_bytes()) == RESULT
    assert done.paths["junit.xml"].read_bytes().startswith(b"<?xml")
    assert json.loads(done.paths["coverage.json"].read_bytes())["totals"]["covered_lines"] == 1
    assert done.paths["summary.md"].read_text(encoding="utf-8").startswith("# ❌ project")


def test_no_temporary_file_stays(tmp_path: Path) -> None:
    published(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(REPORTS)


def test_coverage_of_a_former_run_does_not_stay(tmp_path: Path) -> None:
    published(tmp_path)

    done = published(tmp_path, run_of(case("a")))

    assert "coverage.xml" not in done.paths
    assert not (tmp_path / "coverage.xml").exists()


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "junit.xml").symlink_to(precious)

    published(tmp_path / "out")

    assert precious.read_text() == "mine"
    assert not (tmp_path / "out" / "junit.xml").is_symlink()


def test_one_report_that_cannot_be_written_does_not_cost_the_others(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    (tmp_path / "junit.xml" / "in the way").touch()

    done = published(tmp_path)

    assert sorted(done.paths) == sorted(set(REPORTS) - {"junit.xml"})
    (problem,) = done.problems
    assert problem.cause.startswith("junit.xml could not be written: ")
    assert "--output" in problem.remedy


def test_a_bug_in_one_report_does_not_cost_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(result: Result) -> bytes:
        raise ZeroDivisionError(result.project)

    monkeypatch.setitem(module.RENDERERS, "coverage.xml", broken)

    done = published(tmp_path)

    assert sorted(done.paths) == sorted(set(REPORTS) - {"coverage.xml"})
    assert done.problems[0].cause == ("coverage.xml could not be made: ZeroDivisionError: project")


def test_a_file_in_the_place_of_the_directory_is_a_problem_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = published(tmp_path / "file")

    assert done.paths == {}
    assert {problem.remedy for problem in done.problems} == {
        "a file stands where the directory should be: name another one with --output"
    }


FILL = """
import io, resource, signal, sys
from pathlib import Path
from heroci_action.reports.publish import publish
from heroci_action.results.serialise import load
result = load(Path(sys.argv[1]).read_bytes())
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
done = publish(result, output=Path(sys.argv[2]), github=None, stdout=io.StringIO())
print(sorted(done.paths), [problem.cause for problem in done.problems])
"""


def test_a_report_that_does_not_fit_on_the_disk_leaves_no_half_of_itself(tmp_path: Path) -> None:
    """The kernel refuses to write more than a limit, as it does on a full disk."""
    done = published(tmp_path / "first", run_of(*failures(200, causes=1)))

    call = (sys.executable, "-c", FILL, done.paths["heroci-result.json"], tmp_path / "second")
    said = subprocess.run(call, check=True, capture_output=True, text=True).stdout

    assert "summary.md" in said
    assert "heroci-result.json could not be written: File too large" in said
    left = sorted(path.name for path in (tmp_path / "second").iterdir())
    assert left == ["report.sarif", "summary.md"]


def test_github_gets_annotations_summary_and_outputs(tmp_path: Path) -> None:
    stdout = io.StringIO()
    github = on_github(tmp_path)

    done = publish(RESULT, output=tmp_path / "reports", github=github, stdout=stdout)

    assert done.problems == ()
    assert [found.properties["line"] for found in obeyed(stdout.getvalue())] == ["3"]
    assert (tmp_path / "s").read_bytes() == done.paths["summary.md"].read_bytes()
    found = outputs((tmp_path / "o").read_text())
    assert (found["status"], found["failed"]) == ("failed", "1")
    assert found["junit-path"] == "reports/junit.xml"
    assert found["coverage-path"] == "reports/coverage.xml"


def test_a_report_outside_of_the_workspace_is_named_in_full(tmp_path: Path) -> None:
    github = GitHubContext(workspace=tmp_path / "work", output=tmp_path / "o")

    publish(RESULT, output=tmp_path / "out", github=github, stdout=io.StringIO())

    assert outputs((tmp_path / "o").read_text())["junit-path"] == str(tmp_path / "out/junit.xml")


def test_the_summary_takes_only_the_room_that_is_left(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"x" * (MAX_SUMMARY - 100_000))

    result = run_of(*failures(5_000, causes=50))
    publish(result, output=tmp_path / "r", github=on_github(tmp_path), stdout=io.StringIO())

    assert MAX_SUMMARY - 50_000 < (tmp_path / "s").stat().st_size < MAX_SUMMARY


def test_a_runner_that_takes_no_outputs_is_a_problem_and_no_more(tmp_path: Path) -> None:
    github = GitHubContext(workspace=tmp_path, output=tmp_path / "gone" / "o")

    done = publish(RESULT, output=tmp_path / "r", github=github, stdout=io.StringIO())

    assert sorted(done.paths) == sorted(REPORTS)
    assert [problem.cause for problem in done.problems] == [
        "the step's outputs could not be written: No such file or directory"
    ]


def test_a_directory_that_heroci_makes_is_ignored_by_git(tmp_path: Path) -> None:
    prepare(tmp_path / "reports")

    assert (tmp_path / "reports" / ".gitignore").read_text() == MARK


def test_what_a_former_run_left_is_removed_from_its_own_directory(tmp_path: Path) -> None:
    own = tmp_path / "own"
    prepare(own)
    (own / "logs").mkdir()
    (own / "logs" / "a.b.log").touch()
    (own / "junit.xml").touch()

    prepare(own)

    assert [path.name for path in own.rglob("*") if path.is_file()] == [".gitignore"]


@pytest.mark.parametrize("ignored", [None, "*.log\n"])
def test_what_is_somebody_elses_stays(tmp_path: Path, ignored: str | None) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "server.log").touch()
    if ignored:
        (tmp_path / ".gitignore").write_text(ignored)

    prepare(tmp_path)

    assert (tmp_path / "logs" / "server.log").exists()
    assert (tmp_path / ".gitignore").exists() == bool(ignored)
