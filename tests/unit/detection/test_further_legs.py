"""Legs in which the CI runs the same suite again are named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.projects import django, loaded

TEST = "python manage.py test"
SETUP = "{uses: actions/setup-python@v5, with: {python-version: '${{ matrix.python }}'}}"


def named(root: Path, files: dict[str, str]) -> list[str]:
    found = loaded(root, {**django(), "requirements.txt": "django\n", **files})
    return [text for text in found.warnings if "HeroCI runs one leg" in text]


def github(matrix: str, job: str = "", line: str = TEST) -> dict[str, str]:
    text = f"""
    on: push
    jobs:
      test:
        strategy: {{matrix: {{{matrix}}}}}
        {job}
        steps: [{SETUP}, {{run: {line}}}]
    """
    return {".github/workflows/ci.yml": text}


PYTHONS = "python: ['3.10', '3.11', '3.12']"
GITLAB = """
image: python:${PYTHON}
test: {script: python manage.py test -v 2, parallel: {matrix: [{PYTHON: ['3.11', '3.12']}]}}
"""
CIRCLE = """
jobs:
  test:
    parameters: {python: {type: string}}
    docker: [{image: "cimg/python:<< parameters.python >>"}]
    steps: [run: python manage.py test]
workflows: {main: {jobs: [test: {matrix: {parameters: {python: ["3.11", "3.12"]}}}]}}
"""
TRAVIS = "python: ['3.11', '3.12']\nscript: python manage.py test\n"
AZURE = """
strategy: {matrix: {a: {python.version: '3.11'}, b: {python.version: '3.12'}}}
steps:
  - task: UsePythonVersion@0
    inputs: {versionSpec: $(python.version)}
  - script: python manage.py test
"""


@pytest.mark.parametrize(
    ("files", "how"),
    [
        (github(PYTHONS), "with Python 3.10, 3.11"),
        ({".gitlab-ci.yml": GITLAB}, "with Python 3.11"),
        ({".circleci/config.yml": CIRCLE}, "with Python 3.11"),
        ({".travis.yml": TRAVIS}, "with Python 3.11"),
        ({"azure-pipelines.yml": AZURE}, "with Python 3.11"),
        ({**github("python: ['3.12']"), ".travis.yml": TRAVIS}, "in .travis.yml"),
        (
            github(
                "python: ['3.12'], db: [postgres, mysql]",
                "services: {db: {image: '${{ matrix.db }}'}}",
            ),
            "on mysql",
        ),
        (
            github("python: ['3.12'], theme: [plain, dark]", "env: {THEME: '${{ matrix.theme }}'}"),
            "with THEME=dark",
        ),
        (
            github(
                "python: ['3.11', '3.12'], db: [postgres, sqlite]",
                "env: {DATABASE_URL: '${{ matrix.db }}://db/shop', PYTHON: '${{ matrix.python }}'}",
            ),
            "with Python 3.11; with DATABASE_URL=sqlite://db/shop",
        ),
    ],
)
def test_further_legs_are_named(tmp_path: Path, files: dict[str, str], how: str) -> None:
    (text,) = named(tmp_path, files)
    expected = f"the CI also runs the suite {how}; HeroCI runs one leg, with Python 3.12:"
    assert text.startswith(expected)


@pytest.mark.parametrize(
    "files",
    [
        github("python: ['3.12']"),
        github("python: ['3.12'], part: [a, b]", line="pytest ${{ matrix.part }}"),
        # A leg that need not pass, and jobs that seldom run.
        github("python: ['3.12', '3.13']", "continue-on-error: ${{ matrix.python == '3.13' }}"),
        {
            **github("python: ['3.12']"),
            ".github/workflows/nightly.yml": f"on: schedule\njobs: {{test: {{steps: [{{run: {TEST}}}]}}}}",
        },
        {**github(PYTHONS), "heroci.toml": "matrix.python = ['3.11', '3.12']\n"},
        {**github(PYTHONS), "heroci.toml": "python = '3.12'\n"},
        {"tox.ini": "[testenv]\ncommands = python manage.py test\n"},
    ],
)
def test_the_only_leg_is_not_named(tmp_path: Path, files: dict[str, str]) -> None:
    assert named(tmp_path, files) == []


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("tox", "py312-django42, e2e"),
        ("tox -e py312-django52", ""),
        ("tox --skip-env e2e", "py312-django42"),
    ],
)
def test_environments_of_tox_with_other_words_are_named(
    tmp_path: Path, line: str, names: str
) -> None:
    tox = """
        [tox]
        envlist = lint, py{311,312}-django{42,52}, py312-main, e2e, coverage, docs
        [testenv]
        commands = python manage.py test
        [testenv:py312-main]
        ignore_outcome = true
        [testenv:docs]
        commands = sphinx-build docs out
    """
    found = named(tmp_path, {**github("python: ['3.12']", line=line), "tox.ini": tox})
    text = f"in {names} of tox; HeroCI runs one leg"
    assert [text in each for each in found] == ([True] if names else [])


def test_a_leg_with_another_installation_is_named(tmp_path: Path) -> None:
    line = "pip install Django~=${{ matrix.django }}.0 && python manage.py test"
    (text,) = named(tmp_path, github("django: ['4.2', '5.2'], python: ['3.12']", line=f'"{line}"'))
    assert "runs the suite after 'pip install Django~=" in text
    assert text.count("pip install") == 1
