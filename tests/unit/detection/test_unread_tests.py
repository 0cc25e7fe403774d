"""What of the CI may run the tests and could not be read is named; otherwise the tests would be a silent guess."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

GITHUB = ".github/workflows/ci.yml"
GUESS = "HeroCI recognises no command of the CI as its tests"


def warnings_of(root: Path, files: dict[str, str], **overrides: object) -> tuple[str, ...]:
    return loaded(root, {**django(), "requirements.txt": "django\n", **files}, **overrides).warnings


@pytest.mark.parametrize(
    ("files", "places"),
    [
        (workflow("pip install .", "ward"), ".github/workflows/ci.yml: test"),
        (workflow("flake8"), ".github/workflows/ci.yml: test"),
        (
            {".gitlab-ci.yml": "lint: {script: [flake8]}\ncheck: {script: [./ci.sh]}\n"},
            ".gitlab-ci.yml: lint, check",
        ),
        (
            {"Jenkinsfile": "pipeline { stages { stage('a') { steps { sh 'ls' } } } }"},
            "Jenkinsfile",
        ),
        (workflow("python -m unittest"), ".github/workflows/ci.yml: test"),
    ],
)
def test_a_ci_without_a_known_test_command_is_named(
    tmp_path: Path, files: dict[str, str], places: str
) -> None:
    warning, *others = (text for text in warnings_of(tmp_path, files) if "Black" not in text)
    assert not others
    assert warning.startswith("the tests were found by guess (django: nothing asks for pytest)")
    assert f"{GUESS} ({places})" in warning


def test_tests_of_tox_are_no_guess_but_not_those_of_the_ci(tmp_path: Path) -> None:
    files = {**workflow("ward"), "tox.ini": "[testenv]\ncommands = pytest\n"}
    (warning,) = (text for text in warnings_of(tmp_path, files) if GUESS in text)
    assert warning.startswith("the tests are those of tox.ini: ")


def test_the_planned_arguments_are_proposed_for_a_change(tmp_path: Path) -> None:
    tox = "[testenv]\ncommands = pytest shop -m fast\n"
    found = loaded(tmp_path, {**django(), **workflow("ward"), "tox.ini": tox}).facts.suggestions
    (lines,) = (each.lines for each in found if GUESS in each.why)
    assert lines == ('tests.runner = "pytest"', 'tests.args = ["shop", "-m", "fast"]')


def test_an_action_that_speaks_of_tests_is_named(tmp_path: Path) -> None:
    steps = "[{uses: acme/django-test@v1}, {uses: acme/welcome@v1}]"
    files = {GITHUB: f"on: push\njobs: {{build: {{steps: {steps}}}}}\n"}
    warnings = warnings_of(tmp_path, files)
    assert any("'uses: acme/django-test' in" in text for text in warnings)
    assert not any("welcome" in text or GUESS in text for text in warnings)


def test_a_program_that_is_named_after_tests_is_named(tmp_path: Path) -> None:
    warnings = warnings_of(tmp_path, workflow("docker compose run web tests_with_reports"))
    assert any("run web tests_with_reports' in" in text for text in warnings)


@pytest.mark.parametrize(
    ("line", "warned"),
    [("${{ steps.a.outputs.b }}", True), ("echo ${{ steps.a.outputs.b }}", False)],
)
def test_a_command_that_only_the_ci_knows_is_named(tmp_path: Path, line: str, warned: bool) -> None:
    warnings = warnings_of(tmp_path, workflow("pytest shop/tests/test_setup.py", line))
    assert any("only the CI knows what a command in .github" in text for text in warnings) == warned


@pytest.mark.parametrize(
    ("files", "overrides"),
    [
        ({}, {}),
        (workflow("python manage.py test"), {}),
        (workflow("ward"), {"tests": {"runner": "pytest"}}),
        (workflow("gulp"), {}),  # named as a line that could not be followed
    ],
)
def test_a_known_way_of_testing_is_no_guess(
    tmp_path: Path, files: dict[str, str], overrides: dict[str, object]
) -> None:
    assert GUESS not in " ".join(warnings_of(tmp_path, files, **overrides))


@pytest.mark.parametrize(
    "job",
    [
        "steps: [{uses: acme/heroci@v1}]",
        "steps: [{run: pipx run heroci run --engine host}]",
        "uses: acme/heroci/.github/workflows/django.yml@v1",
    ],
)
def test_a_ci_that_runs_heroci_needs_no_other_test_command(tmp_path: Path, job: str) -> None:
    warnings = warnings_of(tmp_path, {GITHUB: f"on: push\njobs: {{t: {{{job}}}}}\n"})
    assert not any("may run the tests" in text or GUESS in text for text in warnings)


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("appveyor.yml", "test_script: [python manage.py test]", "the files of AppVeyor"),
        (".pipeline/config.yaml", "pipelines: {test: {}}", "the files of PipelineLib"),
        (".teamcity/settings.kts", "version = '2024'", "the files of TeamCity"),
        (GITHUB, "on: push\njobs:\n  test:\n   steps:\n  - run: x", "it is not valid YAML"),
        (".gitlab-ci.yml", "test: {script: [a", "it is not valid YAML"),
    ],
)
def test_a_file_of_the_ci_that_is_not_read_is_named(
    tmp_path: Path, path: str, text: str, named: str
) -> None:
    (warning,) = (text for text in warnings_of(tmp_path, {path: text}) if path in text)
    assert warning.startswith(f"{path} may run the tests, but could not be followed")
    assert named in warning


@pytest.mark.parametrize(
    "local",
    [
        {"tox.ini": "[tox]\nenvlist = py312, pep8\n[testenv]\ncommands = python manage.py test\n"},
        {"Makefile": "test:\n\tflake8\n\tpython manage.py test\n"},
    ],
)
def test_a_file_that_is_not_read_is_named_beside_tox_and_make(
    tmp_path: Path, local: dict[str, str]
) -> None:
    files = {"appveyor.yml": "test_script: [python manage.py test]\n", **local}
    (warning,) = (text for text in warnings_of(tmp_path, files) if "may run the tests" in text)
    assert warning.startswith("appveyor.yml may run the tests, but could not be followed")


def test_a_job_of_an_orb_is_named(tmp_path: Path) -> None:
    text = "version: 2.1\norbs: {dj: acme/dj@1}\nworkflows: {x: {jobs: [dj/test]}}\n"
    warnings = warnings_of(tmp_path, {".circleci/config.yml": text})
    assert any("'dj/test' in .circleci/config.yml" in text for text in warnings)


def test_a_file_of_another_service_does_not_matter_beside_a_known_suite(tmp_path: Path) -> None:
    files = {**workflow("python manage.py test"), "appveyor.yml": "build: off\n"}
    assert "appveyor" not in " ".join(warnings_of(tmp_path, files))


def test_tests_on_github_that_cannot_be_followed_count_beside_a_suite_elsewhere(
    tmp_path: Path,
) -> None:
    line = "docker run --entrypoint /app/bin/run_tests.sh shop:1"
    files = {**workflow(line), ".gitlab-ci.yml": "test: {script: [python manage.py test]}\n"}
    assert any(repr(line) in text for text in warnings_of(tmp_path, files))
    usual = {**workflow(line, "pytest"), ".gitlab-ci.yml": "test: {script: [pytest]}\n"}
    assert not any(repr(line) in text for text in warnings_of(tmp_path, usual))


@pytest.mark.parametrize(("used", "warned"), [("build", True), ("build, test", False)])
def test_a_job_that_no_workflow_runs_is_the_last_resort(
    tmp_path: Path, used: str, warned: bool
) -> None:
    config = f"""
        version: 2
        jobs:
          build: {{machine: true, steps: [checkout, {{run: docker build .}}]}}
          test: {{docker: [{{image: "cimg/python:3.12"}}], steps: [checkout, {{run: python manage.py test shop}}]}}
        workflows: {{main: {{jobs: [{used}]}}}}
    """
    files = {".circleci/config.yml": dedent(config)}
    found = loaded(tmp_path, {**django(), **files})
    assert found.config.tests.args == (("shop",),)
    assert any("no workflow in" in text for text in found.warnings) is warned


def test_a_job_that_no_workflow_runs_is_none_beside_another_one(tmp_path: Path) -> None:
    config = """
        version: 2
        jobs:
          old: {docker: [{image: "cimg/python:3.12"}], steps: [checkout, {run: python manage.py test}]}
          new: {docker: [{image: "cimg/python:3.12"}], steps: [checkout, {run: python manage.py test shop}]}
        workflows: {main: {jobs: [new]}}
    """
    found = loaded(tmp_path, {**django(), ".circleci/config.yml": dedent(config)})
    assert found.config.tests.args == (("shop",),)
    assert not any("no workflow in" in text for text in found.warnings)
