"""The directory of the reports: HeroCI writes and deletes nothing outside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from heroci_action.errors import UsageError
from heroci_action.output_directory import MARK, open_output, remove_reports, write_file


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, a checkout."""
    directory = tmp_path / "checkout"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


def test_a_new_directory_is_ignored_by_git(here: Path) -> None:
    with open_output(Path("new/reports")) as output:
        assert output == here / "new/reports"

    assert (output / ".gitignore").read_text() == MARK


@pytest.mark.promise(
    "the output directory is or contains a symbolic link",
    "it is refused; nothing is written or deleted elsewhere",
)
@pytest.mark.parametrize("link", ["out", "out/deep", "out/deep/logs"])
@pytest.mark.parametrize("absolute", [False, True])
def test_a_symbolic_link_is_refused_wherever_it_is_in_the_path(
    here: Path, link: str, absolute: bool
) -> None:
    target = here.parent / "target"
    (target / "deep/logs").mkdir(parents=True)
    (target / "deep/logs/system.log").touch()
    (here / link).parent.mkdir(parents=True, exist_ok=True)
    (here / link).symlink_to(target / "deep/logs" if link.endswith("logs") else target)
    output = Path("out/deep")

    with (
        pytest.raises(UsageError, match=rf"'{link}' is a symbolic link"),
        open_output(here / output if absolute else output),
    ):
        pass

    assert [path.name for path in target.rglob("*")] == ["deep", "logs", "system.log"]


def test_links_above_the_current_directory_are_the_business_of_the_user(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here.parent / "link").symlink_to(here)
    monkeypatch.chdir(here.parent / "link")

    with open_output(Path("out")) as output:
        assert output == here / "out"


@pytest.mark.promise(
    "two runs write to one output directory",
    "the second one is refused until the first has finished",
)
def test_a_second_run_is_refused_until_the_first_has_finished(here: Path) -> None:
    with open_output(Path("out")):
        with pytest.raises(UsageError, match="another run is writing its reports to "):
            open_output(here / "../checkout/out").__enter__()
        with open_output(Path("other")):
            pass

    with open_output(Path("out")):
        pass


def test_reports_and_logs_of_an_earlier_run_are_removed(here: Path) -> None:
    with open_output(Path("out")) as output:
        (output / "logs").mkdir()
        for name in ("logs/a.b.log", "junit.xml", ".junit.xml.1.part"):
            (output / name).touch()

        remove_reports(output)

        left = [path.name for path in output.rglob("*") if path.is_file()]
    assert left == [".gitignore"]


@pytest.mark.parametrize("ignored", [None, "*.log\n"])
def test_other_files_in_a_directory_of_the_user_are_kept(here: Path, ignored: str | None) -> None:
    (here / "logs").mkdir()
    (here / "logs/server.log").touch()
    if ignored:
        (here / ".gitignore").write_text(ignored)

    with open_output(Path()) as output:
        remove_reports(output)

    assert (here / "logs/server.log").exists()
    assert (here / ".gitignore").exists() == bool(ignored)


def test_a_link_in_the_place_of_a_file_or_its_temporary_file_is_not_followed(here: Path) -> None:
    other = here / "other"
    other.write_text("mine")
    (here / "a").symlink_to(other)
    (here / f".a.{os.getpid()}.part").symlink_to(other)

    write_file(here / "a", [b"new", b"er"])

    assert other.read_text() == "mine"
    assert (here / "a").read_text() == "newer"
    assert not (here / "a").is_symlink()
