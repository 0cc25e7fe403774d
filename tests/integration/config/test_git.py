from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from heroci_action.project import load
from heroci_action.repository.files import RepositoryFiles
from heroci_action.repository.git import Checkout
from tests.unit.detection.projects import django, manage, write


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


def test_only_what_git_tracks_or_would_track_is_seen(repository: Path) -> None:
    write(
        repository,
        {
            "tracked.txt": "",
            "new.txt": "",
            "ignored/manage.py": manage(),
            ".gitignore": "ignored/\n",
            "gone.txt": "",
        },
    )
    git(repository, "add", "tracked.txt", "gone.txt")
    (repository / "gone.txt").unlink()
    assert RepositoryFiles.read(repository).files == (".gitignore", "new.txt", "tracked.txt")


def test_names_with_spaces_newlines_and_other_scripts_are_seen(repository: Path) -> None:
    names = ("a b.txt", "sch\u00f6n.txt", "new\nline.txt", "quote'\".txt")
    write(repository, dict.fromkeys(names, "x"))
    assert set(RepositoryFiles.read(repository).files) == set(names)


def test_the_root_is_found_from_a_directory_below(repository: Path) -> None:
    files = {f"backend/{name}": text for name, text in django().items()}
    write(repository, {**files, "backend/requirements.txt": "django\n"})
    found = load(repository / "backend")
    assert found.root == repository
    assert found.config.working_directory == "backend"
    assert found.config.requirements == ("backend/requirements.txt",)


def test_a_worktree_has_its_own_root(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    write(repository, django())
    git(repository, "add", ".")
    git(repository, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x")
    other = tmp_path_factory.mktemp("elsewhere") / "tree"
    git(repository, "worktree", "add", "-q", str(other))
    assert load(other).root == other


def test_this_repository_is_understood() -> None:
    found = load(Path(__file__).parents[3])
    assert found.config.settings == "superheroes.settings"
    assert found.facts.manage == "manage.py"
    assert found.facts.wsgi == "superheroes.wsgi:application"
    assert found.config.env["DATABASE_URL"] == "{postgres.url}"
    assert "{secret_key}" in found.config.env.values()
    assert found.facts.health == "/health/live"
    assert found.warnings == ()


def test_a_path_that_looks_like_two_has_its_changed_lines(repository: Path) -> None:
    name = "x b/y b/\u00fc\t.py"
    write(repository, {name: "one\n"})
    git(repository, "add", ".")
    git(repository, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x")
    write(repository, {name: "one\n+++ b/other.py\n"})

    checkout = Checkout.of(repository)

    assert checkout.changed_lines("HEAD") == {name: frozenset({2})}
