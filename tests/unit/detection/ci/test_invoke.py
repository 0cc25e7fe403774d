"""Tasks of Invoke and Fabric are read from their files."""

from __future__ import annotations

import pytest

from tests.unit.detection.ci.trees import commands_of, shown

TASKS = """
from invoke import task
PYTHON = "python"

@task
def assets(c):
    with c.cd("web"):
        c.run("npm ci")

@task(assets, aliases=["tests"])
def test(c, apps="", fast=False, cover=True):
    options = ["--parallel"] if fast else []
    if cover:
        c.run("coverage erase", hide=True)
    c.run(f"{PYTHON} manage.py test " + " ".join([*options, apps]))

@task(name="all")
def everything(c):
    test(c, apps="shop")
    c.run("flake8", env={"MODE": "ci"}).ok
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("inv assets", ["web: npm ci"]),
        ("invoke test --no-cover", ["web: npm ci", "python manage.py test "]),
        (
            "inv tests --fast --apps shop",
            ["web: npm ci", "coverage erase", "python manage.py test --parallel shop"],
        ),
        ("inv all", ["coverage erase", "python manage.py test shop", "flake8"]),
        (
            "inv assets all --no-x",
            ["web: npm ci", "coverage erase", "python manage.py test shop", "flake8"],
        ),
    ],
)
def test_tasks_run_their_commands(line: str, expected: list[str]) -> None:
    commands = commands_of(line, {"tasks.py": TASKS})
    found = [
        command.line if command.directory == "." else f"{command.directory}: {command.line}"
        for command in commands
    ]
    assert [text.strip() for text in found] == [text.strip() for text in expected]


def test_a_task_that_is_not_in_the_file_stays_a_command() -> None:
    assert shown(commands_of("inv deploy", {"tasks.py": TASKS})) == ["inv deploy"]


def test_fabric_reads_its_own_file() -> None:
    fabfile = 'from fabric.api import local, task\n@task\ndef check():\n    local("pytest -x")\n'
    assert shown(commands_of("fab check", {"fabfile.py": fabfile})) == ["pytest -x"]


def test_the_modules_of_a_package_are_collections_of_tasks() -> None:
    files = {
        "tasks/__init__.py": "from invoke import Collection\nns = Collection(assets, tests)\n",
        "tasks/assets.py": "@task\ndef build(c):\n    c.run('npm ci')\n",
        "tasks/tests.py": "@task(pre=[build])\ndef unit(c, tag='slow'):\n"
        "    c.run(f'python manage.py test --exclude-tag {tag}')\n",
    }
    assert shown(commands_of("inv tests.unit --tag ui", files)) == [
        "npm ci",
        "python manage.py test --exclude-tag ui",
    ]
