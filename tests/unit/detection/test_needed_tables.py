from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

COMMANDS = "shop/management/commands"
PROJECT = {
    **django(),
    "shop/__init__.py": "",
    "shop/models.py": "",
    f"{COMMANDS}/seed.py": "from shop.models import Shop\n",
    f"{COMMANDS}/write_icons.py": "from pathlib import Path\nPath('icons.js').write_text('')\n",
    "load.py": "import django\ndjango.setup()\n",
    "icons.py": "print('icons')\n",
}


@pytest.mark.parametrize(
    "line",
    [
        "python manage.py seed",
        "python manage.py import_countries",
        "python load.py",
        "python manage.py shell -c 'from shop.models import Shop; Shop.objects.create()'",
        "python -c 'import django; django.setup()'",
    ],
)
def test_what_needs_the_tables_of_the_cis_migrate_is_left_out(tmp_path: Path, line: str) -> None:
    lines = ("python manage.py migrate", line, "python manage.py test")
    found = loaded(tmp_path, {**PROJECT, **workflow(*lines)})
    left_out = {each.line: each.reason for each in found.facts.left_out}
    assert "the tables that `migrate` creates" in left_out[line]
    assert found.config.tests.before == ()


@pytest.mark.parametrize(
    "line",
    ["python manage.py collectstatic", "python manage.py write_icons", "python icons.py"],
)
def test_what_only_writes_files_is_preparation_behind_a_migrate_too(
    tmp_path: Path, line: str
) -> None:
    lines = ("python manage.py migrate", line, "python manage.py test")
    found = loaded(tmp_path, {**PROJECT, **workflow(*lines)})
    assert [step.run for step in found.config.tests.before] == [line]


def test_a_command_in_front_of_migrate_needs_no_tables(tmp_path: Path) -> None:
    lines = ("python manage.py seed", "python manage.py migrate", "python manage.py test")
    found = loaded(tmp_path, {**PROJECT, **workflow(*lines)})
    assert [step.run for step in found.config.tests.before] == ["python manage.py seed"]


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        (
            "from django.core.management import call_command\ncall_command('loaddata', 'a.json')\n",
            False,
        ),
        ("from shop.models import Shop\nShop.objects.create()\n", False),
        ("from shop.models import Shop\nprint(Shop)\n", True),
    ],
)
def test_a_command_that_fills_tables_is_left_out_if_a_container_migrates(
    tmp_path: Path, code: str, *, kept: bool
) -> None:
    lines = ("docker compose up -d", "python manage.py fill", "python manage.py test")
    found = loaded(tmp_path, {**PROJECT, f"{COMMANDS}/fill.py": code, **workflow(*lines)})
    assert bool(found.config.tests.before) is kept


@pytest.mark.parametrize(
    ("line", "files", "kept"),
    [
        ("makemigrations", {"shop/migrations/__init__.py": ""}, True),
        ("makemigrations shop --noinput", {}, True),
        ("makemigrations", {}, False),
        ("makemigrations --check", {"shop/migrations/__init__.py": ""}, False),
        (
            "makemigrations",
            {"shop/migrations/__init__.py": "", "shop/migrations/0001_initial.py": ""},
            False,
        ),
    ],
)
def test_the_migrations_of_a_project_that_keeps_none_in_git_are_made_before_the_tests(
    tmp_path: Path, line: str, files: dict[str, str], kept: bool
) -> None:
    lines = (f"python manage.py {line}", "python manage.py migrate", "pytest")
    before = loaded(tmp_path, {**PROJECT, **files, **workflow(*lines)}).config.tests.before
    assert [step.run for step in before] == [f"python manage.py {line}"] * kept
