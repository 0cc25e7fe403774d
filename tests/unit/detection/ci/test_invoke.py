"""Tasks of Invoke and Fabric are read from their files."""

from __future__ import annotations

import pytest

from heroci_action.detection.ci.records import UNKNOWN
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


def test_loops_run_their_commands_for_each_item() -> None:
    tasks = """
@task
def test(c):
    for app in ["cart", "shop"]:
        c.run(f"pytest {app}")
    for name, path in places(c):
        c.run(f"fetch {name} {path}")
"""
    expected = ["pytest cart", "pytest shop", f"fetch {UNKNOWN} {UNKNOWN}"]
    assert shown(commands_of("inv test", {"tasks.py": tasks})) == expected


def test_a_task_that_is_not_in_the_file_stays_a_command() -> None:
    assert shown(commands_of("inv deploy", {"tasks.py": TASKS})) == ["inv deploy"]


def test_fabric_reads_its_own_file() -> None:
    fabfile = 'from fabric.api import local, task\n@task\ndef check():\n    local("pytest -x")\n'
    assert shown(commands_of("fab check", {"fabfile.py": fabfile})) == ["pytest -x"]


def test_the_modules_of_a_package_are_collections_of_tasks() -> None:
    files = {
        "tasks/__init__.py": "from invoke import Collection\nns = Collection(assets, tests)\n",
        "tasks/assets.py": "@task\ndef build(c):\n    c.run('npm ci')\n",
        "tasks/tests.py": "from .assets import build\n@task(pre=[build])\ndef unit(c, tag='slow'):\n"
        "    c.run(f'python manage.py test --exclude-tag {tag}')\n",
    }
    assert shown(commands_of("inv tests.unit --tag ui", files)) == [
        "npm ci",
        "python manage.py test --exclude-tag ui",
    ]


COLLECTIONS = {
    "tasks.py": """
from invoke import Collection
from commands import deploy
from commands.test import tests
from commands.tools import clean as tidy
namespace = Collection(tests, deploy, Collection("more", everything=tidy))
namespace.add_task(tidy)
""",
    "commands/__init__.py": "",
    "commands/test.py": """
from invoke import Collection
from invoke.tasks import task
from .tools import PYTHON, clean

@task(clean)
def web(c):
    with c.cd("web"):
        c.run(f"{PYTHON} manage.py test")

@task
def clean_up(c):
    c.run("rm -r out")

tests = Collection("test", web, clean_up)
""",
    "commands/tools.py": "PYTHON = 'python'\n@task\ndef clean(c):\n    helper(c)\ndef helper(c):\n    c.run('clean')\n",
    "commands/deploy/__init__.py": "from commands.deploy.web import web\n",
    "commands/deploy/web.py": "@task\ndef web(c):\n    c.run('push')\n",
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("inv test.web", ["clean", "web: python manage.py test"]),
        ("inv test.clean-up deploy.web", ["rm -r out", "push"]),
        ("inv more.everything", ["clean"]),
        ("inv clean", ["clean"]),
        ("inv web", ["inv web"]),
    ],
)
def test_tasks_of_collections_in_other_modules_are_found(line: str, expected: list[str]) -> None:
    assert shown(commands_of(line, COLLECTIONS)) == expected


def test_modules_of_tasks_that_import_each_other_end() -> None:
    files = {
        "tasks.py": "from other import task\n@task\ndef a(c):\n    b(c)\n",
        "other.py": "from tasks import a\ndef b(c):\n    a(c)\n",
    }
    assert shown(commands_of("inv a", files)) == ["inv a"]
