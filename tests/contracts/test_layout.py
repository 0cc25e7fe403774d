"""The layout of the code: what CONTRIBUTING promises, and the limits on sizes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(ROOT.glob("heroci_action/**/*.py"))
MAX_FILE, MAX_FUNCTION, MAX_LOOSE = 400, 60, 10


def test_the_guide_describes_every_package() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("## Where things are")[2]
    described = set(re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE))

    assert described == {path.parent.name for path in ROOT.glob("heroci_action/*/__init__.py")}


def test_few_modules_are_outside_of_a_package() -> None:
    loose = {path.name for path in ROOT.glob("heroci_action/*.py")} - {"__init__.py", "__main__.py"}

    assert len(loose) <= MAX_LOOSE, sorted(loose)


def test_files_are_short() -> None:
    assert not {path.name for path in MODULES if path.read_text().count("\n") > MAX_FILE}


def test_functions_are_short() -> None:
    long = {
        f"{path.name}: {node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION
    }

    assert not long
