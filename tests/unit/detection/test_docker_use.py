"""Suites whose tests start containers by themselves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded

CI = workflow("pytest")
CONTAINER = "from testcontainers.postgres import PostgresContainer\n"


def use(root: Path, files: dict[str, str], settings: str = SQLITE) -> str | None:
    # Which files speak of Docker is asked of git.
    subprocess.run(["git", "init", "-q", root], check=True)
    return loaded(root, {**django(settings), **files}).facts.docker_use


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("conftest.py", f"import os\n{CONTAINER}", "`testcontainers.postgres` in conftest.py:2"),
        (
            "shop/tests/support.py",
            CONTAINER,
            "`testcontainers.postgres` in shop/tests/support.py:1",
        ),
        (
            "conftest.py",
            "import docker\nc = docker.from_env()\n",
            "`docker.from_env()` in conftest.py:2",
        ),
        (
            "conftest.py",
            "from docker import DockerClient\n",
            "`docker.DockerClient` in conftest.py:1",
        ),
        (
            "conftest.py",
            "import subprocess\nsubprocess.run(['docker', 'compose', 'up'], check=True)\n",
            "`docker compose` in conftest.py:2",
        ),
        (
            "tests/test_a.py",
            "import os\nos.system('docker run redis')\n",
            "`docker run` in tests/test_a.py:2",
        ),
        (
            "tests/test_a.py",
            "UP = ('docker-compose', 'up')\n\ndef test_a():\n    check_call(UP)\n",
            "`docker-compose up` in tests/test_a.py:4",
        ),
        (
            "tests/conftest.py",
            "def server(docker_services):\n    pass\n",
            "the fixture `docker_services` in tests/conftest.py:1",
        ),
    ],
)
def test_what_starts_containers_is_named(
    tmp_path: Path, file: str, text: str, expected: str
) -> None:
    used = {"tests/test_support.py": "from shop.tests.support import start\n"}
    assert use(tmp_path, {**CI, **used, file: text}) == expected


def test_settings_that_start_a_container_are_named(tmp_path: Path) -> None:
    found = use(tmp_path, CI, f"{CONTAINER}{SQLITE}")
    assert found == "`testcontainers.postgres` in mysite/settings.py:1"


@pytest.mark.parametrize(
    ("line", "file", "text"),
    [
        # A fake client of code that works with Docker.
        ("pytest", "tests/test_a.py", "from docker.errors import NotFound\n"),
        ("pytest", "tests/test_a.py", "import docker\nfake = Mock(spec=docker.models)\n"),
        ("pytest", "tests/test_a.py", "run.assert_called_with(['docker', 'ps'])\n"),
        ("pytest", "tests/test_a.py", "assert words() == ['docker', 'run']\n"),
        # The project's own code, and scripts for developers.
        ("pytest", "shop/deploy.py", CONTAINER),
        ("pytest", "scripts/up.py", "import os\nos.system('docker compose up')\n"),
        # Nothing that the tests load: examples beside them, a command with such a name, another runner's file.
        ("pytest", "shop/tests/scripts/example.py", CONTAINER),
        ("pytest", "shop/management/commands/test_mail.py", CONTAINER),
        ("manage.py test", "shop/tests/conftest.py", CONTAINER),
        # Tests that the suite does not contain.
        ("pytest shop", "e2e/tests/test_a.py", CONTAINER),
        ("pytest --ignore=e2e", "e2e/test_a.py", CONTAINER),
        (
            "pytest -m 'not docker'",
            "tests/test_a.py",
            f"{CONTAINER}pytestmark = pytest.mark.docker\n",
        ),
    ],
)
def test_what_the_suite_does_not_run_is_not_named(
    tmp_path: Path, line: str, file: str, text: str
) -> None:
    files = {"shop/tests/test_a.py": "def test_a(): pass\n", **workflow(line)}
    assert use(tmp_path, {**files, file: text}) is None


@pytest.mark.parametrize(
    ("configured", "line", "is_named"),
    [
        ("", "manage.py test", False),
        ("", "pytest", True),
        ("", "pytest shop", False),
        ('args = ["shop.tests"]', "pytest", False),
        ('args = ["shop.tests.test_a"]', "manage.py test", False),
        ('args = [["shop/tests"], ["e2e"]]', "pytest", True),
        ('args = ["-k", "cart"]', "pytest", True),
    ],
)
def test_a_conftest_of_other_tests_is_not_meant(
    tmp_path: Path, configured: str, line: str, *, is_named: bool
) -> None:
    files = {
        "e2e/conftest.py": CONTAINER,
        "shop/tests/test_a.py": "def test_a(): pass\n",
        "heroci.toml": f"[tests]\n{configured}\n",
        **workflow(line),
    }
    assert (use(tmp_path, files) is not None) is is_named
