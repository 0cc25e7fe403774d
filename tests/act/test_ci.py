"""`.github/workflows/ci.yml`, run by act."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from heroci_action.engines.dagger.preflight import ENGINE_IMAGE
from tests.act.conftest import commit, has_engine, has_image, narrow
from tests.act.runner import Run, Runner

pytestmark = [pytest.mark.docker, pytest.mark.act, pytest.mark.xdist_group("act")]

HOST = ("-j", "heroci", "--matrix", "engine:host")
# The runner's image has only one Python.
PYTHON = ("--matrix", "python:3.13")

BROKEN = """\
from django.test import SimpleTestCase


class BrokenTests(SimpleTestCase):
    def test_sums(self):
        total = 1 + 1
        self.assertEqual(total, 3)
"""

JUNIT = """\
<testsuite name="pytest" tests="2" failures="1">
  <testcase classname="tests.unit.test_text" name="test_words" time="0.1"/>
  <testcase classname="tests.unit.test_text" name="test_numbers" time="0.1">
    <failure message="assert 2 == 3">tests/unit/test_text.py:11: AssertionError</failure>
  </testcase>
</testsuite>
"""
COVERAGE = """\
<coverage>
  <sources><source>.</source></sources>
  <packages><package><classes>
    <class filename="manage.py"><lines><line number="1" hits="1"/></lines></class>
  </classes></package></packages>
</coverage>
"""


def outputs(run: Run) -> dict[str, Any]:
    """Return the outputs that the workflow prints after the action."""
    found = re.search(r"^\{(\}|\n  \".*?\n\})$", run.log, re.MULTILINE | re.DOTALL)
    assert found, run.log[-6000:]
    content: dict[str, Any] = json.loads(found[0])
    return content


def test_push_runs_the_reference_project_and_sets_outputs(act: Runner, repository: Path) -> None:
    run = act.run(repository, "ci.yml", *HOST)
    assert run.exit_code == 0, run.log[-6000:]
    said = outputs(run)
    assert said["status"] == "passed"
    assert int(said["tests"]) == int(said["passed"]) > 100
    assert float(said["coverage"]) > 90
    assert said["failed-stages"] == ""
    assert run.annotations == []
    for words in (
        "# ✅",
        "**lint** | ✅",
        "**tests** | ✅",
        "**image** | ✅",
        "**integration** | ✅",
    ):
        assert words in run.summary
    kept = run.shared / "artifacts/reports-host"
    for name in ("junit.xml", "coverage.xml", "report.html", "heroci-result.json"):
        assert (kept / name).stat().st_size > 1000


def test_pull_request_runs_checks_and_tests_and_reports_the_tests(
    act: Runner, repository: Path
) -> None:
    # The whole test suite would run act inside act; this test covers only how the workflow starts it.
    few = ("--env", "PYTEST_ADDOPTS=tests/unit/test_text.py")
    checks = act.run(repository, "ci.yml", "-j", "checks", event="pull_request")
    assert checks.exit_code == 0, checks.log[-6000:]
    assert "Contracts: " in checks.log
    run = act.run(repository, "ci.yml", "-j", "annotations", *PYTHON, *few, event="pull_request")
    assert run.exit_code == 0, run.log[-6000:]
    assert set(run.jobs().values()) == {"success"}
    assert "# ✅" in run.summary
    assert (run.shared / "artifacts/test-results-3.13/junit.xml").stat().st_size > 1000


def test_style_violation_fails_the_checks(act: Runner, repository: Path) -> None:
    (repository / "heroci_action" / "ugly.py").write_text("import os\n")
    commit(repository)
    run = act.run(repository, "ci.yml", "-j", "checks")
    assert run.exit_code == 1
    assert "heroci_action/ugly.py:1:1: F401" in run.log


@pytest.mark.dagger
def test_job_uses_the_dagger_engine_of_the_runner(act: Runner, repository: Path) -> None:
    if not has_image(ENGINE_IMAGE) or not has_engine():
        pytest.skip(f"no Dagger engine: start one with `dagger` in Docker, from {ENGINE_IMAGE}")
    narrow(repository, "tests.superheroes.test_model")
    commit(repository)
    run = act.run(repository, "ci.yml", "-j", "heroci", "--matrix", "engine:dagger")
    assert run.exit_code == 0, run.log[-6000:]
    assert outputs(run)["status"] == "passed"
    assert "dagger engine" in run.summary
    assert "**tests** | ✅" in run.summary


def test_broken_test_and_style_are_annotated_on_a_pull_request(
    act: Runner, repository: Path
) -> None:
    narrow(repository, "tests.superheroes.test_model", "tests.superheroes.test_broken")
    (repository / "tests/superheroes/test_broken.py").write_text(BROKEN)
    model = repository / "superheroes/models.py"
    ugly = len(model.read_text().splitlines()) + 3
    model.write_text(model.read_text() + "\n\nunused = [1,2 ]\n")
    commit(repository)

    run = act.run(repository, "ci.yml", *HOST, event="pull_request")
    assert run.exit_code == 1
    said = outputs(run)
    assert said["status"] == "failed"
    assert said["failed"] == "1"
    assert said["failed-stages"].split(",") == ["lint", "tests"]
    places = {(one.level, one.file, one.line) for one in run.annotations}
    assert ("error", "tests/superheroes/test_broken.py", 7) in places
    assert ("error", "superheroes/models.py", ugly) in places
    assert {file for _, file, _ in places} == {
        "tests/superheroes/test_broken.py",
        "superheroes/models.py",
    }
    assert "test_sums" in run.summary
    assert "2 != 3" in run.summary
    assert (run.shared / "artifacts/reports-host/junit.xml").exists()


def test_failing_tests_of_a_pull_request_are_reported(act: Runner, repository: Path) -> None:
    script = repository / "scripts/run-tests.sh"
    script.write_text(
        "#!/bin/sh\nmkdir -p test-results\n"
        f"cat > test-results/junit.xml <<'EOF'\n{JUNIT}EOF\n"
        f"cat > test-results/coverage.xml <<'EOF'\n{COVERAGE}EOF\n"
        "exit 1\n"
    )
    commit(repository)
    run = act.run(repository, "ci.yml", "-j", "annotations", *PYTHON, event="pull_request")
    assert run.exit_code == 1
    (annotation,) = run.annotations
    assert (annotation.file, annotation.line) == ("tests/unit/test_text.py", 11)
    assert "test_numbers" in run.summary
    assert "**2 tests**" in run.summary


def test_all_invalid_inputs_are_reported_before_anything_runs(
    act: Runner, repository: Path
) -> None:
    path = repository / ".github/workflows/ci.yml"
    wrong = "          engine: dager\n          shard: 3/2\n"
    path.write_text(path.read_text().replace("          engine: ${{ matrix.engine }}\n", wrong))
    commit(repository)
    run = act.run(repository, "ci.yml", *HOST)
    assert run.exit_code == 1
    assert "'dager'" in run.log
    assert "'3/2'" in run.log
    assert outputs(run) == {}
