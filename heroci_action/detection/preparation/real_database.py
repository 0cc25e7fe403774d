"""Tests on the database that the CI prepares, instead of the test runner's."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from heroci_action.detection.ci.left_out import SERVER
from heroci_action.detection.ci.records import LeftOut
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.test_runner.choice import uses_pytest
from heroci_action.text import some

_CONFTEST = r"(.*/)?conftest\.py"
# The fixture with which pytest-django makes the test databases.
_FIXTURE = "django_db_setup"
# `setup_databases()`, `connection.creation.create_test_db()`
_MAKING = re.compile(r"\b(setup_databases|create_test_db)\b")
# `python manage.py loaddata cities`, but no `psql -c 'create database shop'`
_OF_DJANGO = re.compile(r"(^|[\s/])manage\.py\s+(?!migrate\b)|\bdjango-admin\s+(?!migrate\b)")


def warn_of_real_database(
    project: ProjectFiles, before: tuple[str, ...], lines: tuple[LeftOut, ...]
) -> Iterator[Finding]:
    """Warn of the lines that fill the database if the tests run on it, with these lines and `before` as the remedy.

    Source: pytest-django, "Using an existing, external database for tests".
    """
    if project.configured("tests.before") is not None or not uses_pytest(project):
        return
    filling = [line for line in lines if line.reason == SERVER and _OF_DJANGO.search(line.line)]
    file = next(_replacing(project), None) if filling else None
    manage = project.layout.manage
    if file is None or manage is None:
        return
    shown = some([f"{line.line!r} ({line.source})" for line in filling])
    steps = ["python manage.py migrate", *(line.line for line in filling)]
    yield Warn(
        f"{file} replaces {_FIXTURE}, so the tests use the database that the CI prepares, and the plan does not run "
        f"{shown}; set tests.before to the lines that prepare it",
        (f"tests.before = {json.dumps([*before, *steps])}",),
    )


def _replacing(project: ProjectFiles) -> Iterator[str]:
    """Yield the files whose fixture makes no test database; a fixture that asks for the usual one adds to it."""
    for path in project.tree.matching(_CONFTEST):
        if _FIXTURE not in project.tree.text(path):
            continue
        for node in ast.walk(project.tree.python(path)):
            if isinstance(node, ast.FunctionDef) and node.name == _FIXTURE:
                asked = {argument.arg for argument in node.args.args}
                if _FIXTURE not in asked and not _MAKING.search(ast.unparse(node)):
                    yield path
