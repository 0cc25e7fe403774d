"""What coverage.py is configured to leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.repository.coverage_config import read_coverage_config
from heroci_action.repository.files import RepositoryFiles


def omitted(root: Path, name: str, text: str, *paths: str) -> list[bool]:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    config = read_coverage_config(RepositoryFiles(root=root, files=(name, *paths)))
    return [config.omits(path) for path in paths]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".coveragerc", "[run]\nomit = */migrations/*, manage.py\n"),
        ("setup.cfg", "[coverage:run]\nomit =\n    */migrations/*\n    manage.py\n"),
        ("tox.ini", "[coverage:report]\nomit = */migrations/*\n    manage.py\n"),
        ("pyproject.toml", "[tool.coverage.run]\nomit = ['*/migrations/*', 'manage.py']\n"),
    ],
)
def test_omitted_files_are_known_in_every_file_of_coverage_py(
    tmp_path: Path, name: str, text: str
) -> None:
    paths = (
        "shop/migrations/0001.py",
        "shop/migrations/old/0001.py",
        "manage.py",
        "x/manage.py",
        "shop/a.py",
    )

    assert omitted(tmp_path, name, text, *paths) == [True, True, True, False, False]


def test_files_outside_the_source_are_not_measured(tmp_path: Path) -> None:
    text = "[tool.coverage.run]\nsource = ['shop', 'acme.cart']\n"
    paths = ("shop/a.py", "acme/cart/b.py", "scripts/c.py", "web/a.ts")

    assert omitted(tmp_path, "pyproject.toml", text, *paths) == [False, False, True, False]


def test_patterns_are_relative_to_the_configuration(tmp_path: Path) -> None:
    text = "[run]\nomit = gen/*\n"

    assert omitted(tmp_path, "backend/.coveragerc", text, "backend/gen/a/b.py", "gen/a.py") == [
        True,
        False,
    ]


@pytest.mark.parametrize("text", ["[tool]\ncoverage = 1\n", "[tool.coverage]\nrun = 1\n", "x", ""])
def test_a_configuration_that_makes_no_sense_leaves_nothing_out(tmp_path: Path, text: str) -> None:
    assert omitted(tmp_path, "pyproject.toml", text, "a.py") == [False]
