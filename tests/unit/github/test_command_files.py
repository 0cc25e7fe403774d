"""What the project's code writes to the runner's command files is undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.github.command_files import NAMES, CommandFiles


@pytest.mark.promise(
    "tests write to GITHUB_ENV, GITHUB_PATH, GITHUB_STATE, GITHUB_OUTPUT or the job summary",
    "it is undone before HeroCI writes its own outputs",
)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["appended", "replaced", "linked", "removed"])
def test_what_tests_write_to_command_files_is_undone(tmp_path: Path, name: str, how: str) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_text("OF_AN_EARLIER_STEP=1\n")
    other.write_text("untouched")
    files = CommandFiles({name: str(path)})

    match how:
        case "appended":
            path.write_text("OF_AN_EARLIER_STEP=1\nLD_PRELOAD=/tmp/evil.so\n")
        case "replaced":
            (tmp_path / "new").write_text("LD_PRELOAD=/tmp/evil.so\n")
            (tmp_path / "new").replace(path)
        case "linked":
            path.unlink()
            path.symlink_to(other)
        case _:
            path.unlink()
    files.restore()

    assert not path.is_symlink()
    assert path.read_text() == "OF_AN_EARLIER_STEP=1\n"
    assert other.read_text() == "untouched"


def test_files_that_do_not_exist_and_unset_variables_are_no_harm(tmp_path: Path) -> None:
    CommandFiles({"GITHUB_ENV": str(tmp_path / "none"), "GITHUB_PATH": ""}).restore()
    assert list(tmp_path.iterdir()) == []
