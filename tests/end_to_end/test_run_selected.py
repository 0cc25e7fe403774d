"""`heroci run` with a part of the project: what failed in the last run, or what the arguments name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.program import Run, run
from tests.end_to_end.projects import FILES, write

TESTS = """
import os

from django.test import SimpleTestCase


class CartTests(SimpleTestCase):
    def test_adds(self):
        self.assertEqual(1 + 1, {adds})

    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, {parts})

    def test_variable(self):
        print("token:", os.environ.get("SHOP_TOKEN"))
"""
PYTEST = {
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_.settings\n",
    "requirements.txt": "Django==5.2.19\ndj-database-url==3.1.2\npsycopg[binary]==3.3.9\n"
    "pytest==9.0.2\npytest-django==4.11.1\n",
}


def fix(project: Path, *, adds: int = 2, parts: int = 9) -> None:
    """Write the tests with these values."""
    text = TESTS.format(adds=adds, parts=parts).lstrip()
    (project / "shop/test_cart.py").write_text(text)


def names(done: Run) -> set[str]:
    """Return the names of the tests that ran."""
    return {test["name"] for test in done.step("tests", "tests")["tests"]}


@pytest.mark.parametrize("files", [{}, PYTEST], ids=["django", "pytest"])
def test_only_what_failed_runs_again(tmp_path: Path, files: dict[str, str]) -> None:
    project = write(tmp_path / "shop", files)
    fix(project, adds=3, parts=1)
    first = run(project, "--skip", "image,lint")
    assert first.exit_code == 1, first.stdout + first.stderr

    fix(project, parts=1)
    second = run(project, "--failed", "--coverage-minimum", "99")

    assert second.exit_code == 1, second.stdout
    assert {name.split(" ")[0] for name in names(second)} == {"test_adds", "test_parts"}
    assert second.stage("lint")["reason"] == "did not fail in the last run"
    assert second.result["partial"] == "only what failed in the last run: tests (2 tests)"
    (gate,) = second.stage("gates")["steps"]
    assert gate["status"] == "skipped"

    fix(project)
    third = run(project, "--failed")
    assert third.exit_code == 0, third.stdout
    assert names(third) == {"test_parts"}
    assert "partial run: only what failed" in third.stdout

    fourth = run(project, "--failed")
    assert fourth.exit_code == 2
    assert "nothing failed in the last run" in fourth.stderr


def test_a_failed_stage_without_failed_tests_runs_as_a_whole(tmp_path: Path) -> None:
    project = write(tmp_path / "shop")
    (project / "shop/models.py").write_text("import os, sys\n")
    assert run(project, "--stages", "lint").exit_code == 1

    again = run(project, "--failed")

    assert again.exit_code == 1
    assert again.statuses["lint"] == "failed"
    assert again.statuses["tests"] == "skipped"


def test_arguments_for_the_runner_and_variables_of_the_caller(tmp_path: Path) -> None:
    project = write(tmp_path / "shop")
    fix(project)

    done = run(
        project,
        *("--stages", "tests", "--env", "SHOP_TOKEN=s3cr3t-value", "--durations", "2"),
        *("--verbose", "--coverage-minimum", "99", "--", "shop.test_cart", "--exclude-tag", "slow"),
    )

    assert done.exit_code == 0, done.stdout + done.stderr
    assert names(done) == {"test_adds", "test_parts", "test_variable"}
    assert "token: ***" in done.stdout
    assert "s3cr3t-value" not in done.stdout
    assert "Slowest tests" in done.stdout
    assert "heroci-progress" not in done.stdout
    selected = "only the tests that the arguments select: shop.test_cart --exclude-tag slow"
    assert done.result["partial"] == selected
    assert f"partial run: {selected}" in done.stdout
    (gate,) = done.stage("gates")["steps"]
    assert gate["status"] == "skipped"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-q", "-v"), "--verbose and --quiet contradict each other"),
        (("--no-cache", "--refresh"), "--no-cache and --refresh contradict each other"),
        (("--failed", "--stages", "tests"), "--failed and --stages contradict each other"),
        (("--failed", "--shard", "1/2"), "--failed and --shard contradict each other"),
        (("--failed",), "--failed needs the result of the last run"),
        (("--affected", "--failed"), "--affected and --failed contradict each other"),
        (("--affected", "--shard", "1/2"), "--affected and --shard contradict each other"),
        (
            ("--affected", "--env", "CI=true"),
            "--affected is for a developer's machine, and CI is set",
        ),
        (("--env", "2X=1"), "'2X' is not the name of a variable"),
        (("--env", "NOT_SET_ANYWHERE"), "'NOT_SET_ANYWHERE' is not set"),
        (("--python", "2.7"), "'2.7' is not a version of Python 3"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    done = run(write(tmp_path / "shop"), *options)

    assert done.exit_code == 2
    assert message in done.stderr


def test_far_fewer_tests_than_test_files_are_a_warning_with_both_numbers(tmp_path: Path) -> None:
    files = {f"shop/test_{number}.py": TESTS.format(adds=2, parts=9) for number in range(9)}
    runner = """
        from django.test.runner import DiscoverRunner


        class OnlyProducts(DiscoverRunner):
            def build_suite(self, test_labels=None, **options):
                return super().build_suite(["shop.tests.ProductTests"], **options)
        """
    settings = (
        FILES["site_/settings.py"].rstrip()
        + '\n        TEST_RUNNER = "site_.runner.OnlyProducts"\n'
    )
    changes = {**files, "site_/runner.py": runner, "site_/settings.py": settings}
    done = run(write(tmp_path / "shop", changes), "--skip", "lint,integration")

    warning = "only 3 tests ran, but the test runner's pattern matches 10 files with tests"
    assert done.exit_code == 0, done.stdout
    assert warning in done.stdout + done.stderr
    assert any(warning in one for one in done.result["warnings"])
    assert warning in (done.reports / "summary.md").read_text().replace("\\", "").replace(
        "&#39;", "'"
    )
