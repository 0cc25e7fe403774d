"""Checks whose failure the CI accepts are optional in the plan, or named among the lines that were left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

ALLOWED = "the CI passes even if it fails"
CONDITION = "it runs only under a condition"
HOOKS = """
repos:
  - repo: https://github.com/psf/black
    rev: 24.1.0
    hooks: [{id: black}]
  - repo: https://github.com/acme/spelling
    rev: v1.0
    hooks: [{id: spelling}]
"""


def project(root: Path, files: dict[str, str]) -> ProjectConfig:
    return loaded(root, {**django(), "requirements.txt": "django\n", **files})


def left_out(found: ProjectConfig, reason: str = ALLOWED) -> list[str]:
    return [line.line for line in found.facts.left_out if line.reason == reason]


def steps(text: str) -> dict[str, str]:
    jobs = f"on: push\njobs:\n  test: {{steps: [{{run: python manage.py test}}]}}\n{text}"
    return {".github/workflows/ci.yml": jobs}


@pytest.mark.parametrize(
    "job",
    [
        "  lint: {steps: [{run: flake8}, {run: LINE, continue-on-error: true}]}\n",
        "  lint: {steps: [{run: flake8}]}\n  more: {continue-on-error: true, steps: [{run: LINE}]}\n",
        "  lint: {steps: [{run: flake8}, {run: LINE || true}]}\n",
        "  lint: {steps: [{run: flake8}, {run: 'LINE || echo failed'}]}\n",
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        "mypy mysite",
        "bandit -r mysite",
        "pip-audit",
        "python scripts/check_links.py",
        "python manage.py check --deploy",
        "python manage.py lintmigrations",
        "sphinx-build -W docs out",
        "git diff --exit-code",
    ],
)
def test_a_check_that_may_fail_beside_a_required_one_is_named(
    tmp_path: Path, job: str, line: str
) -> None:
    files = {"scripts/check_links.py": "import sys\nsys.exit(1)\n"}
    found = project(tmp_path, {**steps(job.replace("LINE", line)), **files})
    assert left_out(found) == [line]
    assert list(found.config.lint) == ["flake8"]
    assert not any("checks that the plan" in text or "also runs" in text for text in found.warnings)


GITLAB = """
test: {script: python manage.py test}
lint: {script: flake8}
audit: {script: bandit -r mysite, allow_failure: true}
"""
CIRCLE = """
jobs: {test: {steps: [run: python manage.py test, run: flake8, run: bandit -r mysite || true]}}
"""
AZURE = """
steps:
  - {script: python manage.py test}
  - {script: flake8}
  - {script: bandit -r mysite, continueOnError: true}
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".gitlab-ci.yml", GITLAB),
        (".circleci/config.yml", CIRCLE),
        ("azure-pipelines.yml", AZURE),
    ],
)
def test_checks_that_may_fail_are_named_on_every_service(
    tmp_path: Path, name: str, text: str
) -> None:
    assert left_out(project(tmp_path, {name: text})) == ["bandit -r mysite"]


REQUEST = """if: $CI_PIPELINE_SOURCE == 'merge_request_event'"""
TAG = "if: $CI_COMMIT_TAG"
CHANGES = "changes: [mysite/*]"


@pytest.mark.parametrize(
    ("keys", "allowed"),
    [
        ("rules: [{allow_failure: true}]", True),
        (f"rules: [{{{REQUEST}, allow_failure: true}}]", True),
        (f"rules: [{{{CHANGES}, allow_failure: true}}]", True),
        (f"rules: [{{{TAG}, allow_failure: false}}, {{allow_failure: true}}]", True),
        (f"rules: [{{{REQUEST}, when: never}}, {{allow_failure: true}}]", True),
        ("allow_failure: true, rules: [{when: always}]", True),
        # In some pipeline for a change, the job must pass.
        (f"rules: [{{{REQUEST}, allow_failure: true}}, {{when: always}}]", False),
        (f"rules: [{{{CHANGES}, allow_failure: true}}, {{when: always}}]", False),
        (f"rules: [{{{TAG}, allow_failure: true}}, {{when: on_success}}]", False),
        ("allow_failure: true, rules: [{allow_failure: false}]", False),
        ("rules: [{when: always}, {allow_failure: true}]", False),
    ],
)
def test_a_job_of_gitlab_may_fail_by_the_rule_that_lets_it_run(
    tmp_path: Path, keys: str, *, allowed: bool
) -> None:
    text = f"""
    test: {{script: python manage.py test}}
    lint: {{script: flake8}}
    audit: {{script: bandit -r mysite, {keys}}}
    """
    found = project(tmp_path, {".gitlab-ci.yml": text})
    assert left_out(found) == ["bandit -r mysite"] * allowed
    assert list(found.config.lint) == ["flake8", *(["bandit"] * (not allowed))]


