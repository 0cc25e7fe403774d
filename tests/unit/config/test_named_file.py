"""A configuration file that the user names."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.config.location import read_named
from heroci_action.errors import ConfigurationError


def test_it_is_the_whole_of_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ci.toml").write_text("parallel = 2\n")

    assert read_named(tmp_path, tmp_path / "ci.toml") == ({"parallel": 2}, "ci.toml")


def test_it_is_the_table_of_a_pyproject(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    file = tmp_path / "other/pyproject.toml"
    file.write_text("[tool.heroci]\nfail-fast = true\n")

    assert read_named(tmp_path, file) == (
        {"fail-fast": True},
        "other/pyproject.toml [tool.heroci]",
    )


def test_a_file_may_lie_outside_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "ci.toml").write_text("")

    _, origin = read_named(tmp_path / "repository", tmp_path / "ci.toml")
    assert origin == (tmp_path / "ci.toml").as_posix()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("pyproject.toml", "[project]\nname = 'x'\n", "tool.heroci: is missing"),
        ("ci.toml", "parallel =\n", "is not valid TOML"),
        ("ci.toml", None, "cannot be read"),
    ],
)
def test_a_file_without_a_configuration_is_an_error(
    tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)

    with pytest.raises(ConfigurationError, match=words):
        read_named(tmp_path, tmp_path / name)
