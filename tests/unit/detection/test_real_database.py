"""Lines that fill the database are named if the tests run on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

OWN = "import pytest\n\n@pytest.fixture(scope='session')\ndef django_db_setup({}):\n    {}\n"
LINES = (
    "./manage.py collectstatic",
    "./manage.py migrate",
    "./manage.py loaddata cities",
    "pytest",
)


def named(root: Path, conftest: str, *lines: str) -> tuple[str, ...]:
    files = {
        **django(),
        "requirements.txt": "django\npytest-django\n",
        "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n",
        "tests/conftest.py": conftest,
        **workflow(*lines),
    }
    return tuple(text for text in loaded(root, files).warnings if "django_db_setup" in text)


def test_a_line_that_fills_the_database_of_the_tests_is_named(tmp_path: Path) -> None:
    (text,) = named(tmp_path, OWN.format("", "settings.DATABASES = {}"), *LINES)
    assert "'./manage.py loaddata cities'" in text
    assert "migrate" not in text


@pytest.mark.parametrize(
    "conftest",
    [
        "",
        OWN.format("django_db_setup, django_db_blocker", "call_command('loaddata', 'x')"),
        OWN.format("django_db_blocker", "setup_databases(1, False)"),
    ],
)
def test_a_database_that_the_tests_make_needs_no_line(tmp_path: Path, conftest: str) -> None:
    assert not named(tmp_path, conftest, *LINES)


def test_a_database_that_no_line_fills_is_not_named(tmp_path: Path) -> None:
    assert not named(tmp_path, OWN.format("", "pass"), "./manage.py migrate", "pytest")
