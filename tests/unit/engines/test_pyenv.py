from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.engines.host.pyenv import find_interpreters, version_of


def install(root: Path, *versions: str) -> None:
    for version in versions:
        program = root / "versions" / version / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.touch()


@pytest.mark.parametrize(
    ("version", "found"),
    [("3.1", []), ("3.13", ["3.13.10", "3.13.9"]), ("3.13.9", ["3.13.9"]), ("3.14", [])],
)
def test_the_versions_of_a_series_are_found_the_newest_first(
    version: str, found: list[str], tmp_path: Path
) -> None:
    install(tmp_path, "3.13.9", "3.13.10", "3.11.2", "pypy3.10-7.3.17")
    interpreters = find_interpreters(version, {"PYENV_ROOT": str(tmp_path)})
    assert [version_of(path) for path in interpreters] == found


def test_the_default_root_is_in_the_home_directory(tmp_path: Path) -> None:
    install(tmp_path / ".pyenv", "3.12.4")
    assert len(find_interpreters("3.12", {"HOME": str(tmp_path)})) == 1


def test_a_root_that_cannot_be_read_has_no_interpreter() -> None:
    assert find_interpreters("3.12", {"PYENV_ROOT": f"/{'x' * 300}"}) == []
