from __future__ import annotations

import os
from pathlib import Path

import pytest

from heroci_action.project import load
from heroci_action.repository.files import MAX_TEXT, RepositoryFiles
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded, manage, write

BROKEN = [
    "\x00\x01",
    "def (:",
    "{{{{",
    "[[[",
    ": : :\n\t- x",
    "\ufeff[a\n",
    "x" * 5000,
    "-r\n-r -r\n--",
    "FROM\nCMD\n",
    "'" * 99,
]
NAMES = [
    "mysite/settings.py", "pyproject.toml.bak", "setup.cfg", "tox.ini", "setup.py", "pytest.ini", "requirements.txt",
    "uv.lock",
    "Pipfile.lock", "Dockerfile", "docker-compose.yml", ".github/workflows/ci.yml", ".circleci/config.yml", "Makefile",
    ".pre-commit-config.yaml", ".python-version", ".env.example", "mysite/urls.py", "mysite/wsgi.py", "runtime.txt",
    "Pipfile",
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_files_that_do_not_parse_say_nothing_and_break_nothing(tmp_path: Path, text: str) -> None:
    found = loaded(tmp_path, {**django(), **dict.fromkeys(NAMES, text), "manage.py": manage()})
    assert found.config.settings == "mysite.settings"


def test_a_settings_module_that_imports_itself_ends(tmp_path: Path) -> None:
    files = {
        "mysite/settings.py": "from mysite.base import *\nA = B\nB = A\n" + SQLITE,
        "mysite/base.py": "from .settings import *\n",
    }
    assert loaded(tmp_path, {**django(), **files}).config.services == {}


def test_names_that_refer_to_each_other_end(tmp_path: Path) -> None:
    settings = (
        "".join(f"A{i} = A{i + 1} + A{i + 1} + A{i + 2}\n" for i in range(30))
        + 'DATABASES = {"default": A0}\nSECRET_KEY = A0\n'
    )
    assert loaded(tmp_path, django(settings)).config.tests.runner == "django"


def test_aliases_that_multiply_do_not(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [
        f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 30)
    ]
    files = {**django(), ".gitlab-ci.yml": "\n".join(lines) + "\n"}
    assert loaded(tmp_path, files).config.tests.runner == "django"


def test_pipelines_that_start_each_other_end(tmp_path: Path) -> None:
    child = "again: {trigger: {include: [.gitlab-ci.yml, child.yml]}}\n"
    files = {
        ".gitlab-ci.yml": f"{child}lint: {{script: flake8 mysite}}\n",
        "child.yml": f"{child}tests: {{script: pytest mysite}}\n",
    }
    assert loaded(tmp_path, {**django(), **files}).config.tests.runner == "pytest"


def test_an_entry_point_that_starts_its_own_container_ends(tmp_path: Path) -> None:
    words = ("lint", "tests", "pytest a", "web tests")
    entry = "".join(f"docker compose run web {each}\n" for each in words)
    files = {
        "compose.yml": "services: {web: {build: .}}\n",
        "Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . /app\nENTRYPOINT ["/app/entry.sh"]\n',
        "entry.sh": f"#!/bin/sh\n{entry}flake8 .\npytest\n",
        **workflow("docker compose run web tests"),
    }
    assert loaded(tmp_path, {**django(), **files}).config.tests.runner


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.env"
    secret.write_text("TOKEN=do-not-read\n")
    root = write(tmp_path / "repo", django(SQLITE + 'import os\nT = os.environ["TOKEN"]\n'))
    (root / ".env.example").symlink_to(secret)
    (root / "requirements.txt").symlink_to(tmp_path / "nowhere")
    assert "TOKEN" not in load(root).config.env


def test_directories_that_link_in_a_circle_end(tmp_path: Path) -> None:
    root = write(tmp_path, django())
    (root / "loop").symlink_to(root, target_is_directory=True)
    assert load(root).facts.manage == "manage.py"


def test_requirements_do_not_lead_out_of_the_repository(tmp_path: Path) -> None:
    write(tmp_path, {"outside.txt": "evil"})
    found = loaded(
        tmp_path / "repo",
        {**django(), "requirements.txt": "-r ../outside.txt\n-r /etc/passwd\ndjango"},
    )
    assert found.facts.distributions == {"django"}


def test_huge_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"big.txt": "x" * (MAX_TEXT + 1), "small.txt": "x"})
    tree = RepositoryFiles.read(tmp_path)
    assert (tree.text("big.txt"), tree.text("small.txt"), tree.text("none.txt")) == ("", "x", "")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, django())
    os.mkfifo(tmp_path / "requirements.txt")
    assert load(tmp_path).config.requirements == ()


def test_nothing_of_the_project_is_executed(tmp_path: Path) -> None:
    bomb = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    files = {
        "setup.py": bomb,
        "conftest.py": bomb,
        "mysite/settings.py": bomb + SQLITE,
        "mysite/__init__.py": bomb,
    }
    loaded(tmp_path, {**django(), **files, "manage.py": bomb + manage()})
    assert not (tmp_path / "ran").exists()
