"""Checks in images, in orbs, and of packages that a job has built, are named among the other checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

COMPOSE = """
services:
  web: {build: ., command: python manage.py runserver}
  scanner: {image: aquasec/trivy, command: fs .}
  secrets: {image: "ghcr.io/acme/gitleaks:v8"}
  redis: {image: redis}
"""
SUITE = "  test: {steps: [{run: python manage.py test}]}\n"


def project(root: Path, *lines: str, files: dict[str, str] | None = None) -> ProjectConfig:
    steps = "".join(f"\n      - run: {line!r}" for line in lines)
    jobs = f"on: push\njobs:\n{SUITE}  scan:\n    steps:{steps}\n"
    own = {".github/workflows/ci.yml": jobs, "compose.yml": COMPOSE, "requirements.txt": "django\n"}
    return loaded(root, {**django(), **own, **(files or {})})


def named(found: ProjectConfig) -> str:
    return "".join(text for text in found.warnings if "runs checks that the plan" in text)


@pytest.mark.parametrize(
    "line",
    [
        "docker compose run --rm scanner",
        "docker-compose run secrets detect",
        "docker compose run -T scanner config .",
        "docker run --rm zricethezav/gitleaks detect --source .",
        "docker run --rm ghcr.io/acme/tools gitleaks detect",
    ],
)
def test_a_check_in_an_image_is_named_as_it_is_called(tmp_path: Path, line: str) -> None:
    assert f"{line!r} (.github/workflows/ci.yml)" in named(project(tmp_path, line))


@pytest.mark.parametrize(
    ("line", "is_named"),
    [
        ("docker compose config -q", True),
        ("docker-compose -f compose.yml config --quiet", True),
        ("docker compose config --services", False),
        ("docker buildx build --check .", True),
        ("helm lint chart", True),
        ("docker run --rm nginx nginx -t", True),
        ("ansible-playbook --syntax-check site.yml", True),
        ("docker run --rm acme/other python manage.py check", True),
        ("docker run --rm acme/other python manage.py makemigrations --check", True),
        ("docker run --rm -v $PWD:/app -w /app acme/other python manage.py check", False),
        ("docker compose run --rm web python manage.py check", False),
        ("docker run --rm $IMAGE python manage.py check", False),
    ],
)
def test_a_validation_and_a_check_of_foreign_code_are_named(
    tmp_path: Path, line: str, *, is_named: bool
) -> None:
    assert (f"{line!r} (" in named(project(tmp_path, line))) is is_named


def test_the_check_of_a_foreign_image_is_not_that_of_the_project(tmp_path: Path) -> None:
    line = "docker run --rm acme/shop:ci python manage.py check"
    files = {"Dockerfile": "FROM python:3.13\nCOPY . .\n"}
    build = "docker build -t acme/shop:ci ."
    assert not project(tmp_path / "a", line, files=files).facts.runs_check
    assert project(tmp_path / "b", build, line, files=files).facts.runs_check


@pytest.mark.parametrize(
    "line",
    [
        "docker compose run web python manage.py shell",
        "docker compose run redis",
        "docker run -d aquasec/server",
        "docker compose build scanner",
    ],
)
def test_another_image_is_no_check(tmp_path: Path, line: str) -> None:
    assert not named(project(tmp_path, line))


@pytest.mark.parametrize(
    ("build", "check"),
    [
        ("python -m build", "twine check dist/*"),
        ("uv build", "twine check --strict dist/*"),
        ("python setup.py sdist bdist_wheel", "check-wheel-contents dist"),
    ],
)
def test_a_check_of_a_package_is_proposed_with_what_builds_it(
    tmp_path: Path, build: str, check: str
) -> None:
    found = project(tmp_path, "pip install twine", build, check, "twine upload dist/*")
    assert f"{check!r} (.github/workflows/ci.yml)" in named(found)
    assert "upload" not in named(found)
    steps = f'stages.scan = {{ steps = ["pip install twine", "{build}", "{check}"] }}'
    assert steps in suggest_toml(found, Supported())


def test_a_check_of_a_package_in_an_environment_of_tox_is_named(tmp_path: Path) -> None:
    tox = "[testenv:packaging]\ndeps = twine\ncommands =\n  twine check dist/*\n"
    found = project(tmp_path, "tox -e packaging", files={"tox.ini": tox})
    assert "twine check 'dist/*'\" (tox packaging)" in named(found)


@pytest.mark.parametrize("line", ["uv sync --check", "uv build --check"])
def test_an_installer_that_only_checks_is_a_check(tmp_path: Path, line: str) -> None:
    assert f"{line!r} (" in named(project(tmp_path, line))


CIRCLE = """
version: 2.1
orbs: {shellcheck: circleci/shellcheck@3.2.0}
jobs:
  test: {docker: [{image: cimg/python:3.12}], steps: [run: python manage.py test]}
  scan: {docker: [{image: cimg/base:1}], steps: [checkout, gitleaks/scan, heroku/deploy]}
workflows:
  main: {jobs: [test, scan, shellcheck/check, codecov/upload, docker/publish]}
"""


def test_jobs_and_commands_of_orbs_that_check_are_named(tmp_path: Path) -> None:
    files = {**django(), ".circleci/config.yml": CIRCLE}
    warning = named(loaded(tmp_path, files))
    checks = ("gitleaks/scan", "shellcheck/check")
    expected = ", ".join(f"'{name}' (.circleci/config.yml)" for name in checks)
    assert warning.endswith(f"contain: {expected}")


def test_a_check_in_the_job_of_the_tests_is_no_preparation(tmp_path: Path) -> None:
    line = "docker compose run --rm scanner"
    files = {**django(), **workflow(line, "pytest"), "compose.yml": COMPOSE}
    found = loaded(tmp_path, files)
    assert [(each.line, each.harmless) for each in found.facts.left_out] == [(line, True)]
    assert repr(line) in named(found)


def test_a_check_in_a_container_that_another_line_starts_is_named(tmp_path: Path) -> None:
    compose = """
        services:
          web:
            image: python:3.12
            volumes: [".:/app"]
            working_dir: /app
          cypress: {image: "cypress/included:13.6.0", entrypoint: cypress, depends_on: [web]}
    """
    lines = ("up -d", "run web python manage.py test", "run cypress run --browser chrome")
    files = {"compose.yml": compose, **workflow(*(f"docker compose {line}" for line in lines))}
    found = loaded(tmp_path, {**django(), **files})
    assert "cypress run --browser chrome" in named(found)