def test_exit_codes_with_which_a_job_of_gitlab_may_fail_are_named(tmp_path: Path) -> None:
    codes = "allow_failure: {exit_codes"
    text = f"""
    test: {{script: python manage.py test, {codes}: [5, 137]}}}}
    lint: {{script: flake8, {codes}: 2}}}}
    """
    found = project(tmp_path, {".gitlab-ci.yml": text})
    reason = "the CI passes if the job ends with one of these exit codes"
    lines = ["5, 137", "2"]
    assert left_out(found, reason) == [f"allow_failure: exit_codes: {line}" for line in lines]
    assert list(found.config.lint) == ["flake8"]


def test_tools_that_may_fail_are_optional_steps_if_no_check_is_required(tmp_path: Path) -> None:
    lines = ("mypy mysite || true", "bandit -r mysite || true", "eslint . || true")
    found = project(tmp_path, {**workflow(*lines, "pytest"), ".isort.cfg": ""})
    assert list(found.config.lint) == ["mypy", "bandit"]
    assert found.config.stages["lint"].optional is True
    assert left_out(found) == ["eslint ."]


def test_a_program_that_may_fail_is_the_only_optional_step(tmp_path: Path) -> None:
    files = {
        **workflow("bandit -r mysite || true", "pytest"),
        "requirements.txt": "django\nblack\n",
    }
    found = project(tmp_path, files)
    assert list(found.config.lint) == ["bandit"]
    assert found.config.stages["lint"].optional is True
    assert found.facts.lint_specs == {"bandit": "bandit"}


def test_a_call_that_ignores_what_it_finds_is_named(tmp_path: Path) -> None:
    lines = ("flake8 mysite --select=E9", "flake8 mysite --exit-zero --max-complexity=10", "pytest")
    found = project(tmp_path, workflow(*lines))
    assert left_out(found) == ["flake8 mysite --exit-zero --max-complexity=10"]


def test_hooks_that_may_fail_are_named(tmp_path: Path) -> None:
    files = {".pre-commit-config.yaml": HOOKS}
    line = "pre-commit run --all-files"
    required = project(tmp_path / "a", {**workflow(f"{line} || true", "flake8", "pytest"), **files})
    assert left_out(required) == [line]
    alone = project(tmp_path / "b", {**workflow(f"{line} || true", "pytest"), **files})
    assert list(alone.config.lint) == ["black"]
    assert left_out(alone) == ["spelling"]


@pytest.mark.parametrize(
    ("condition", "on_changes"),
    [
        ("needs.changes.outputs.docs == 'true'", True),
        ("steps.filter.outputs.docs", True),
        ("vars.DOCS == 'true'", False),
        ("github.ref == 'refs/heads/docs'", False),
    ],
)
def test_a_check_under_a_condition_is_named(
    tmp_path: Path, condition: str, *, on_changes: bool
) -> None:
    line = "python manage.py check --deploy"
    job = f'  lint: {{steps: [{{run: {line}, if: "{condition}"}}]}}\n'
    found = project(tmp_path, steps(job))
    assert left_out(found, CONDITION) == [line] * (not on_changes)
    warnings = [text for text in found.warnings if "checks that the plan does not contain" in text]
    assert [repr(line) in text for text in warnings] == [True] * on_changes


def test_what_the_plan_contains_or_prepares_is_not_named(tmp_path: Path) -> None:
    lines = (
        "pip install flake8 || true",
        "mkdir out || true",
        "flake8 --version || true",
        "flake8 mysite || true",
        "flake8 mysite",
        "pytest",
        "coverage report || true",
    )
    assert left_out(project(tmp_path, workflow(*lines))) == []


def test_an_action_in_a_job_that_may_fail_is_no_warning(tmp_path: Path) -> None:
    job = "  spelling: {continue-on-error: true, steps: [{uses: acme/spell-check@v1}]}\n"
    found = project(tmp_path, steps(job))
    assert left_out(found) == ["uses: acme/spell-check"]


