"""`heroci run` with gates: baselines, limits, and another configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.program import Run, run
from tests.end_to_end.projects import write

BROKEN = """
from django.test import SimpleTestCase


class KnownTests(SimpleTestCase):
    def test_known(self):
        self.fail("as ever")
"""
ONE_MORE = """

class NewTests(SimpleTestCase):
    def test_new(self):
        self.fail("since today")
"""
ONLY = ("--stages", "tests")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a project with a broken test and keep the result outside of the project."""
    project = write(
        tmp_path_factory.mktemp("known") / "shop", {"shop/test_known.py": BROKEN.lstrip()}
    )
    first = run(project, *ONLY)
    (project.parent / "baseline.json").write_bytes(
        (first.reports / "heroci-result.json").read_bytes()
    )
    return first


def again(known: Run, *options: str) -> Run:
    """Run the project again."""
    return run(known.reports.parent, *ONLY, *options)


def test_broken_test_fails_the_run(known: Run) -> None:
    assert known.exit_code == 1
    assert known.statuses["tests"] == "failed"


def test_known_failure_passes_and_new_failure_fails(known: Run) -> None:
    baseline = str(known.reports.parent.parent / "baseline.json")
    judged = ("--baseline", baseline, "--fail-on", "new-failures")

    same = again(known, *judged)
    assert same.exit_code == 0, same.stdout
    assert same.statuses["tests"] == "failed"
    assert same.result["status"] == "passed"

    (known.reports.parent / "shop/test_new.py").write_text(
        BROKEN.lstrip().replace("Known", "Other").replace("test_known", "test_other") + ONE_MORE
    )
    more = again(known, *judged)
    assert more.exit_code == 1
    assert len(more.result["comparison"]["new"]) == 2


def test_gates_are_steps_of_a_separate_stage(known: Run) -> None:
    limited = again(known, "--fail-on", "nothing", "--coverage-minimum", "99.9")
    assert limited.exit_code == 1
    assert limited.statuses["gates"] == "failed"
    assert "below 99.9 %" in str(limited.stage("gates")["steps"][0]["reason"])


def test_config_option_names_the_configuration_file(known: Run, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text('image = false\n[tests]\nargs = ["shop.tests"]\n')
    other = again(known, "--config", str(config))
    assert other.exit_code == 0, other.stdout
    assert "test_known" not in other.stdout


def test_invalid_file_is_reported(known: Run, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text("imag = false\n")
    wrong = again(known, "--config", str(config))
    assert wrong.exit_code == 2
    assert f"{config}: imag" in wrong.stderr


def test_the_limits_of_reports_hold_in_a_run_too(known: Run, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    tests = 'image = false\n[tests]\nargs = ["shop.tests"]\n'
    config.write_text(f"{tests}[report]\nlargest-file = '10kB'\n")

    limited = again(known, "--config", str(config))

    assert limited.exit_code == 1, limited.stdout
    step = limited.step("tests", "tests")
    assert (len(step["tests"]), step["passed"]) == (3, None)
    assert len(limited.junit().findall(".//testcase[@file='shop/tests.py']")) == 3
    assert limited.result["coverage"]["files"] == []
    assert "more than the limit of 10,000" in limited.step("tests", "coverage")["reason"]
    assert not (limited.reports / "coverage.xml").exists()
