"""Settings that choose with `match`, and connections in a file of libpq."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from heroci_action.detection.sources.match_statements import without_match
from tests.unit.detection.projects import DRIVER, FIELDS, POSTGRES, django, loaded

SETTINGS = f"""
    import os
    match os.environ.get("DB_KIND", "sqlite"):
        case "postgres" | "pg":
            DATABASES = {{"default": {{{FIELDS}}}}}
        case _:
            DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}}}
"""
JOB = """
    on: push
    jobs:
      test:
        env: {{P_HOST: localhost, DB_KIND: {kind}}}
        services: {{db: {{image: "postgres:16"}}}}
        steps: [{{run: pip install -r requirements.txt}}, {{run: python manage.py test}}]
"""


@pytest.mark.parametrize(("kind", "services"), [("postgres", ["postgres"]), ("sqlite", [])])
def test_a_case_is_chosen_as_the_branch_of_a_condition_is(
    tmp_path: Path, kind: str, services: list[str]
) -> None:
    files = {**django(SETTINGS), **DRIVER, ".github/workflows/ci.yml": JOB.format(kind=kind)}
    assert list(loaded(tmp_path, files).config.services) == services


@pytest.mark.parametrize(
    ("cases", "text"),
    [
        ("case 1: A = 1", "if kind == 1:\n    A = 1"),
        ("case None: A = 1\n case _: A = 2", "if kind is None:\n    A = 1\nelse:\n    A = 2"),
        ("case 'a' | 'b' as x: A = 1", "if kind == 'a':\n    A = 1\nelif kind == 'b':\n    A = 1"),
        ("case 'a' if DEBUG: A = 1", "if kind == 'a' and DEBUG:\n    A = 1"),
        ("case {'x': 1}: A = 1", "if matches(kind):\n    A = 1"),
        ("case other: A = 1", "A = 1"),
    ],
)
def test_a_match_statement_is_written_as_conditions(cases: str, text: str) -> None:
    module = without_match(ast.parse(f"match kind:\n {cases}\n"))
    assert ast.unparse(ast.fix_missing_locations(module)) == text


def test_a_connection_in_a_file_of_libpq_is_a_warning(tmp_path: Path) -> None:
    database = f'{{"ENGINE": "{POSTGRES}", "OPTIONS": {{"service": "shop_db"}}}}'
    project = loaded(tmp_path, {**django(f'DATABASES = {{"default": {database}}}'), **DRIVER})
    assert "the service 'shop_db' of libpq" in " ".join(project.warnings)
