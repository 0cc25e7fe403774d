"""Variables that a job writes for its later steps under a condition."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.project import ProjectConfig
from tests.unit.detection.projects import SQLITE, django, loaded

UNKNOWN_IF = """if: "steps.a.outputs.b == 'c'\""""
SETTINGS = f'import os\n{SQLITE}MODE = os.environ.get("MODE")\n'


def project(root: Path, step: str, test: str = "pytest") -> ProjectConfig:
    jobs = f"on: push\njobs:\n  t:\n    steps:\n      - {{{step}}}\n      - {{{_run(test)}}}\n"
    # Which code speaks of a variable is asked of git.
    subprocess.run(["git", "init", "-q", root], check=True)
    return loaded(root, {**django(SETTINGS), ".github/workflows/ci.yml": jobs})


def _run(test: str) -> str:
    return test if test.startswith("if") else f"run: {test}"


def named(found: ProjectConfig) -> list[tuple[str, str]]:
    return [(line.line, line.reason) for line in found.facts.left_out]


@pytest.mark.parametrize(
    ("step", "condition"),
    [
        (f"{UNKNOWN_IF}, run: echo MODE=fast >> $GITHUB_ENV", "steps.a.outputs.b == 'c'"),
        (
            """run: 'if [ "$A" = b ]; then echo MODE=fast >> $GITHUB_ENV; fi'""",
            '[ "$A" = b ]',
        ),
        ("""run: '[ "$A" = b ] && echo MODE=fast >> "$GITHUB_ENV"'""", '[ "$A" = b ]'),
    ],
)
def test_an_assignment_under_an_unknown_condition_is_named(
    tmp_path: Path, step: str, condition: str
) -> None:
    found = project(tmp_path, step)
    assert named(found) == [("MODE=fast", f"the CI sets it only if {condition}")]
    assert "MODE" not in found.config.env
    assert '# env.MODE = "…"' in suggest_toml(found, Supported())


@pytest.mark.parametrize(
    "step",
    [
        """run: 'if [ "$CI" = true ]; then echo MODE=fast >> $GITHUB_ENV; fi'""",
        """if: "github.event_name == 'push'", run: echo MODE=fast >> $GITHUB_ENV""",
    ],
)
def test_an_assignment_under_a_condition_that_holds_counts(tmp_path: Path, step: str) -> None:
    found = project(tmp_path, step)
    assert found.config.env["MODE"] == "fast"
    assert not named(found)


def test_an_assignment_under_a_condition_that_does_not_hold_does_not_count(tmp_path: Path) -> None:
    step = """run: 'if [ "$CI" = false ]; then echo MODE=fast >> $GITHUB_ENV; fi'"""
    found = project(tmp_path, step)
    assert "MODE" not in found.config.env
    assert not named(found)


def test_tests_under_the_same_condition_have_the_variable(tmp_path: Path) -> None:
    step = f"{UNKNOWN_IF}, run: echo MODE=fast >> $GITHUB_ENV"
    found = project(tmp_path, step, f"{UNKNOWN_IF}, run: pytest")
    assert found.config.env["MODE"] == "fast"
    assert not named(found)


def test_a_variable_of_which_no_code_speaks_is_not_proposed(tmp_path: Path) -> None:
    found = project(tmp_path, f"{UNKNOWN_IF}, run: echo DEPLOY=1 >> $GITHUB_ENV")
    assert [line.harmless for line in found.facts.left_out] == [True]
    assert "DEPLOY" not in suggest_toml(found, Supported())
