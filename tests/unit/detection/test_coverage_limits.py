"""The coverage that the project's CI requires."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

TOML = "[tool.coverage.report]\nfail_under = 90.5\n"
CONFIGURED = "[report]\nfail_under = 60\n"
ADDOPTS = "[pytest]\naddopts = --cov=shop\n"


@pytest.mark.parametrize(
    ("line", "files", "limit"),
    [
        ("coverage report -m --fail-under=75", {}, "75"),
        ("coverage report --fail-under 75", {"pyproject.toml": TOML}, "75"),
        ("coverage xml", {"pyproject.toml": TOML}, "90.5"),
        (
            "coverage html",
            {".coveragerc": "[report]\nfail_under = 0\n", "pyproject.toml": TOML},
            "",
        ),
        ("coverage run manage.py test", {"pyproject.toml": TOML}, ""),
        (
            "coverage report",
            {"setup.cfg": "[coverage:run]\nbranch = 1\n", "pyproject.toml": TOML},
            "",
        ),
        ("coverage report", {"setup.cfg": "[flake8]\n", "pyproject.toml": TOML}, "90.5"),
        ("pytest --cov=shop --cov-fail-under=80", {}, "80"),
        (
            "pytest",
            {"tox.ini": "[coverage:report]\nfail_under = 70\n", "pytest.ini": ADDOPTS},
            "70",
        ),
        ("pytest --no-cov", {"pyproject.toml": TOML, "pytest.ini": ADDOPTS}, ""),
        ("pytest", {"pyproject.toml": TOML}, ""),
        ("coverage report --rcfile=ci/cover.ini", {"ci/cover.ini": CONFIGURED}, "60"),
        (
            "pytest --cov=shop --cov-config ci/cover.ini",
            {"ci/cover.ini": CONFIGURED, "pyproject.toml": TOML},
            "60",
        ),
        (
            "pytest",
            {
                "ci/cover.ini": CONFIGURED,
                "pytest.ini": "[pytest]\naddopts = --cov=shop --cov-config=ci/cover.ini\n",
            },
            "60",
        ),
        ("COVERAGE_RCFILE=ci/cover.ini coverage report", {"ci/cover.ini": CONFIGURED}, "60"),
        ("coverage report --fail-under=$LIMIT", {}, ""),
        ("coverage report --fail-under=75 || true", {}, ""),
    ],
)
def test_a_line_that_fails_if_too_little_is_covered_is_known(
    tmp_path: Path, line: str, files: dict[str, str], limit: str
) -> None:
    found = loaded(tmp_path, {**django(), **files, **workflow(line)}).facts.coverage_limits
    assert found == ((f"{limit} % (.github/workflows/ci.yml: {line})",) if limit else ())


def test_the_limit_of_make_counts_without_another_ci(tmp_path: Path) -> None:
    make = "test:\n\tcoverage run manage.py test\n\tcoverage report --fail-under 75\n"
    found = loaded(tmp_path, {**django(), "Makefile": make}).facts.coverage_limits
    assert found == ("75 % (Makefile: coverage report --fail-under 75)",)
