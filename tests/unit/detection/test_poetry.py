"""Dependencies that only Poetry reads are installed as requirements if there is no lock file."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from heroci_action.detection.requirements.poetry import requirement_lines
from heroci_action.engines.requirements import project_arguments
from heroci_action.pipeline.base import environment
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

POETRY = """
    [tool.poetry]
    package-mode = false
    [tool.poetry.dependencies]
    python = "^3.12"
    django = "^5.2"
    boto3 = { version = "*", optional = true }
    [tool.poetry.extras]
    s3 = ["boto3"]
    [tool.poetry.group.dev.dependencies]
    ruff = "0.9.7"
    [tool.poetry.group.docs]
    optional = true
    [tool.poetry.group.docs.dependencies]
    sphinx = "*"
"""


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("0.9.7", "a==0.9.7"),
        ("*", "a"),
        ("^4.2 || ^5.1", "a<6,>=5.1"),
        ("^4.2 | ???", "a"),
        (">=1,<2", "a<2,>=1"),
        ("~1.4", "a<1.5,>=1.4"),
        ({"version": "3.*", "extras": ["x", "y"]}, "a[x,y]==3.*"),
        ({"git": "https://git.example.org/a.git", "tag": "v1"}, "a @ git+https://git.example.org/a.git@v1"),
        ({"path": "libs/a", "develop": True}, "./libs/a"),
        ({"version": "2", "markers": "sys_platform == 'linux'"}, "a==2 ; sys_platform == 'linux'"),
        (
            {"version": "2", "markers": "os_name == 'nt' or os_name == 'x'", "python": "<3.12"},
            "a==2 ; (os_name == 'nt' or os_name == 'x') and python_full_version < '3.12'",
        ),
        ({"version": "2", "python": ">=3.12"}, "a==2 ; python_full_version >= '3.12'"),
    ],
)  # fmt: skip
def test_a_version_of_poetry_becomes_a_requirement(value: object, line: str) -> None:
    (found,) = requirement_lines({"a": value})["a"]
    assert found == line
    assert "./" in line or str(Requirement(found).name) == "a"


def test_several_versions_of_a_dependency_have_their_markers() -> None:
    entry = [{"version": "1", "python": "<3.10"}, {"version": "2", "python": ">=3.10"}]
    assert requirement_lines({"a": entry})["a"] == (
        "a==1 ; python_full_version < '3.10'",
        "a==2 ; python_full_version >= '3.10'",
    )


def test_without_a_lock_file_the_requirements_of_poetry_are_installed(tmp_path: Path) -> None:
    found = environment(loaded(tmp_path, {**django(), "pyproject.toml": POETRY}))
    assert project_arguments(found, ".") == ["django<6,>=5.2", "ruff==0.9.7"]
    assert (found.groups, found.metadata) == (("dev",), "pyproject.toml")


def test_optional_dependencies_are_installed_with_their_extra(tmp_path: Path) -> None:
    found = environment(loaded(tmp_path, {**django(), "pyproject.toml": POETRY}, extras=["s3"]))
    assert "boto3" in project_arguments(found, ".")


@pytest.mark.parametrize("lock", ["poetry.lock", "uv.lock"])
def test_with_a_lock_file_nothing_is_installed_beside_it(tmp_path: Path, lock: str) -> None:
    files = {**django(), "pyproject.toml": POETRY, lock: ""}
    assert project_arguments(environment(loaded(tmp_path, files)), ".") == []


@pytest.mark.parametrize(
    ("files", "groups"),
    [
        ({}, ("test",)),
        (workflow("make-image", "pytest"), ("test",)),
        (workflow("poetry install", "pytest"), ()),
        (workflow("poetry install --with docs", "pytest"), ("docs",)),
    ],
)
def test_an_optional_group_for_tests_is_installed_unless_the_ci_does_without_it(
    tmp_path: Path, files: dict[str, str], groups: tuple[str, ...]
) -> None:
    pyproject = """
        [tool.poetry.dependencies]
        django = "*"
        [tool.poetry.group.test]
        optional = true
        [tool.poetry.group.test.dependencies]
        pytest-django = "*"
        [tool.poetry.group.docs]
        optional = true
        [tool.poetry.group.docs.dependencies]
        sphinx = "*"
    """
    lock = '[[package]]\nname = "django"\nversion = "5.2"\n'
    project = {**django(), "pyproject.toml": pyproject, "poetry.lock": lock, **files}
    assert loaded(tmp_path, project).config.groups == groups
