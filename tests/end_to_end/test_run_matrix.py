"""`heroci run --matrix`: several versions of Django, one report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.program import Run, call, run
from tests.end_to_end.projects import write

MATRIX = '[tests]\nargs = ["shop.test_version"]\n[matrix]\ndjango = ["5.1", "5.2"]\ndatabase = ["sqlite"]\n'
TESTS = """import django
from django.db import connection
from django.test import SimpleTestCase, TestCase


class VersionTests(SimpleTestCase):
    def test_version(self):
        self.assertEqual(django.VERSION[:2], (5, 2))


class DatabaseTests(TestCase):
    def test_vendor(self):
        self.assertEqual(connection.vendor, "sqlite")
"""
NAMES = ["django-5.1-sqlite", "django-5.2-sqlite"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a project with a matrix whose first cell fails."""
    root = write(tmp_path_factory.mktemp("matrix") / "shop", {"shop/test_version.py": TESTS})
    table = (root / "pyproject.toml").read_text().split("[tool.heroci]")[0]
    (root / "pyproject.toml").write_text(table)
    (root / "heroci.toml").write_text(MATRIX)
    return root


@pytest.fixture(scope="module")
def merged(shop: Path) -> Run:
    """Run all cells."""
    return run(shop, "--stages", "tests", "--matrix")


def test_all_cells_are_one_report(merged: Run) -> None:
    assert merged.exit_code == 1, merged.stdout + merged.stderr
    (failed,) = [
        test
        for step in merged.stage("tests")["steps"]
        for test in step["tests"]
        if test["status"] == "failed"
    ]
    assert failed["name"] == "test_version"
    assert failed["passed_in"] == ["django-5.2-sqlite/tests"]
    assert [name for name in NAMES if f"Matrix cell {name}" in merged.stdout] == NAMES


def test_the_reports_of_each_cell_are_kept(merged: Run) -> None:
    codes = {
        name: json.loads((merged.reports / "cells" / name / "heroci-result.json").read_text())[
            "exit_code"
        ]
        for name in NAMES
    }
    assert codes == {"django-5.1-sqlite": 1, "django-5.2-sqlite": 0}


def test_one_cell_runs_like_a_project_without_a_matrix(shop: Path) -> None:
    done = run(shop, "--stages", "tests", "--cell", "django=5.2", "--output", "alone")

    assert done.exit_code == 0, done.stdout + done.stderr
    assert not (shop / "alone/cells").exists()


def test_the_matrix_becomes_jobs(shop: Path) -> None:
    done = call("plan", "--format", "matrix", directory=shop)

    assert json.loads(done.stdout)["include"] == [
        {"django": version, "database": "sqlite", "cell": name, "name": name}
        for version, name in zip(("5.1", "5.2"), NAMES, strict=True)
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--matrix", "--cell", "django=5.2"), "--matrix and --cell contradict each other"),
        (("--matrix", "--failed"), "--failed cannot be combined with a matrix"),
        (("--cell", "django=4.2"), "the matrix has no cell 'django=4.2'"),
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused(
    shop: Path, options: tuple[str, ...], message: str
) -> None:
    done = run(shop, *options)

    assert done.exit_code == 2
    assert message in done.stderr


def test_a_cell_that_is_impossible_is_refused_before_any_cell_runs(tmp_path: Path) -> None:
    settings = 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}\n'
    root = write(tmp_path / "shop", {"site_/settings.py": settings})
    with (root / "pyproject.toml").open("a") as stream:
        stream.write('\n[tool.heroci.matrix]\ndatabase = ["sqlite", "postgres"]\n')

    done = run(root, "--matrix")

    assert done.exit_code == 2
    assert "error: matrix.database: the tests cannot run on 'postgres'" in done.stderr
    assert not (root / "heroci-reports/cells").exists()
