"""Which environment of tox the tests are run like, and what holds in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.ci.task_runners.tox_factors import choose, expand_names, lines
from tests.unit.detection.ci.trees import commands_of, workflow
from tests.unit.detection.projects import django, loaded, manage


@pytest.mark.parametrize(
    ("envlist", "chosen"),
    [
        ("", None),
        ("lint, docs\ncoverage", None),
        ("py39, flake8", "py39"),
        ("py{39,310}-django{42,52}, lint", "py310-django52"),
        ("py{313,314,315}-dj60", "py314-dj60"),
        ("py313-dj{52,60,main}", "py313-dj60"),
        ("py312-dj52-{mysql,sqlite3,postgresql}", "py312-dj52-sqlite3"),
        ("py312-dj60-mysql\npy311-dj52-postgres", "py311-dj52-postgres"),
        ("py313-django52{-svg,}", "py313-django52"),
        ("django{52,60}-py{312,313}-{postgres,sqlite}", "django60-py313-sqlite"),
        ("{broken", "{broken"),
    ],
)
def test_the_environment_is_the_newest_that_needs_the_least(
    envlist: str, chosen: str | None
) -> None:
    assert choose(expand_names(envlist), None) == chosen


@pytest.mark.parametrize(
    ("python", "chosen"),
    [("3.13", "python313-django52"), ("3.12", "python312-django52"), (None, "python313-django52")],
)
def test_the_environment_has_the_python_of_the_job_however_it_is_spelled(
    python: str | None, chosen: str
) -> None:
    names = [*expand_names("python3{11,12,13}-django52"), "3.11-django42", "py311-django52"]
    assert choose(names, python) == chosen
    assert choose(["py310", "3.11-django42"], "3.11") == "3.11-django42"


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("dj52: Django~=5.2.0", True),
        ("dj42: Django~=4.2.0", False),
        ("!main: Django~=5.2.0", True),
        ("!dj52: Django~=5.2.0", False),
        ("dj42,dj52: Django~=5.2.0", True),
        ("py313-dj52: Django~=5.2.0", True),
        ("py313-dj42: Django~=5.2.0", False),
        ("py{312,313}-dj{52,60}: Django~=5.2.0", True),
        ("py313-!dj42: Django~=5.2.0", True),
        ("Django~=5.2.0", True),
        ("# Django~=5.2.0", False),
    ],
)
def test_a_line_holds_where_its_factors_are_there(line: str, holds: bool) -> None:
    found = lines(line, frozenset({"py313", "dj52", "sqlite"}))
    assert found == (["Django~=5.2.0"] if holds else [])


def test_an_address_is_no_condition() -> None:
    assert lines("https://example.org/x.tar.gz") == ["https://example.org/x.tar.gz"]


TOX = """
    [tox]
    envlist = py313-dj{42,52}-{sqlite,postgresql}
    [testenv]
    deps =
        dj42: Django~=4.2.0
        dj52: Django~=5.2.0
        postgresql: psycopg
        pytest-django
    setenv =
        sqlite: DB_ENGINE=sqlite3
        sqlite: DB_NAME=":memory:"
        postgresql: DB_ENGINE=postgresql
    commands = pytest
"""
SETTINGS = """
import os
DATABASES = {"default": {
    "ENGINE": "django.db.backends." + os.environ.get("DB_ENGINE", "postgresql"),
    "NAME": os.environ.get("DB_NAME", "x"),
    "HOST": os.environ.get("DB_HOST", "localhost"),
}}
"""


def test_a_package_is_tested_as_that_environment_tests_it(tmp_path: Path) -> None:
    files = {
        "tox.ini": TOX,
        "pyproject.toml": '[project]\nname = "x"\ndependencies = ["django"]\n',
        "project/manage.py": manage("mysite.settings"),
        "project/mysite/__init__.py": "",
        "project/mysite/settings.py": SETTINGS,
    }
    config = loaded(tmp_path, files).config
    assert config.packages == ("Django~=5.2.0", "pytest-django")
    assert config.services == {}
    assert (config.env["DB_ENGINE"], config.env["DB_NAME"]) == ("sqlite3", ":memory:")


def test_the_engine_that_ci_names_decides(tmp_path: Path) -> None:
    job = "jobs: {t: {env: {DB_ENGINE: django.db.backends.postgresql}, steps: [{run: ./manage.py test}]}}"
    settings = SETTINGS.replace('"django.db.backends." + os', "os")
    files = {**django(settings), ".github/workflows/t.yml": job}
    assert list(loaded(tmp_path, files).config.services) == ["postgres"]


def test_an_environment_with_django_of_its_own_is_complete(tmp_path: Path) -> None:
    tox = "[tox]\nskipsdist = true\n[testenv]\ndeps =\n  Django>=5.2,<5.3\n  pytest-django\ncommands = pytest\n"
    files = {**django(), "tox.ini": tox, "requirements/local.txt": "ipython\n", **workflow("tox")}
    found = loaded(tmp_path, files).config
    assert (found.requirements, found.packages) == ((), ("Django>=5.2,<5.3", "pytest-django"))


def test_a_requirements_file_that_tox_does_not_install_is_not_installed(tmp_path: Path) -> None:
    files = {
        "tox.ini": TOX,
        "requirements.txt": "django==4.2.1\n",
        "x/__init__.py": "",
        "setup.py": "# django",
    }
    config = loaded(tmp_path, files).config
    assert config.packages == ("Django~=5.2.0", "pytest-django")
    assert config.requirements == ()


HIDING = """
    [tox]
    envlist = py313, type, docs, py313-docs, coverage
    [testenv]
    passenv =
        DATABASE_*
        smtp_host, SMTP_PORT
    setenv = MODE = test
    commands = pytest {env:SITE}
    [testenv:type]
    commands = mypy shop tests
    [testenv:docs]
    commands = sphinx-build -W docs build
    [testenv:py313-docs]
    commands = sphinx-build -W docs build
    [testenv:coverage]
    commands = python runtests.py
