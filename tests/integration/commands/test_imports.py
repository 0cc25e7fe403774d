"""Start-up time: a verb imports only what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.detection.projects import django


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (
            ("--version",),
            ("actions_toolkit", "pydantic", "anyio", "rich", "yaml", "heroci_action.commands"),
        ),
        (("report", "tests.xml"), ("pydantic", "anyio", "dagger", "httpx", "yaml")),
        (("plan", "--engine", "host"), ("dagger", "httpx", "jinja2", "rich", "actions_toolkit")),
        (("run", "--help"), ("dagger", "httpx", "jinja2", "rich")),
    ],
    ids=["version", "report", "plan", "run"],
)
def test_a_verb_imports_only_what_it_needs(
    tmp_path: Path, arguments: tuple[str, ...], unwanted: tuple[str, ...]
) -> None:
    for name, text in django().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "tests.xml").write_text('<testsuite><testcase name="a"/></testsuite>')
    code = (
        "import os, sys; from heroci_action.cli import run_program;"
        f"code = run_program({arguments!r}, os.environ);"
        f"print(code, *(name for name in {unwanted!r} if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        (sys.executable, "-c", code), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1:] == ["0"], done.stderr
