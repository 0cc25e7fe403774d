"""The action and GitHub's API: `command: report` against a server on loopback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.program import Run, call, environment
from tests.integration.github.server import REPOSITORY, TOKEN, Fault, GitHub, serving

HEAD = "c" * 40
PULL_REQUEST = {"pull_request": {"number": 7, "head": {"sha": HEAD}}}
FAILING = (
    '<testsuite tests="2"><testcase classname="test_it" name="test_a" file="test_it.py" line="0">'
    '<failure message="no">test_it.py:1: boom</failure></testcase>'
    '<testcase classname="test_it" name="test_b"/></testsuite>'
)


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub()) as github:
        yield github


def report(directory: Path, github: GitHub, *, event: object = PULL_REQUEST, **inputs: str) -> Run:
    """Run the action's report on a failing test."""
    (directory / "junit.xml").write_text(FAILING)
    (directory / "test_it.py").write_text("assert False\n")
    subprocess.run(["git", "init", "-q", str(directory)], check=True)
    subprocess.run(["git", "-C", str(directory), "add", "test_it.py"], check=True)
    (directory / "event.json").write_text(json.dumps(event))
    given = {"engine": "auto", "command": "report", "junit": "junit.xml", **inputs}
    env = environment(
        **{f"INPUT_{name.upper().replace('_', '-')}": value for name, value in given.items()},
        GITHUB_ACTIONS="true",
        GITHUB_API_URL=github.url,
        GITHUB_REPOSITORY=REPOSITORY,
        GITHUB_WORKFLOW="CI",
        GITHUB_JOB="tests",
        GITHUB_SHA="d" * 40,
        GITHUB_WORKSPACE=str(directory),
        GITHUB_EVENT_PATH=str(directory / "event.json"),
        GITHUB_OUTPUT=str(directory / "outputs"),
        NO_PROXY="127.0.0.1",
    )
    return call(directory=directory, env=env)


def warnings(run: Run) -> list[str]:
    return [line for line in run.stdout.splitlines() if line.startswith("::warning")]


def test_api_is_not_used_without_a_token(tmp_path: Path, github: GitHub) -> None:
    run = report(tmp_path, github, check_run="true", comment="true")
    assert run.exit_code == 1
    assert github.requests == []
    assert warnings(run) == []


def test_check_run_and_comment_are_created_and_updated(tmp_path: Path, github: GitHub) -> None:
    for _ in range(2):
        run = report(tmp_path, github, token=TOKEN, check_run="true", comment="true")
        assert (run.exit_code, warnings(run)) == (1, [])

    assert len(github.checks) == 2
    check = github.checks[-1]
    assert (check["head_sha"], check["conclusion"]) == (HEAD, "failure")
    assert check["name"] == "HeroCI (tests)"
    assert check["output"]["title"] == "1 failed test, 1 passed"
    (note,) = check["annotations"]
    assert (note["path"], note["start_line"]) == ("test_it.py", 1)
    (comment,) = github.comments
    assert "test_a" in comment["body"]


def test_read_only_token_is_a_warning(tmp_path: Path, github: GitHub) -> None:
    github.read_only = True
    run = report(tmp_path, github, token=TOKEN, check_run="true", comment="true")
    assert run.exit_code == 1
    assert len(warnings(run)) == 2
    assert "no comment was created: the token lacks a permission" in warnings(run)[1]
    assert "on pull requests from forks, tokens are read-only" in warnings(run)[1]
    assert run.result["exit_code"] == 1


def test_api_faults_do_not_change_the_verdict(tmp_path: Path, github: GitHub) -> None:
    github.faults = [Fault(status=404)]
    run = report(tmp_path, github, token=TOKEN, comment="true", fail_on="nothing")
    assert run.exit_code == 0
    assert any(
        "no comment was created: not found, or not visible to the token" in line
        for line in warnings(run)
    )


def test_token_is_masked_before_any_output(tmp_path: Path, github: GitHub) -> None:
    github.faults = [Fault(status=404, message=f"{TOKEN} is not known")]
    run = report(tmp_path, github, token=TOKEN, comment="true")
    first, *rest = run.stdout.splitlines()
    assert first == f"::add-mask::{TOKEN}"
    assert "*** is not known" in run.stdout
    written = [path.read_bytes() for path in run.reports.rglob("*") if path.is_file()]
    assert TOKEN not in "\n".join(rest) + run.stderr
    assert not any(TOKEN.encode() in content for content in written)


def test_push_has_no_pull_request_to_comment_on(tmp_path: Path, github: GitHub) -> None:
    run = report(tmp_path, github, event={"ref": "x"}, token=TOKEN, comment="true")
    assert github.comments == []
    assert any("the run belongs to no pull request" in line for line in warnings(run))


def test_workflow_run_comments_on_the_pull_request_of_a_fork(
    tmp_path: Path, github: GitHub
) -> None:
    github.pulls = [{"number": 7, "head": {"label": "ann:fix"}}]
    event = {
        "workflow_run": {
            "head_sha": HEAD,
            "head_branch": "fix",
            "head_repository": {"owner": {"login": "ann"}},
            "pull_requests": [],
        }
    }
    run = report(tmp_path, github, event=event, token=TOKEN, comment="true")
    assert warnings(run) == []
    assert len(github.comments) == 1
