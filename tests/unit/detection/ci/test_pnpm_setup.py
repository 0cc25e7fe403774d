"""The action that sets up pnpm may install the packages of the project, too."""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.unit.detection.ci.trees import ci_of


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ("true", ["pnpm install"]),
        ("false", []),
        ("null", []),
        (
            "|\n  - args: [--frozen-lockfile, --strict]\n",
            ["pnpm install --frozen-lockfile --strict"],
        ),
        ("|\n  - cwd: web\n  - recursive: true\n", ["pnpm install", "pnpm install"]),
        ("|\n  args: [--offline]\n", ["pnpm install --offline"]),
        ("|\n  - [\n", []),
    ],
)
def test_the_packages_that_the_action_installs_are_known(given: str, lines: list[str]) -> None:
    step = (
        f"- uses: pnpm/action-setup@v4\n  with:\n    run_install: {indent(given, '    ').strip()}\n"
    )
    steps = indent(f"{step}- run: pytest\n", " " * 6)
    ci = ci_of({".github/workflows/ci.yml": f"on: push\njobs:\n  t:\n    steps:\n{steps}"})
    assert [each.line for each in ci.commands if each.words[:2] == ("pnpm", "install")] == lines