def test_missing_migrations_that_the_ci_lets_pass_are_a_warning(tmp_path: Path) -> None:
    found = project(tmp_path, workflow("python manage.py makemigrations --check || true", "pytest"))
    assert found.config.tests.check_migrations == "warn"
    assert "lets them pass" in found.origins["tests.check-migrations"]


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        ("isort --diff .", True),
        ("black --diff .", True),
        ("isort --diff --check .", False),
        ("isort -c --df .", False),
        ("black --diff --check .", False),
        ("ruff format --diff", False),
    ],
)
def test_a_formatter_that_only_shows_changes_passes(
    tmp_path: Path, line: str, passes: bool
) -> None:
    found = project(tmp_path, steps(f"  lint: {{steps: [{{run: flake8}}, {{run: {line}}}]}}\n"))
    assert left_out(found) == ([line] if passes else [])
    assert len(found.config.lint) == (1 if passes else 2)


def test_the_origin_of_what_runs_before_the_tests_is_the_file_of_the_ci(tmp_path: Path) -> None:
    files = {
        **workflow("./ci/before.sh", "python manage.py test"),
        "ci/before.sh": "mkdir -p var\n",
    }
    origins = project(tmp_path, files).origins
    assert (
        origins["tests.before"] == "detected: what .github/workflows/ci.yml runs before its tests"
    )
    assert (
        origins["tests.check-migrations"]
        == "detected: .github/workflows/ci.yml does not check them"
    )


@pytest.mark.parametrize(
    ("line", "planned"),
    [
        ("docker run shop sh -c 'bandit -r /app'", False),
        ("docker compose run --rm web bandit -r /app", False),
        ("docker run shop bandit -r mysite", True),
    ],
)
def test_a_check_of_a_directory_of_the_image_is_no_step(
    tmp_path: Path, line: str, planned: bool
) -> None:
    found = project(
        tmp_path, steps(f"  lint: {{steps: [{{run: {line!r}}}]}}\n".replace("\\'", "''"))
    )
    assert ("bandit" in found.config.lint) is planned
    assert any("also runs" in text and "bandit" in text for text in found.warnings) is not planned


def test_a_check_of_migrations_with_other_settings_is_named(tmp_path: Path) -> None:
    check = "python manage.py makemigrations --check"
    ci = workflow(
        check,
        f"{check} --settings=edition.settings",
        f"{check} --settings=mysite.settings",
        f"DJANGO_SETTINGS_MODULE=mysite.shop {check}",
        f"DJANGO_SETTINGS_MODULE=mysite.settings {check}",
        "pytest",
    )
    found = project(tmp_path, {**ci, "mysite/shop.py": "from mysite.settings import *\n"})
    (text,) = (text for text in found.warnings if "missing migrations" in text)
    assert "edition.settings' with edition.settings (" in text
    assert "with mysite.shop (" in text
    assert "with mysite.settings" not in text


TOLERANT = "; the CI passes even if the tests fail, HeroCI does not"
GITHUB = ".github/workflows/ci.yml"


@pytest.mark.parametrize(
    ("name", "text", "tolerant"),
    [
        (GITHUB, "jobs: {test: {continue-on-error: true, steps: [{run: LINE}]}}", True),
        (GITHUB, "jobs: {test: {steps: [{run: LINE, continue-on-error: true}]}}", True),
        (GITHUB, "jobs: {test: {steps: [{run: LINE || true}]}}", True),
        (GITHUB, "jobs: {test: {steps: [{run: LINE || exit 1}]}}", False),
        (GITHUB, "jobs: {test: {steps: [{run: LINE}, {run: LINE x || true}]}}", False),
        (".gitlab-ci.yml", "test: {script: LINE, allow_failure: true}", True),
        (".gitlab-ci.yml", "test: {script: LINE, allow_failure: {exit_codes: 137}}", False),
        (".circleci/config.yml", "jobs: {test: {steps: [run: LINE || true]}}", True),
        (".circleci/config.yml", "jobs: {test: {steps: [run: LINE]}}", False),
    ],
)
def test_a_suite_that_may_fail_in_the_ci_is_explained(
    tmp_path: Path, name: str, text: str, *, tolerant: bool
) -> None:
    found = project(tmp_path, {name: text.replace("LINE", "python manage.py test")})
    assert found.origins["tests.runner"].endswith(TOLERANT) is tolerant
    assert not any("passes even" in warning for warning in found.warnings)


