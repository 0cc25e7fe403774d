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


CIRCLE = """
jobs:
  t:
    docker: [{image: cimg/python:3.12}]
    steps:
      - run: 'STEP'
      - run: pytest
"""
GITLAB = """
t:
  before_script: ['STEP']
  script: [pytest]
"""
EXPORT = 'if [ "$A" = b ]; then export MODE=fast; fi'
BASH_ENV = 'if [ "$A" = b ]; then echo "export MODE=fast" >> $BASH_ENV; fi'
IF = '[ "$A" = b ]'


def other(root: Path, files: dict[str, str]) -> ProjectConfig:
    subprocess.run(["git", "init", "-q", root], check=True)
    return loaded(root, {**django(SETTINGS), **files})


def circle(step: str, text: str = CIRCLE) -> dict[str, str]:
    return {".circleci/config.yml": text.replace("STEP", step)}


def gitlab(step: str, text: str = GITLAB) -> dict[str, str]:
    return {".gitlab-ci.yml": text.replace("STEP", step)}


@pytest.mark.parametrize(
    ("files", "condition"),
    [
        (circle(BASH_ENV), IF),
        (circle(f"{IF} && echo export MODE=fast >> $BASH_ENV"), IF),
        (gitlab(EXPORT), IF),
        (gitlab(f"{IF} && export MODE=fast"), IF),
        (gitlab('if [ "$A" = b ]; then MODE=fast; export MODE; fi'), IF),
        (gitlab("case $A in b) export MODE=fast;; esac"), "… b"),
        (
            {
                **gitlab("pytest", "t: {script: [. ci/env.sh, STEP]}"),
                "ci/env.sh": f"{IF} && export MODE=fast\n",
            },
            IF,
        ),
        (
            {**gitlab("ci/run.sh", "t: {script: [STEP]}"), "ci/run.sh": f"{EXPORT}\npytest\n"},
            IF,
        ),
        (
            {
                ".github/workflows/ci.yml": f"on: push\njobs: {{t: {{steps: [{{run: '{EXPORT}; pytest'}}]}}}}"
            },
            IF,
        ),
    ],
)
def test_an_export_under_an_unknown_condition_is_named_on_every_service(
    tmp_path: Path, files: dict[str, str], condition: str
) -> None:
    found = other(tmp_path, files)
    assert named(found) == [("MODE=fast", f"the CI sets it only if {condition}")]
    assert "MODE" not in found.config.env
    assert '# env.MODE = "…"' in suggest_toml(found, Supported())


@pytest.mark.parametrize(
    "files",
    [
        # The variable does not leave its shell.
        gitlab("(if [ $A = b ]; then export MODE=fast; fi)"),
        {**gitlab("ci/up.sh"), "ci/up.sh": EXPORT},
        {
            ".github/workflows/ci.yml": f"jobs: {{t: {{steps: [{{run: '{EXPORT}'}}, {{run: pytest}}]}}}}"
        },
        # It comes after the tests.
        gitlab("pytest", f"t: {{script: [STEP, '{EXPORT}']}}"),
        circle("pytest", CIRCLE.replace("run: pytest", f"run: {BASH_ENV}")),
        circle("pytest", CIRCLE.replace("run: pytest", "run: echo export MODE=fast >> $BASH_ENV")),
        circle("pytest; echo export MODE=fast >> $BASH_ENV", CIRCLE.replace("- run: pytest", "")),
        {
            ".github/workflows/ci.yml": "jobs: {t: {steps: [{run: pytest}, "
            f"{{{UNKNOWN_IF}, run: echo MODE=fast >> $GITHUB_ENV}}]}}}}"
        },
        # It is not for programs.
        gitlab("if [ $A = b ]; then MODE=fast; fi"),
    ],
)
def test_what_the_tests_never_get_is_not_named(tmp_path: Path, files: dict[str, str]) -> None:
    found = other(tmp_path, files)
    assert [line for line in found.facts.left_out if "MODE=" in line.line and line.variable] == []
    assert "MODE" not in found.config.env


def test_an_export_that_another_value_follows_is_named_with_its_condition(tmp_path: Path) -> None:
    step = "export MODE=slow; if [ $A = b ]; then export MODE=fast; fi"
    found = other(tmp_path, gitlab(step))
    assert found.config.env["MODE"] == "slow"
    assert named(found) == [("MODE=fast", "the CI sets it only if [ $A = b ]")]


def test_the_path_of_programs_is_not_proposed(tmp_path: Path) -> None:
    step = "if [ $A = b ]; then export PATH=/opt/b:$PATH; fi"
    found = other(tmp_path, {**gitlab(step), "mysite/a.py": "import os\nPATH = 1\n"})
    assert [line.harmless for line in found.facts.left_out] == [True]


ARGUMENTS = [("ARGS=--ff", 'the CI sets it only if [ "$A" = b ]')]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('ARGS=; if [ "$A" = b ]; then ARGS=--ff; fi; pytest $ARGS', ARGUMENTS),
        ('[ "$A" = b ] && ARGS=--ff; pytest ${ARGS}', ARGUMENTS),
        ('if [ "$A" = b ]; then ARGS=--ff; fi; sh ci/test.sh $ARGS', ARGUMENTS),
        ('if [ "$A" = b ]; then ARGS=--ff; fi; pytest', []),
        ('if [ "$A" = b ]; then ARGS=--ff; fi; ARGS=-q; pytest $ARGS', []),
        ('ARGS=--ff; if [ "$A" = b ]; then ARGS=--ff; fi; pytest $ARGS', []),
        ('if [ "$A" = b ]; then ARGS=--ff; pytest $ARGS; else pytest; fi', []),
    ],
)
def test_another_value_of_a_variable_in_the_words_of_the_tests_is_named(
    tmp_path: Path, lines: str, expected: list[tuple[str, str]]
) -> None:
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci/test.sh").write_text("pytest $1\n")
    found = project(tmp_path, "run: ls", f"'{lines}'")
    assert [pair for pair in named(found) if "ARGS" in pair[0]] == expected
    assert all(line.harmless and not line.variable for line in found.facts.left_out)
