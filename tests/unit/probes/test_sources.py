"""Probes run in the processes of projects: on old Pythons, from a directory on the path, with arbitrary code."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PROBES = Path(__file__).parents[3] / "heroci_action" / "probes"
FILES = sorted(path for path in PROBES.glob("*.py") if path.name != "__init__.py")
OLDEST = (3, 8)
# Packages of the process under test, which are imported only on demand.
GIVEN = {"coverage", "django", "flake8", "pytest"}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_probes_are_valid_in_the_oldest_python(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=OLDEST)
    assert "from __future__ import annotations" in path.read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_probes_import_only_the_standard_library_and_the_process_under_test(path: Path) -> None:
    probes = {file.stem for file in FILES}
    assert imported(path) - set(sys.stdlib_module_names) - GIVEN <= probes


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_probe_names_cannot_hide_modules_of_the_project(path: Path) -> None:
    assert path.name.startswith("heroci_")