"""


def test_only_the_variables_that_tox_passes_reach_the_tests() -> None:
    given = {"DATABASE_URL": "x", "SMTP_HOST": "y", "SITE": "z", "MODE": "ci", "LEVEL": "1"}
    command = commands_of("tox -e py313", {"tox.ini": HIDING}, **given)[-1]
    assert command.line == "pytest z"
    assert command.env == {"DATABASE_URL": "x", "SMTP_HOST": "y", "MODE": "test"}
    named = commands_of(
        "tox -e py313", {"tox.ini": HIDING}, TOX_TESTENV_PASSENV="A LEVEL", LEVEL="1"
    )
    assert named[-1].env == {"LEVEL": "1", "MODE": "test"}


def test_tox_without_names_also_runs_the_environments_without_tests() -> None:
    commands = commands_of("tox", {"tox.ini": HIDING})
    run = [command.line for command in commands if command.call.name != "pip"]
    assert run == [f"pytest '{UNKNOWN}'", "mypy shop tests", "sphinx-build -W docs build"]


def test_an_environment_in_which_only_node_tests_is_a_check(tmp_path: Path) -> None:
    tox = """
        [tox]
        envlist = py313, web
        [testenv]
        commands = pytest
        [testenv:web]
        commands =
            npm ci
            npm run test
    """
    files = {
        **django(),
        **workflow("tox"),
        "tox.ini": tox,
        "package.json": '{"scripts": {"test": "karma start --single-run"}}',
    }
    warnings = loaded(tmp_path, files).warnings
    assert any("'npm run test' (tox web)" in text for text in warnings)


def test_without_a_service_the_environments_of_tox_are_the_checks(tmp_path: Path) -> None:
    tox = """
        [tox]
        envlist = py313, pep8, docs
        [testenv]
        commands = pytest
        [testenv:pep8]
        commands = pylint mysite
        [testenv:docs]
        commands = sphinx-build -W docs build
        [testenv:release]
        commands = check-manifest
    """
    found = loaded(tmp_path, {**django(), "tox.ini": tox})
    assert "pylint" in found.config.lint
    reasons = {line.line: line.reason for line in found.facts.left_out}
    assert reasons["pylint mysite"] == "the stage lint runs it"
    assert "check-manifest" not in reasons
    assert any("'sphinx-build -W docs build' (tox docs)" in text for text in found.warnings)


def test_a_linter_that_only_tox_runs_beside_a_service_is_not_required(tmp_path: Path) -> None:
    tox = "[tox]\nenvlist = py313, pep8\n[testenv]\ncommands = pytest\n[testenv:pep8]\ncommands = pylint mysite\n"
    found = loaded(tmp_path, {**django(), "tox.ini": tox, **workflow("echo ready")})
    assert "pylint" not in found.config.lint
    reasons = {line.line: line.reason for line in found.facts.left_out}
    assert reasons["pylint mysite"] == "it checks something"


def test_an_environment_for_a_version_without_tests_is_a_check() -> None:
    tox = """
        [tox]
        envlist = py{312,313}-{django52,security,pkg}, py312-slow
        [testenv]
        commands =
            django52,slow: pytest
            security: bandit -r shop
            pkg: check-manifest
    """
    run = [each.line for each in commands_of("tox", {"tox.ini": tox}) if each.call.name != "pip"]
    assert run == ["pytest", "bandit -r shop", "check-manifest"]


def test_a_reference_to_a_variable_that_the_environment_sets_has_its_value() -> None:
    tox = """
        [testenv]
        deps = -r requirements-{env:DJANGO}.txt
        setenv =
            MODE = {env:MODE:usual}
            dj52: DJANGO = 52
            dj61: DJANGO = 61
        commands = pytest
    """
    lines = [each.line for each in commands_of("tox -e py313-dj61", {"tox.ini": tox}, DJANGO="x")]
    assert lines[0].startswith("pip install -r requirements-61.txt")


@pytest.mark.parametrize(
    ("more", "planned"), [("python manage.py check --deploy", []), ("", ["python manage.py theme"])]
)
def test_lines_of_an_environment_that_checks_something_do_not_prepare_the_tests(
    tmp_path: Path, more: str, planned: list[str]
) -> None:
    tox = f"""
        [testenv]
        commands = python manage.py test
        [testenv:first]
        commands =
            python manage.py theme
            {more}
    """
    files = {**workflow("tox -e first", "tox -e py313"), "tox.ini": tox}
    before = loaded(tmp_path, {**django(), **files}).config.tests.before
    assert [step.run for step in before] == planned
