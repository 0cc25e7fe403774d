"""What a job installs after its tests, for its documents for example, is not for the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

TESTS = "python manage.py test"
GROUPS = """
[project]
name = "shop"
version = "1"
dependencies = ["django"]
[dependency-groups]
dev = ["black"]
test = ["pytest"]
lint = ["ruff"]
docs = ["sphinx"]
"""
POETRY = """
[tool.poetry]
name = "shop"
version = "1"
[tool.poetry.dependencies]
python = "^3.11"
django = "^5"
[tool.poetry.group.test.dependencies]
pytest = "*"
[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
sphinx = "*"
"""


@pytest.mark.parametrize(
    ("lock", "metadata", "lines", "groups"),
    [
        ("uv.lock", GROUPS, ("uv sync", f"uv run {TESTS}", "uv sync --group docs"), ("dev",)),
        ("uv.lock", GROUPS, (f"uv run --group test {TESTS}", "uv run --group lint ruff check"), ("dev", "test")),
        ("uv.lock", GROUPS, ("uv run --only-group lint ruff check", f"uv run {TESTS}"), ("dev", "lint")),
        ("poetry.lock", POETRY, ("poetry install", f"poetry run {TESTS}", "poetry install --with docs"), ("test",)),
        ("pdm.lock", GROUPS, ("pdm install -G test", f"pdm run {TESTS}", "pdm install -G docs"), ("test",)),
    ],
)  # fmt: skip
def test_groups_after_the_tests_do_not_count(
    tmp_path: Path, lock: str, metadata: str, lines: tuple[str, ...], groups: tuple[str, ...]
) -> None:
    files = {**django(), lock: "version = 1\n", "pyproject.toml": metadata, **workflow(*lines)}
    assert loaded(tmp_path, files).config.groups == groups


def test_files_and_packages_after_the_tests_do_not_count(tmp_path: Path) -> None:
    lines = ("pip install -r requirements.txt", TESTS, "pip install -r docs.txt sphinx")
    files = {**django(), "requirements.txt": "django\n", "docs.txt": "furo\n", **workflow(*lines)}
    config = loaded(tmp_path, files).config
    assert (config.requirements, config.packages) == (("requirements.txt",), ())
