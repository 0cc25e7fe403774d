"""What changes the content of a repository, and what does not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from heroci_action.cache.content import UnknownContentError, read_content

# The clones of submodules have no author of their own, and a machine may have none.
WHO = {"NAME": "a", "EMAIL": "a@example.org"}
ENV = {
    **os.environ,
    **{f"GIT_{role}_{key}": who for role in ("AUTHOR", "COMMITTER") for key, who in WHO.items()},
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    library = _create(tmp_path / "library")
    root = _create(tmp_path / "project")
    (root / "README.md").write_text("old\n")
    (root / "link").symlink_to(".gitignore")
    (root / ".gitignore").write_text(".env\n*.log\n/local/\n.envs/\nnode_modules/\n")
    for path in ("local/settings.py", "local/deep/server.pem", "local/a.log", ".envs/django"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("old\n")
    (root / "node_modules").mkdir()
    (root / "node_modules/package.json").write_text("old\n")
    (root / "reports").mkdir()
    (root / "reports/tracked.py").write_text("old\n")
    _shell(root, f"git -c protocol.file.allow=always submodule --quiet add {library} library")
    _shell(root, "git add -A && git commit -qm all")
    return root


def _create(root: Path) -> Path:
    root.mkdir()
    (root / "a.py").write_text("old\n")
    _shell(
        root,
        "git init -q . && git add -A && git commit -qm first",
    )
    return root


def _shell(root: Path, line: str) -> None:
    subprocess.run(["sh", "-ec", line], cwd=root, env=ENV, check=True, capture_output=True)


@pytest.mark.parametrize(
    "change",
    [
        "echo new > a.py",
        "chmod +x a.py",
        "git config core.fileMode false; chmod +x a.py",
        "git mv a.py b.py",
        "mv a.py b.py",
        "echo new > b.py",
        "rm a.py",
        "ln -sf README.md link",
        "git update-index --assume-unchanged a.py; echo new > a.py",
        "git update-index --skip-worktree a.py; echo new > a.py",
        "echo new > library/a.py",
        "echo new > library/b.py",
        "cd library; git commit -q --allow-empty -m second; git rm -q a.py; git commit -qm third",
        "echo DEBUG=1 > .env",
        "echo Django==5.2.20 > requirements.txt",
        "echo '[tool.heroci]' > pyproject.toml",
        # Git calls these files clean.
        "git config core.autocrlf input; printf 'old\\r\\n' > a.py; git add a.py",
        "echo '* text=auto' > .git/info/attributes; printf 'old\\r\\n' > a.py; git add a.py",
        # Ignored files that change what programs do, also in ignored directories.
        "echo new > local/settings.py",
        "echo new > local/deep/server.pem",
        "echo new > .envs/django",
        "echo new > reports/tracked.py",
    ],
)
def test_a_change_of_a_file_changes_the_content(repository: Path, change: str) -> None:
    before = read_content(repository, exclude=["reports"]).whole
    _shell(repository, change)
    assert read_content(repository, exclude=["reports"]).whole != before


@pytest.mark.parametrize(
    "change",
    [
        "touch a.py",
        "git status",
        "echo new > run.log",
        "echo new > local/a.log",
        "echo new > node_modules/package.json",
        "echo new > reports/junit.xml",
        "mkdir .venv; touch .venv/pyvenv.cfg .venv/a.py; echo .venv > .git/info/exclude",
        "git commit --allow-empty -m empty",
        "git checkout -b other",
    ],
)
def test_anything_else_does_not(repository: Path, change: str) -> None:
    before = read_content(repository, exclude=["reports"]).whole
    _shell(repository, change)
    assert read_content(repository, exclude=["reports"]).whole == before


def test_a_clone_has_the_same_content(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "elsewhere"
    _shell(repository, "rm -r local .envs")
    _shell(
        tmp_path,
        f"git -c protocol.file.allow=always clone -q --recurse-submodules {repository} {clone}",
    )
    assert read_content(clone).whole == read_content(repository).whole


def test_a_commit_of_the_changes_does_not_change_the_content(repository: Path) -> None:
    _shell(repository, "echo new > a.py; echo new > b.py")
    before = read_content(repository).whole
    _shell(repository, "git add -A; git commit -qm changes")
    assert read_content(repository).whole == before


@pytest.mark.parametrize(("pattern", "is_ignored"), [("*.md", True), ("docs/", False)])
def test_an_ignored_pattern_leaves_files_out(
    repository: Path, pattern: str, *, is_ignored: bool
) -> None:
    before = read_content(repository).without([pattern]).whole
    _shell(repository, "echo new > README.md")
    assert (read_content(repository).without([pattern]).whole == before) is is_ignored


def test_an_edit_that_is_undone_leaves_a_stamp(repository: Path) -> None:
    before = read_content(repository)
    # Git compares whole seconds, so the file must not be as old as the index.
    _shell(repository, "echo new > a.py; echo old > a.py; touch -d '1 hour' a.py")
    after = read_content(repository)
    assert after.whole == before.whole
    assert after.find_change(before) == "a.py"


def test_an_ignored_file_that_the_run_creates_is_no_change_but_an_edited_one_is(
    repository: Path,
) -> None:
    before = read_content(repository)
    _shell(repository, "echo new > local/built.json")
    assert read_content(repository).find_change(before) is None
    _shell(repository, "echo new > local/settings.py")
    assert read_content(repository).find_change(before) == "local/settings.py"


def test_a_directory_without_git_is_read_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("old\n")
    before = read_content(tmp_path).whole
    (tmp_path / "a.py").write_text("new\n")
    assert read_content(tmp_path).whole != before


def test_a_link_to_a_directory_elsewhere_makes_the_content_unknown(repository: Path) -> None:
    (repository / "elsewhere").symlink_to("/etc")
    with pytest.raises(UnknownContentError, match="'elsewhere' is a link to a directory outside"):
        read_content(repository)
