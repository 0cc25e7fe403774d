"""Start-up time: a verb imports only what it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        (
            "heroci_action.cli",
            ("actions_toolkit", "pydantic", "anyio", "rich", "heroci_action.commands"),
        ),
        ("heroci_action.cli.report", ("pydantic", "anyio", "dagger", "httpx", "jinja2", "rich")),
        ("heroci_action.cli.run", ("dagger", "httpx", "jinja2", "rich")),
    ],
)
def test_a_module_is_imported_only_if_it_is_needed(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*(name for name in {unwanted} if name in sys.modules))"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
