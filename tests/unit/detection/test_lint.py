from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.projects import django, loaded

HOOKS = """
repos:
  - repo: https://github.com/psf/black
    rev: 24.1.1
    hooks: [{id: black}]
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.6.9
    hooks:
      - id: ruff
        args: [--fix]
"""


@pytest.mark.parametrize(
    ("files", "tools"),
    [
        ({}, ["black", "isort", "flake8"]),
        ({".flake8": "[flake8]\n"}, ["flake8"]),
        ({"setup.cfg": "[isort]\nprofile = black\n"}, ["isort"]),
        ({"pyproject.toml": "[tool.black]\n[tool.isort]\n"}, ["black", "isort"]),
        ({"ruff.toml": ""}, ["ruff"]),
        ({"requirements.txt": "django\nblack\nflake8\n"}, ["black", "flake8"]),
        ({".pre-commit-config.yaml": HOOKS}, ["black", "ruff"]),
        (
            {
                ".pre-commit-config.yaml": HOOKS,
                "setup.cfg": "[flake8]\n",
                "requirements.txt": "isort",
            },
            ["black", "ruff"],
        ),
        (
            {".github/workflows/x.yml": "jobs: {l: {steps: [{run: ruff check .}]}}", ".flake8": ""},
            ["ruff"],
        ),
        ({"tox.ini": "[testenv]\ncommands =\n  isort --check .\n  pytest\n"}, ["isort"]),
    ],
)
def test_the_tools_are_those_that_the_strongest_evidence_names(
    tmp_path: Path, files: dict[str, str], tools: list[str]
) -> None:
    assert list(loaded(tmp_path, {**django(), **files}).config.lint) == tools


def test_a_pinned_requirement_gives_the_version_and_else_the_hook(tmp_path: Path) -> None:
    files = {
        **django(),
        ".pre-commit-config.yaml": HOOKS,
        "requirements.txt": "django\nblack==23.3.0\n",
    }
    assert loaded(tmp_path, files).facts.lint_specs == {
        "black": "black==23.3.0",
        "ruff": "ruff==0.6.9",
    }


def test_the_version_of_a_hook_does_not_count_if_the_ci_installs_the_newest(tmp_path: Path) -> None:
    job = "jobs: {lint: {steps: [{run: pip install ruff}, {run: ruff check .}]}}"
    files = {**django(), ".pre-commit-config.yaml": HOOKS, ".github/workflows/ci.yml": job}
    assert loaded(tmp_path, files).facts.lint_specs == {}


def test_a_written_list_takes_its_versions_from_the_project_too(tmp_path: Path) -> None:
    files = {
        **django(),
        "heroci.toml": 'lint = ["flake8"]\n',
        "requirements.txt": "flake8==6.1.0\nblack==23.1\n",
    }
    assert loaded(tmp_path, files).facts.lint_specs == {"flake8": "flake8==6.1.0"}


def test_default_tools_are_optional_and_labelled(tmp_path: Path) -> None:
    project = loaded(tmp_path, django())

    assert project.config.stages["lint"].optional
    assert project.origins["stages.lint.optional"] == "detected: not configured in this project"


def test_checks_of_the_ci_that_the_plan_does_not_contain_are_named(tmp_path: Path) -> None:
    text = """
        on: push
        jobs:
          lint:
            steps:
              - run: flake8 mysite --select E9
              - run: flake8 mysite --max-complexity 10
              - run: flake8 mysite --exit-zero --max-line-length 80
              - run: bandit -r mysite
        """
    found = loaded(tmp_path, {**django(), ".github/workflows/ci.yml": text})
    named = [warning.split(" (")[0] for warning in found.warnings if "also runs" in warning]
    assert named == [
        "the CI also runs 'flake8 --max-complexity 10 mysite'",
        "the CI also runs 'bandit -r mysite'",
    ]