GOES_ON = "goes on after failed tests, and only its last command decides in the CI; HeroCI requires the tests"
RUN = "python manage.py test"


@pytest.mark.parametrize(
    ("call", "script", "goes_on"),
    [
        ("bash ci/test.sh", f"{RUN}\nls out\n", True),
        ("./ci/test.sh", f"#!/bin/bash\n{RUN}\nls out\n", True),
        ("bash ci/test.sh", f"#!/bin/bash -e\n{RUN}\nls out\n", True),
        ("./ci/test.sh", f"#!/bin/bash -e\n{RUN}\nls out\n", False),
        ("bash -ex ci/test.sh", f"{RUN}\nls out\n", False),
        ("bash ci/test.sh", f"set -euo pipefail\n{RUN}\nls out\n", False),
        ("bash ci/test.sh", f"set -o errexit\n{RUN}\nls out\n", False),
        ("bash ci/test.sh", f"set -e\nls\nset +e\n{RUN}\nls out\n", True),
        ("bash ci/test.sh", f"ls out\n{RUN}\n", False),
        ("bash ci/test.sh", f"{RUN}\nstatus=$?\nls out\nexit $status\n", False),
        ("bash ci/test.sh", f"{RUN} || exit 1\nls out\n", False),
        ("bash ci/test.sh", f"{RUN} || failed=1\nls out\nexit $failed\n", False),
        ("bash ci/test.sh", f"trap 'exit 1' ERR\n{RUN}\nls out\n", False),
        ("bash ci/test.sh", f"run() {{\n{RUN}\nls out\n}}\nrun\n", True),
        ("bash ci/test.sh; ls out", f"{RUN}\n", False),
        (f"sh -c '{RUN}; ls out'", "", True),
        (f"sh -c '{RUN} && ls out'", "", False),
    ],
)
def test_a_script_that_goes_on_after_failed_tests_is_explained(
    tmp_path: Path, call: str, script: str, *, goes_on: bool
) -> None:
    found = project(tmp_path, {**workflow(call), "ci/test.sh": script})
    assert found.origins["tests.runner"].endswith(GOES_ON) is goes_on
    assert found.config.tests.runner == "django"


@pytest.mark.parametrize(
    ("recipe", "goes_on"), [(f"{RUN}; ls out", True), (f"{RUN}\n\tls out", False)]
)
def test_a_line_of_make_that_goes_on_after_failed_tests_is_explained(
    tmp_path: Path, recipe: str, *, goes_on: bool
) -> None:
    files = {**workflow("make test"), "Makefile": f"test:\n\t{recipe}\n"}
    assert project(tmp_path, files).origins["tests.runner"].endswith(GOES_ON) is goes_on


FORGOTTEN = "another service runs the tests, and nothing shows that Travis still reads this file"


@pytest.mark.parametrize(
    ("readme", "files", "decides"),
    [
        ("", {}, False),
        ("https://travis-ci.org/acme/shop.svg", {}, False),
        ("https://app.travis-ci.com/acme/shop.svg", {}, True),
        ("", {".github/workflows/ci.yml": "on: push\njobs: {a: {steps: [{run: ls}]}}\n"}, True),
    ],
)
def test_a_forgotten_file_of_travis_decides_about_no_check(
    tmp_path: Path, readme: str, files: dict[str, str], *, decides: bool
) -> None:
    travis = "language: python\nscript: [flake8 mysite, ./manage.py test, ./manage.py test e2e]\n"
    given = {**steps(""), ".travis.yml": travis, "README.md": readme, **files}
    found = project(tmp_path, given)
    assert (list(found.config.lint) == ["flake8"]) is decides
    stage = found.config.stages.get("lint")
    assert bool(stage and stage.optional) is not decides
    lines = ["flake8 mysite", "./manage.py test", "./manage.py test e2e"]
    assert left_out(found, FORGOTTEN) == ([] if decides else lines)


@pytest.mark.parametrize(
    ("script", "goes_on"),
    [(f"{RUN}\n    ls out", True), (f"set -e\n    {RUN}\n    ls out", False), (RUN, False)],
)
def test_a_script_of_azure_that_goes_on_after_failed_tests_is_explained(
    tmp_path: Path, script: str, *, goes_on: bool
) -> None:
    files = {"azure-pipelines.yml": f"steps:\n- script: |\n    {script}\n"}
    assert project(tmp_path, files).origins["tests.runner"].endswith(GOES_ON) is goes_on
