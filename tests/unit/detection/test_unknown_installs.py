"""An installation of which only the CI knows a part is a warning with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

PYPROJECT = """
[project]
name = "shop"
version = "1"
dependencies = ["django"]
[project.optional-dependencies]
test = ["pytest"]
"""


def warnings(root: Path, line: str, **given: object) -> list[str]:
    files = {"pyproject.toml": PYPROJECT, "list.txt": "mock\n", **workflow(line, "pytest")}
    found: ProjectConfig = loaded(root, {**django(), **files}, **given)
    return [text for text in found.warnings if "only the CI knows everything" in text]


@pytest.mark.parametrize(
    "line",
    [
        "pip install $(./list.sh)",
        "pip install -e .[$EXTRAS]",
        'pip install ".[$(./extras.sh)]"',
        "pip install django $(./list.sh)",
        "pip install -r list.txt $MORE",
        'pip install "django==$VERSION"',
        "uv pip install $(./list.sh)",
        'poetry install --extras "$(./extras.sh)"',
        "uv sync --extra $(./extras.sh)",
        "./list.sh | xargs pip install",
        "for name in $(./list.sh); do pip install $name; done",
        "pip install git+https://$TOKEN@example.com/shop/private.git",
    ],
)
def test_an_unknown_part_is_a_warning_with_the_line(tmp_path: Path, line: str) -> None:
    (text,) = warnings(tmp_path, line)
    assert "install" in text or "sync" in text
    assert "ci.yml" in text


@pytest.mark.parametrize(
    "line",
    [
        "pip install $(cat list.txt)",
        "pip install --index-url $INDEX -e .[test]",
        "pip install --upgrade $OPTIONS pip",
        "pip install -r missing-$NAME.txt",
        "uv sync",
        "cat list.txt | xargs pip install",
        "pip install $MORE || true",
    ],
)
def test_what_is_known_or_chooses_nothing_is_no_warning(tmp_path: Path, line: str) -> None:
    assert warnings(tmp_path, line) == []


def test_packages_of_the_user_are_the_answer(tmp_path: Path) -> None:
    assert warnings(tmp_path, "pip install $(./list.sh)", packages=["mock"]) == []


def test_a_version_that_only_the_ci_knows_makes_no_requirement(tmp_path: Path) -> None:
    line = 'pip install django mock "gdal[numpy]==$(gdal-config --version).*"'
    found = loaded(tmp_path, {**django(), **workflow(line, "pytest")})
    assert "\ue000" not in "".join(found.config.packages)
    assert "mock" in found.config.packages
    assert any("only the CI knows everything" in text for text in found.warnings)
