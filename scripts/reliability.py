#!/usr/bin/env python3
"""Print docs/reliability.md: the faults that tests provoke, and what HeroCI promises then.

./scripts/reliability.py > docs/reliability.md

A test states its promise with the marker `promise(fault, outcome)`. The tests are parsed, not imported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
INTRODUCTION = """# Reliability

A verdict is never better than the truth: a run is green only if everything that it claims to have run did run and
passed. Each row is a fault that a test provokes, and the outcome that it checks. `./scripts/reliability.py` generates
this table from the tests.

| if | then | test |
| --- | --- | --- |
"""


class Promise(NamedTuple):
    """A fault, the outcome, and the test file that provokes it."""

    fault: str
    outcome: str
    file: str


def promises() -> Iterator[Promise]:
    """Yield the promises of all tests, by file and position."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                match decorator:
                    case ast.Call(func=ast.Attribute(attr="promise"), args=[fault, outcome]):
                        file = path.relative_to(ROOT).as_posix()
                        yield Promise(ast.literal_eval(fault), ast.literal_eval(outcome), file)


def text() -> str:
    """Return the document."""
    rows = [
        f"| {fault} | {outcome} | [{Path(file).stem}](../{file}) |\n"
        for fault, outcome, file in promises()
    ]
    return INTRODUCTION + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(text())
