"""The probes run in other people's processes: on old Pythons, from a folder on the path, beside any code."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PROBES = Path(__file__).parents[3] / "heroci_action" / "probes"
FILES = sorted(path for path in PROBES.glob("*.py") if path.name != "__init__.py")
OLDEST = (3, 8)
# What the process under test brings, and is only there where it is needed.
GIVEN = {"coverage", "django", "pytest"}


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
def test_a_probe_is_valid_in_the_oldest_python(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=OLDEST)
    assert "from __future__ import annotations" in path.read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_probe_needs_the_standard_library_and_the_process_under_test_only(path: Path) -> None:
    probes = {file.stem for file in FILES}
    assert imported(path) - set(sys.stdlib_module_names) - GIVEN <= probes


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_name_of_a_probe_can_hide_a_module_of_the_project(path: Path) -> None:
    assert path.name.startswith("heroci_")
