"""The directories and files that linters are given."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from heroci_action.repository.files import RepositoryFiles, python_targets
from heroci_action.repository.targets import lint_targets


@pytest.mark.parametrize(
    ("tracked", "strays", "targets"),
    [
        (["a/x.py", "m.py", "README"], [], (".",)),
        (["a/x.py", "a/b/y.py", "m.py"], [".venv/"], ("a", "m.py")),
        (["a/x.py", "a/b/y.py", "c/z.pyi"], ["a/env/"], ("a/x.py", "a/b", "c")),
        (["a/x.py", "c/z.py"], ["a/scratch.py"], ("a/x.py", "c")),
        (["README"], [".venv/"], (".",)),
    ],
)
def test_linters_get_the_fewest_directories_without_what_git_does_not_track(
    tracked: list[str], strays: list[str], targets: tuple[str, ...]
) -> None:
    assert lint_targets(tracked, strays) == targets


def add(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("", encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    add(tmp_path, "shop/models.py", "manage.py", "notes.ipynb")
    (tmp_path / ".gitignore").write_text("/heroci-reports/\n/build/\n", encoding="utf-8")
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize(
    "leftovers",
    [
        ["heroci-reports/report.html", "heroci-reports/junit.xml"],
        ["coverage-html/index.html"],
        ["shop/__pycache__/models.cpython-313.pyc", ".mypy_cache/3.13/x.py", ".coverage"],
        ["build/static/app.js"],
    ],
)
def test_what_a_run_leaves_behind_does_not_change_what_is_checked(
    repository: Path, leftovers: list[str]
) -> None:
    before = python_targets(repository)
    add(repository, *leftovers)
    assert python_targets(repository) == before == (".",)


def test_a_directory_with_python_that_git_does_not_track_is_left_out(repository: Path) -> None:
    add(repository, "build/lib/shop/models.py")
    assert python_targets(repository) == ("manage.py", "shop")
    assert RepositoryFiles.read(repository).strays == ("build/",)


def test_in_a_repository_without_a_commit_only_environments_are_left_out(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    add(tmp_path, "manage.py", "shop/models.py", ".gitignore", "ignored/x.py")
    (tmp_path / ".gitignore").write_text("ignored/\n")
    add(tmp_path, "pyenv/lib/x.py", "pyenv/pyvenv.cfg", ".venv/lib/y.py")

    assert python_targets(tmp_path) == ("manage.py", "shop")
