"""Numbers in YAML become the text that each service makes of them."""

from __future__ import annotations

import pytest

from tests.unit.detection.ci.trees import ci_of, suite_of, workflow

VALUES = [
    ("1.0", "1", "1"),
    ("3.10", "3.1", "3.1"),
    ("5432", "5432", "5432"),
    ("'1.0'", "1.0", "1.0"),
    ("007", "7", "7"),
    ("0123", "123", "83"),
    ("0x10", "16", "16"),
    ("1e3", "1000", "1000"),
    ("-.50", "-0.5", "-0.5"),
    ("12345678901234567", "1.23456789012346E+16", "12345678901234567"),
    ("1.2.3", "1.2.3", "1.2.3"),
    ("2024-01-02", "2024-01-02", "2024-01-02"),
]


def env_of(files: dict[str, str]) -> dict[str, str]:
    suite = ci_of(files).suite
    return dict(suite.main.command.env) if suite else {}


@pytest.mark.parametrize(("value", "written", "_"), VALUES)
def test_github_keeps_numbers_as_doubles(value: str, written: str, _: str) -> None:
    assert env_of(workflow("pytest", env=f"{{VERSION: {value}}}"))["VERSION"] == written


@pytest.mark.parametrize(("value", "_", "written"), VALUES)
def test_compose_writes_numbers_as_go_does(value: str, _: str, written: str) -> None:
    compose = f"services: {{web: {{image: python, environment: {{VERSION: {value}}}}}}}\n"
    files = {**workflow("docker compose run web pytest"), "compose.yml": compose}
    assert env_of(files)["VERSION"] == written


def test_gitlab_keeps_what_the_file_says() -> None:
    text = "test: {script: pytest, variables: {VERSION: 1.0, PORT: 5432}}\n"
    env = env_of({".gitlab-ci.yml": text})
    assert (env["VERSION"], env["PORT"]) == ("1.0", "5432")


def test_numbers_in_a_matrix_are_written_and_compared_as_numbers() -> None:
    job = """
        jobs:
          t:
            strategy: {matrix: {django: [4.0]}}
            steps:
              - {run: "pytest --django=${{ matrix.django }}", if: "matrix.django == '4.0'"}
              - {run: "pytest other", if: "matrix.django != 4.0"}
    """
    assert suite_of({".github/workflows/ci.yml": job}) == ["pytest --django=4"]


def test_a_python_without_quotes_is_the_version_that_it_means() -> None:
    job = "jobs: {t: {strategy: {matrix: {python: [3.9, 3.10]}}, steps: [{run: pytest}]}}"
    suite = ci_of({".github/workflows/ci.yml": job}).suite
    assert suite is not None
    assert suite.job.python == "3.10"


def test_numbers_are_in_what_compose_writes_of_its_files() -> None:
    compose = """
        services:
          web:
            image: python
            environment: {VERSION: 1.0}
            healthcheck: {retries: 5}
    """
    lines = (
        "docker compose -f base.yml config > compose.yml",
        "docker compose run web pytest",
    )
    assert env_of({**workflow(*lines), "base.yml": compose}) == {"VERSION": "1"}
