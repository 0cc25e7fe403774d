"""Checks that the plan does not contain are proposed as stages that need no further line, and are silent once taken."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.project import ProjectConfig, load
from tests.unit.detection.projects import django, loaded

PACKAGE = {
    "scripts": {"lint": "eslint src && tsc --noEmit", "test:unit": "vitest", "gen": "codegen"}
}
HOOKS = """repos:
  - repo: local
    hooks: [{id: no-forks, name: a, entry: ./no_forks.sh, language: script}]
"""
FILES = {"requirements.txt": "django\n", "web/package.json": json.dumps(PACKAGE)}


def project(root: Path, *lines: str, name: str = "checks", **files: str) -> ProjectConfig:
    run = "".join(f"      - run: {line}\n" for line in lines)
    ci = (
        f"name: Quality\non: push\njobs:\n  {name}:\n    steps:\n      - uses: actions/checkout@v4\n{run}"
        "  suite: {steps: [{run: pip install -r requirements.txt}, {run: python manage.py test}]}\n"
    )
    more = {path.replace("__", "."): text for path, text in files.items()}
    return loaded(root, {**django(), **FILES, ".github/workflows/ci.yml": ci, **more})


def proposed(found: ProjectConfig) -> dict[str, Any]:
    text = suggest_toml(found, Supported())
    plain = "".join(f"{line.removeprefix('# ')}\n" for line in text.splitlines())
    stages = tomllib.loads(plain).get("stages", {})
    return {name: stage["steps"] for name, stage in stages.items()}


@pytest.mark.parametrize(
    ("lines", "stages"),
    [
        (
            ("cd web && npm ci", "cd web && npm run test:unit"),
            {"checks": ["cd web && npm ci", "cd web && npm run test:unit"]},
        ),
        # One task with two programs is one stage.
        (
            ("cd web && npm ci", "cd web && npm run lint"),
            {"eslint": ["cd web && npm ci", "cd web && npm run lint"]},
        ),
        (
            (
                "pip install -U pip",
                "pip install -r requirements.txt",
                "pip install gl==2",
                "gitlint -x",
            ),
            {"checks": ["pip install gl==2", "gitlint -x"]},
        ),
        (("uvx gitlint -x",), {"checks": ["pip install gitlint", "gitlint -x"]}),
        # What git asks for has to be made first.
        (
            ("cd web && npm run gen", "git diff --exit-code"),
            {"checks": ["cd web && npm run gen", "git diff --exit-code"]},
        ),
        (
            ("python api.py > new.yml", "cmp new.yml api.yml"),
            {"checks": ["python api.py > new.yml", "cmp new.yml api.yml"]},
        ),
        # A line with a value that only the CI knows would not run.
        (("gitlint --commit ${{ github.sha }}",), {}),
    ],
)
def test_a_stage_contains_what_its_job_installs(
    tmp_path: Path, lines: tuple[str, ...], stages: dict[str, list[str]]
) -> None:
    assert proposed(project(tmp_path, *lines)) == stages


@pytest.mark.parametrize("name", ["lint", "tests"])
def test_a_check_is_no_step_of_a_built_in_stage(tmp_path: Path, name: str) -> None:
    assert proposed(project(tmp_path, "gitlint -x", name=name)) == {
        f"{name}-checks": ["gitlint -x"]
    }


def test_hooks_are_proposed(tmp_path: Path) -> None:
    lines = ("cd web && npm ci", "pre-commit run --all-files")
    found = project(tmp_path, *lines, __pre_commit_config__yaml="")
    (tmp_path / ".pre-commit-config.yaml").write_text(HOOKS)
    found = load(tmp_path)
    assert proposed(found) == {
        "hooks": [
            "cd web && npm ci",
            "pip install pre-commit",
            "pre-commit run --all-files no-forks",
        ]
    }


@pytest.mark.parametrize("lines", [("gitlint -x",), ("pre-commit run -a",), ("npx eslint src",)])
def test_a_proposal_that_was_taken_is_no_longer_a_warning(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    project(tmp_path, *lines)
    (tmp_path / ".pre-commit-config.yaml").write_text(HOOKS)
    found = load(tmp_path)
    assert [text for text in found.warnings if "the CI also runs" in text]
    text = suggest_toml(found, Supported())
    plain = "".join(f"{line.removeprefix('# ')}\n" for line in text.splitlines())
    (tmp_path / "heroci.toml").write_text(plain)
    taken = load(tmp_path)
    assert not [text for text in taken.warnings if "the CI also runs" in text]


def test_the_name_of_another_workflow_is_no_variable_of_a_step(tmp_path: Path) -> None:
    project(tmp_path, "gitlint -x")
    other = "name: Tests\non: push\njobs: {t: {steps: [{run: python manage.py test}]}}\n"
    (tmp_path / ".github/workflows/a.yml").write_text(other)
    assert proposed(load(tmp_path)) == {"checks": ["gitlint -x"]}


PARTS = """
on: push
jobs:
  unit:
    env: {MODE: ci}
    steps: [{run: pip install -r requirements.txt}, {run: python manage.py test --exclude-tag e2e}]
  e2e:
    env: {MODE: e2e}
    services: {redis: {image: 'redis:7', ports: ['6379:6379']}}
    steps:
      - run: pip install -r requirements.txt
      - run: npm ci && NODE_ENV=production npm run build
      - run: playwright install chromium
      - run: python manage.py runserver &
      - run: python manage.py test --tag e2e
"""


def test_a_stage_for_a_part_of_the_suite_has_the_preparation_of_its_job(tmp_path: Path) -> None:
    files = {**django(), "package.json": "{}", ".github/workflows/ci.yml": PARTS}
    assert proposed(loaded(tmp_path, files)) == {
        "tests-2": [
            "npm ci",
            "NODE_ENV=production npm run build",
            "playwright install chromium",
            "python manage.py test --tag e2e",
        ]
    }
