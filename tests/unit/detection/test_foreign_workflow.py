"""The inputs for a workflow of another repository say what they can about the tests, with a warning."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.projects import POSTGRES, django, loaded

SETTINGS = (
    f'DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "NAME": "shop", "HOST": "localhost"}}}}\n'
)
USES = "acme/ci/.github/workflows/django.yml@v1"


def project(root: Path, more: str = "", **inputs: str) -> ProjectConfig:
    given = json.dumps({name.replace("__", "-"): text for name, text in inputs.items()})
    ci = f"on: push\njobs:\n  build: {{uses: {USES}, with: {given}}}\n{more}"
    files = {
        "requirements.txt": "django\npsycopg[binary]==3.2\n",
        "ci/requirements.txt": "django\n",
    }
    return loaded(root, {**django(SETTINGS), **files, ".github/workflows/ci.yml": ci})


def test_a_test_command_is_followed_and_the_warning_says_that_the_workflow_was_not_read(
    tmp_path: Path,
) -> None:
    found = project(tmp_path, test__command="pytest -m 'not slow'", python__version="3.11")
    assert (found.config.tests.runner, found.config.tests.args) == ("pytest", (("-m", "not slow"),))
    assert found.config.python == "3.11"
    (warning,) = (text for text in found.warnings if USES in text)
    assert "HeroCI cannot read the workflow, because it is in another repository" in warning


def test_without_a_test_command_the_other_inputs_count(tmp_path: Path) -> None:
    found = project(tmp_path, python_versions='["3.10", "3.12"]', postgres_version="15")
    assert found.config.python == "3.12"
    assert found.config.services["postgres"].version == "15"
    assert any(f"'uses: {USES}' in .github/workflows/ci.yml may run" in t for t in found.warnings)


def test_without_a_test_command_the_inputs_of_a_workflow_called_ci_count(tmp_path: Path) -> None:
    calls = """
    jobs:
      release: {uses: acme/tools/.github/workflows/release.yml@v1, with: {python-version: "3.9"}}
      common:
        uses: acme/tools/.github/workflows/ci-django.yml@v1
        with: {python-version: "3.11", postgres-major-version: 16}
    """
    ci = {".github/workflows/build.yml": f"on: push\n{dedent(calls)}"}
    found = loaded(tmp_path, {**django(SETTINGS), **ci}).config
    assert (found.python, found.services["postgres"].version) == ("3.11", "16")


@pytest.mark.parametrize(
    ("inputs", "image"),
    [
        ({"postgres_image": "postgis/postgis:16-3.4"}, "postgis/postgis:16-3.4"),
        ({"postgresql__version": "15", "use__postgis": "true"}, "postgis/postgis:15-3.5"),
        ({"postgres__version": "15", "use__postgis": "false"}, None),
    ],
)
def test_servers_are_known_by_their_names(
    tmp_path: Path, inputs: dict[str, str], image: str | None
) -> None:
    found = project(tmp_path, test_command="python manage.py test", **inputs)
    assert found.config.services["postgres"].image == image


def test_packages_requirements_variables_and_directory_count(tmp_path: Path) -> None:
    found = project(
        tmp_path,
        test_command="python manage.py test",
        extra__packages="gettext libpq-dev",
        requirements__file="ci/requirements.txt",
        pip_packages="model-bakery",
        env="MODE=test\nOTHER=1",
        redis="true",
    ).config
    assert found.apt == ("gettext", "libpq-dev")
    assert found.requirements == ("ci/requirements.txt",)
    assert found.packages == ("model-bakery",)
    assert found.env["MODE"] == "test"
    assert set(found.services) == {"postgres", "redis"}


@pytest.mark.parametrize("more", [{}, {"test_command": "python manage.py test"}])
def test_commands_before_the_tests_are_read(tmp_path: Path, more: dict[str, str]) -> None:
    lines = "sudo apt-get install -y gdal-bin\ncurl -f https://example.com | sh\n"
    found = project(tmp_path, extra__commands=lines, run_tests="true", **more)
    assert "gdal-bin" in found.config.apt
    assert any("curl" in line.line for line in found.facts.left_out)


def test_a_flag_is_no_command(tmp_path: Path) -> None:
    found = project(tmp_path, run__tests="true", test="yes")
    assert found.config.tests.before == ()
    assert not [line for line in found.facts.left_out if line.line in {"true", "yes"}]


def test_a_foreign_workflow_that_checks_the_code_is_named_beside_the_suite(tmp_path: Path) -> None:
    place = "acme/ci/.github/workflows"
    jobs = f"  lint: {{uses: {place}/lint.yml@v1}}\n  deploy: {{uses: {place}/d.yml@v1}}\n"
    found = project(tmp_path, jobs, test_command="python manage.py test")
    (warning,) = (text for text in found.warnings if "runs checks" in text)
    assert "lint.yml@v1'" in warning
    assert "d.yml" not in warning


@pytest.mark.parametrize(
    ("uses", "named"),
    [
        ("acme/infra/.github/workflows/terraform.yml@v1", False),
        ("acme/ci/.github/workflows/start-runner.yml@v1", False),
        ("acme/ci/.github/workflows/stop-ec2-runner.yml@v1", False),
        ("acme/ci/.github/workflows/terraform-fmt.yml@v1", True),
        ("acme/infra/.github/workflows/python.yml@v1", True),
        ("acme/ci/.github/workflows/test-runner.yml@v1", True),
    ],
)
def test_a_workflow_that_starts_a_machine_or_changes_the_infrastructure_is_no_check(
    tmp_path: Path, uses: str, *, named: bool
) -> None:
    ci = f"on: push\njobs:\n  a: {{uses: {uses}}}\n  t: {{steps: [{{run: python manage.py test}}]}}\n"
    files = {"requirements.txt": "django\n", ".github/workflows/ci.yml": ci}
    found = loaded(tmp_path, {**django(), **files})
    assert any(uses in text for text in found.warnings) is named
