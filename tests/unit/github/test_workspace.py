"""What root leaves in a workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from heroci_action.github.workspace import hand_over_new_files

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")

OWNER, GROUP = 1001, 118
NOBODY = 65534


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    os.chown(workspace, OWNER, GROUP)
    return workspace


def owner(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_uid, found.st_gid


def test_new_files_belong_to_the_owner(workspace: Path) -> None:
    with hand_over_new_files(workspace):
        (workspace / "deep/er").mkdir(parents=True)
        (workspace / "deep/er/file").touch()

    made = [workspace / "deep", workspace / "deep/er", workspace / "deep/er/file"]
    assert [owner(path) for path in made] == [(OWNER, GROUP)] * 3


def test_files_are_handed_over_after_a_failure(workspace: Path) -> None:
    def fail() -> None:
        with hand_over_new_files(workspace):
            (workspace / "file").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert owner(workspace / "file") == (OWNER, GROUP)


def test_link_is_handed_over_but_not_its_target(workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    with hand_over_new_files(workspace):
        (workspace / "link").symlink_to(outside)

    assert owner(workspace / "link") == (OWNER, GROUP)
    assert owner(outside) == owner(outside / "file") == (0, 0)


def test_files_of_other_users_are_unchanged(workspace: Path) -> None:
    with hand_over_new_files(workspace):
        (workspace / "file").touch()
        os.chown(workspace / "file", NOBODY, NOBODY)

    assert owner(workspace / "file") == (NOBODY, NOBODY)


def test_existing_files_are_unchanged(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "old").touch()
    monkeypatch.setattr("heroci_action.github.workspace.CLOCK_TOLERANCE", -5_000_000_000)
    with hand_over_new_files(workspace):  # as if it began five seconds later
        pass

    assert owner(workspace / "old") == (0, 0)


def test_workspace_of_root_is_unchanged(tmp_path: Path) -> None:
    with hand_over_new_files(tmp_path):
        (tmp_path / "file").touch()

    assert owner(tmp_path / "file") == (0, 0)
