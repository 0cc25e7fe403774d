"""Calls that run nothing: the reason is one sentence, the exit code names the kind of error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.program import call, environment, run
from tests.end_to_end.projects import write
from tests.unit.github.runner import obeyed


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A Django project."""
    return write(tmp_path / "shop", {"Dockerfile": 'FROM scratch\nEXPOSE 1\nCMD ["x"]\n'})


def test_a_stage_that_is_requested_and_excluded_is_a_usage_error(shop: Path) -> None:
    done = run(shop, "--stages", "lint,tests", "--skip", "tests")

    assert done.exit_code == 2
    assert "error: both --stages and --skip name 'tests'\n" in done.stderr
    assert not done.reports.exists()


def test_a_run_in_which_every_stage_is_skipped_says_why(shop: Path) -> None:
    done = call(
        *("run", "--engine", "host", "--stages", "image"),
        directory=shop,
        env=environment(DOCKER_HOST="tcp://127.0.0.1:1", GITHUB_ACTIONS="true"),
    )

    assert done.exit_code == 1
    (error,) = [found for found in obeyed(done.stdout) if found.name == "error"]
    assert error.message.startswith("every stage was skipped: image (")
    for name in ("summary.md", "report.html", "junit.xml"):
        assert "every stage was skipped: image" in (done.reports / name).read_text(), name


def test_a_temporary_directory_that_does_not_exist_is_named(shop: Path) -> None:
    done = run(shop, env=environment(TMPDIR="/no/such/place"))

    assert done.exit_code == 2
    assert "TMPDIR is not a writable directory: '/no/such/place'" in done.stderr


def test_a_plan_contains_no_workflow_command(shop: Path) -> None:
    table = (shop / "pyproject.toml").read_text().split("[tool.heroci]")[0]
    (shop / "pyproject.toml").write_text(table)
    (shop / "heroci.toml").write_text(
        "[stages.odd]\nsteps = [\"echo '##[error]a'\\n::error::b\"]\nenv = { A = '##[warning]c' }\n"
    )

    text = call("plan", "--engine", "host", "--explain", directory=shop)
    record = call("plan", "--engine", "host", "--json", directory=shop)

    assert text.exit_code == record.exit_code == 0, text.stderr
    assert "##\u200b[error]a" in text.stdout
    assert obeyed(text.stdout) == obeyed(record.stdout) == []
    (stage,) = [one for one in json.loads(record.stdout)["plan"]["stages"] if one["name"] == "odd"]
    assert stage["env"]["A"] == "##[warning]c"


def test_the_host_engine_with_the_address_of_an_engine_is_a_contradiction(shop: Path) -> None:
    done = call("plan", "--engine", "host", "--runner-host", "tcp://127.0.0.1:1", directory=shop)

    assert done.exit_code == 2
    assert "error: --engine host and --runner-host contradict each other" in done.stderr


def test_a_misspelled_verb_gets_a_suggestion(tmp_path: Path) -> None:
    done = call("pln", directory=tmp_path)

    assert done.exit_code == 2
    assert "unknown verb 'pln'; did you mean 'plan'?" in done.stderr
