"""The coverage that the project's CI requires."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

TOML = "[tool.coverage.report]\nfail_under = 90.5\n"
ADDOPTS = "[pytest]\naddopts = --cov=shop\n"
CI = ".github/workflows/ci.yml"


@pytest.mark.parametrize(
    ("lines", "files", "limits"),
    [
        (("coverage report -m --fail-under=75",), {}, ["75 % (CI: coverage report -m --fail-under=75)"]),
        (("coverage report --fail-under 75",), {"pyproject.toml": TOML}, ["75 % (CI: coverage report --fail-under 75)"]),
        (("coverage xml",), {"pyproject.toml": TOML}, ["90.5 % (CI: coverage xml)"]),
        (("coverage html",), {".coveragerc": "[report]\nfail_under = 0\n", "pyproject.toml": TOML}, []),
        (("coverage run manage.py test", "coverage erase"), {"pyproject.toml": TOML}, []),
        (("pytest --cov=shop --cov-fail-under=80",), {}, ["80 % (CI: pytest --cov=shop --cov-fail-under=80)"]),
        (("pytest",), {"tox.ini": "[coverage:report]\nfail_under = 70\n", "pytest.ini": ADDOPTS}, ["70 % (CI: pytest)"]),
        (("pytest --no-cov",), {"pyproject.toml": TOML, "pytest.ini": ADDOPTS}, []),
        (("pytest",), {"pyproject.toml": TOML}, []),
        (("coverage report --fail-under=$LIMIT",), {}, []),
        (("coverage report --fail-under=75 || true",), {}, []),
    ],
)  # fmt: skip
def test_lines_that_fail_if_too_little_is_covered_are_known(
    tmp_path: Path, lines: tuple[str, ...], files: dict[str, str], limits: list[str]
) -> None:
    found = loaded(tmp_path, {**django(), **files, **workflow(*lines)}).facts.coverage_limits
    assert [limit.replace(CI, "CI") for limit in found] == limits
