from __future__ import annotations

import json
from pathlib import Path

import pytest

from heroci_action.detection.requirements.specifiers import allows
from tests.unit.detection.projects import django, loaded

WORKFLOW = ".github/workflows/t.yml"


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({}, "3.13"),
        ({".python-version": "3.11.4\n"}, "3.11"),
        ({".python-version": "pypy3.9\n"}, "3.13"),
        ({"runtime.txt": "python-3.10.12"}, "3.10"),
        ({".tool-versions": "nodejs 22.3.12\npython 3.12.1\n"}, "3.12"),
        ({".tool-versions": "gitleaks 8.18.4\npre-commit 3.6.0\npython 3.12.1\nuv 0.9.7\n"}, "3.12"),
        ({"Dockerfile": "FROM node:22 AS assets\nFROM python:3.11-slim\n"}, "3.11"),
        ({"Dockerfile": "ARG PYTHON_VERSION=3.12\nFROM python:${PYTHON_VERSION}\n"}, "3.12"),
        ({"Pipfile": '[requires]\npython_version = "3.9"\n'}, "3.9"),
        ({"Pipfile": '[requires]\npython_full_version = "3.11.9"\n'}, "3.11"),
        ({"pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.9,<3.12"\n'}, "3.11"),
        ({"pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.10"\n'}, "3.13"),
        ({"pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.14"\n'}, "3.14"),
        ({"pyproject.toml": '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.14"\n'}, "3.14"),
        ({"pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.99"\n'}, "3.13"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "~3.10"\n'}, "3.10"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.9"\n'}, "3.13"),
        (
            {"pyproject.toml": '[project]\nname = "x"\nclassifiers = ["Programming Language :: Python :: 3.10",'
             '"Programming Language :: Python :: 3.11", "Programming Language :: Python :: 3"]\n'},
            "3.11",
        ),
        ({"requirements.txt": "Django==3.2.18"}, "3.10"),
        ({"requirements.txt": "Django==5.2.1"}, "3.13"),
        ({"requirements.txt": "Django>=3.2"}, "3.13"),
        ({"requirements.txt": "Django==5.2.5; python_version>='3.10'\nDjango==3.2; python_version<'3.10'"}, "3.13"),
        ({"requirements.txt": "Django==3.2; python_version>='3.6'"}, "3.10"),
        ({"requirements.txt": "Django==4.2.*"}, "3.12"),
        ({"setup.cfg": "[metadata]\nname = x\n[options]\npython_requires = >= 3.9, < 3.12\n"}, "3.11"),
        ({"setup.py": "from setuptools import setup\nP = '>=3.8,<3.11'\nsetup(name='x', python_requires=P)\n"}, "3.10"),
        ({"setup.py": "from setuptools import setup\nI = {'python_requires': '<3.11'}\nsetup(**I)\n"}, "3.10"),
        ({"setup.py": "from setuptools import setup\nI = dict(python_requires='<3.11')\nsetup(**I)\n"}, "3.10"),
        ({"setup.py": "import setuptools\nsetuptools.setup(name='x', python_requires='>= 3.8, <= 3.12')\n"}, "3.12"),
        ({WORKFLOW: "jobs: {t: {steps: [{uses: x, with: {python-version: 3.10}}, {run: pytest}]}}"}, "3.10"),
        ({WORKFLOW: "jobs: {t: {strategy: {matrix: {py: ['3.11', '3.12', '3.15']}}, "
          "steps: [{uses: x, with: {python-version: '${{ matrix.py }}'}}, {run: pytest}]}}"}, "3.12"),
        ({"pyproject.toml": "[project]\nname = 'x'\nrequires-python = '>=3.11,<3.13'\n",
          WORKFLOW: "jobs: {t: {strategy: {matrix: {py: ['3.10', '3.x']}}, "
          "steps: [{uses: x, with: {python-version: '${{ matrix.py }}'}}, {run: pytest}]}}"}, "3.12"),
        ({".python-version": "3.8\n", WORKFLOW: "jobs: {t: {steps: "
          "[{uses: x, with: {python-version: 3.9}}, {run: pip install .}, {run: pytest}]}}"}, "3.9"),
        ({".python-version": "3.8\n", "uv.lock": "", WORKFLOW: "jobs: {t: {steps: "
          "[{uses: x, with: {python-version: 3.9}}, {run: uv sync}, {run: uv run pytest}]}}"}, "3.8"),
        # The suite's job names none, and another one with the same tests does; not one of a forgotten service.
        ({WORKFLOW: "jobs: {t: {services: {db: {image: 'postgres:16'}}, steps: [{run: coverage run manage.py test}]}, "
          "u: {steps: [{uses: x, with: {python-version: 3.11}}, {run: python manage.py test}]}}"}, "3.11"),
        ({WORKFLOW: "jobs: {t: {steps: [{run: python manage.py test}]}, "
          "u: {steps: [{uses: x, with: {python-version: 3.11}}, {run: python manage.py test shop}]}}"}, "3.13"),
        ({WORKFLOW: "jobs: {t: {steps: [{run: python manage.py test}]}}",
          ".travis.yml": "language: python\npython: '3.8'\nscript: python manage.py test\n"}, "3.13"),
        ({"tox.ini": "[testenv:d42]\nbasepython = python312\ncommands = pytest\n", ".python-version": "3.9\n",
          WORKFLOW: "jobs: {t: {steps: [{run: tox -e d42}]}}"}, "3.12"),
        ({"tox.ini": "[tox]\nenv_list = py{310,311}-django{32,42}\n[testenv]\ncommands = pytest\n",
          WORKFLOW: "jobs: {t: {steps: [{run: tox}]}}"}, "3.11"),
        ({"tox.ini": "[testenv]\nbase_python = 3.10\ncommands = pytest\n",
          WORKFLOW: "jobs: {t: {steps: [{run: tox -e py-32}]}}"}, "3.10"),
        # The python3 of a distribution, unless the tests call another one.
        ({WORKFLOW: "jobs: {t: {container: 'ubuntu:22.04', steps: [{run: python3 manage.py test}]}}"}, "3.10"),
        ({WORKFLOW: "jobs: {t: {container: 'debian:bookworm-slim', steps: [{run: pytest}]}}"}, "3.11"),
        ({WORKFLOW: "jobs: {t: {container: 'ubuntu:22.04', steps: [{run: python3.12 manage.py test}]}}"}, "3.12"),
        ({WORKFLOW: "jobs: {t: {container: 'ubuntu:22.04', steps: [{run: python3.12 x.py}, {run: pytest}]}}"}, "3.13"),
        ({".gitlab-ci.yml": "t: {image: 'ubuntu:20.04', script: [pytest]}\n",
          "pyproject.toml": "[project]\nname = 'x'\nrequires-python = '>=3.9,<3.12'\n"}, "3.11"),
        ({"ci/Dockerfile": "FROM ubuntu:24.04\nRUN apt-get install -y python3-pip\n",
          WORKFLOW: "jobs: {t: {steps: [{run: 'docker build -t a -f ci/Dockerfile .'}, "
          "{run: docker run -v .:/app a python3 manage.py test}]}}"}, "3.12"),
        ({"ci/Dockerfile": "FROM ubuntu:20.04\nRUN apt-get install -y python3.9 python3.9-venv\n"
          "RUN ln -sf /usr/bin/python3.9 /usr/bin/python3\n",
          WORKFLOW: "jobs: {t: {steps: [{run: 'docker build -t a -f ci/Dockerfile .'}, "
          "{run: docker run -v .:/app a python3 manage.py test}]}}"}, "3.9"),
        ({WORKFLOW: "jobs: {t: {container: 'ubuntu:20.04', steps: [{run: apt install python3.9 python3.10}, "
          "{run: pytest}]}}"}, "3.13"),
        ({WORKFLOW: "jobs: {docs: {steps: [{uses: x, with: {python-version: '3.9'}}, {run: make html}]}}"}, "3.13"),
        ({WORKFLOW: "jobs: {t: {steps: [{run: uv python install 3.11.2}, {run: uv run pytest}]}}"}, "3.11"),
        ({WORKFLOW: "jobs: {t: {steps: [{run: uv python install 3.11 3.12}, {run: uv run pytest}]}}"}, "3.13"),
    ],
)  # fmt: skip
def test_the_python_version_is_the_one_that_the_project_names(
    tmp_path: Path, files: dict[str, str], version: str
) -> None:
    assert loaded(tmp_path, {**django(), **files}).config.python == version


@pytest.mark.parametrize(
    "lines",
    [
        ("uv venv --clear --python 3.11 .venv", "pytest"),
        ("uv venv -p python3.11", ". .venv/bin/activate && pytest"),
        ("uv sync --python cpython@3.11.4", "uv run pytest"),
        ("uv run --python=3.11 pytest",),
        ("UV_PYTHON=3.11 uv run pytest",),
        ("virtualenv -p /usr/bin/python3.11 env", "env/bin/pytest"),
        ("python3.11 -m venv env", "env/bin/python manage.py test"),
        ("poetry env use 3.11", "poetry run pytest"),
        ("pipenv --python 3.11 install", "pipenv run pytest"),
        ("env/bin/python3.11 manage.py test",),
    ],
)
def test_the_python_that_runs_the_tests_is_not_the_one_that_the_job_installs(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    steps = [{"uses": "actions/setup-python@v5", "with": {"python-version": "3.10"}}]
    job = {"steps": [*steps, *({"run": line} for line in lines)]}
    files = {**django(), WORKFLOW: json.dumps({"jobs": {"t": job}}), ".python-version": "3.12\n"}
    assert loaded(tmp_path, files).config.python == "3.11"


@pytest.mark.parametrize(
    ("requires", "lines", "version"),
    [
        ("~=3.14.6", ("uv sync --locked", "uv run pytest"), "3.14"),
        (">=3.12", ("uv sync", "uv run pytest"), "3.13"),
        (">=3.10", ("uv sync", "uv run pytest"), "3.11"),
        (">=3.12", ("pip install -r requirements.txt", "pytest"), "3.11"),
    ],
)
def test_uv_passes_over_a_python_that_the_project_excludes(
    tmp_path: Path, requires: str, lines: tuple[str, ...], version: str
) -> None:
    steps = [{"uses": "actions/setup-python@v5", "with": {"python-version": "3.11"}}]
    job = {"steps": [*steps, *({"run": line} for line in lines)]}
    project = f'[project]\nname = "x"\nrequires-python = "{requires}"\ndependencies = ["django"]\n'
    files = {
        **django(),
        WORKFLOW: json.dumps({"jobs": {"t": job}}),
        "pyproject.toml": project,
        "uv.lock": 'version = 1\n[[package]]\nname = "django"\nversion = "5.2"\n',
        "requirements.txt": "django\n",
    }
    found = loaded(tmp_path, files)
    assert found.config.python == version
    # What uv passes over is no other leg.
    assert not any("Python 3.11" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("inputs", "env", "version"),
    [
        ({"python-version": "3.11"}, {}, "3.11"),
        ({}, {"UV_PYTHON": "3.10"}, "3.10"),
        ({}, {}, "3.12"),
    ],
)
@pytest.mark.parametrize("lines", [("uv sync", "pytest"), ("uv run pytest",)])
def test_uv_takes_the_python_of_its_action_or_variable_before_that_of_the_file(
    tmp_path: Path,
    lines: tuple[str, ...],
    inputs: dict[str, str],
    env: dict[str, str],
    version: str,
) -> None:
    steps = [{"uses": "astral-sh/setup-uv@v6", "with": inputs}, *({"run": line} for line in lines)]
    workflow = {"env": env, "jobs": {"t": {"steps": steps}}}
    files = {**django(), WORKFLOW: json.dumps(workflow), ".python-version": "3.12\n", "uv.lock": ""}
    found = loaded(tmp_path, files)
    assert found.config.python == version
    assert "UV_PYTHON" not in found.config.env
    assert not [line for line in found.facts.left_out if "UV_PYTHON" in line.line]


@pytest.mark.parametrize(
    ("specifier", "fits", "not_"),
    [
        (">=3.9", (3, 9), (3, 8)),
        (">= 3.10, < 3.12", (3, 11), (3, 12)),
        (">3.9", (3, 10), (3, 8)),
        ("<3.13", (3, 12), (3, 13)),
        ("<3.13.2", (3, 13), (3, 14)),
        ("<=3.12", (3, 12), (3, 13)),
        (">=3.8, !=3.9.*", (3, 10), (3, 9)),
        ("~=3.9", (3, 12), (3, 8)),
        ("~=3.9.1", (3, 9), (3, 10)),
        ("3.10.*", (3, 10), (3, 11)),
        ("==3.10", (3, 10), (3, 11)),
        (">=3.8,<4.0", (3, 13), (3, 7)),
        ("nonsense", (3, 8), None),
        ("", (3, 8), None),
    ],
)
def test_version_specifiers_are_understood_as_packaging_does(
    specifier: str, fits: tuple[int, int], not_: tuple[int, int] | None
) -> None:
    assert allows(specifier, fits)
    assert not_ is None or not allows(specifier, not_)


@pytest.mark.parametrize(
    ("specifier", "fits", "not_"),
    [
        ("^3.9", (3, 13), (3, 8)),
        ("^3.9,!=3.10.*", (3, 9), (3, 10)),
        ("~3.11", (3, 11), (3, 12)),
        ("~3", (3, 13), (4, 0)),
        ("3.10", (3, 10), (3, 11)),
        ("3.*", (3, 12), (2, 7)),
        ("*", (3, 12), None),
        (">=3.8 <3.12", (3, 8), (3, 12)),
        ("^3.9 || ^4.1", (3, 9), (4, 0)),
        ("~2.7 || ^3.6", (3, 8), (3, 5)),
    ],
)
def test_version_specifiers_are_understood_as_poetry_does(
    specifier: str, fits: tuple[int, int], not_: tuple[int, int] | None
) -> None:
    assert allows(specifier, fits)
    assert not_ is None or not allows(specifier, not_)


@pytest.mark.parametrize(
    ("requires", "lock", "alternatives"),
    [
        (">=3.12", "", ("3.12", "3.14")),
        (">=3.12", 'requires-python = ">=3.14"', ("3.14",)),
        (">=3.13,<3.14", "", ()),
    ],
)
def test_another_python_may_take_its_place_if_project_and_lock_allow_it(
    tmp_path: Path, requires: str, lock: str, alternatives: tuple[str, ...]
) -> None:
    project = f'[project]\nname = "x"\nrequires-python = "{requires}"\ndependencies = ["django"]\n'
    files = {
        **django(),
        "pyproject.toml": project,
        ".python-version": "3.13\n",
        "uv.lock": f"version = 1\n{lock}\n",
    }
    assert loaded(tmp_path, files).facts.python_alternatives == alternatives


def test_the_python_of_a_job_whose_tests_cannot_be_followed_counts(tmp_path: Path) -> None:
    workflow = """
        on: push
        jobs:
          docs: {steps: [{uses: actions/setup-python@v6, with: {python-version: "3.10"}}, {run: gulp docs}]}
          unit: {steps: [{uses: actions/setup-python@v6, with: {python-version: "3.13"}}, {run: gulp test}]}
    """
    files = {**django(), ".github/workflows/ci.yml": workflow, "runtime.txt": "python-3.11.4\n"}
    assert loaded(tmp_path, files).config.python == "3.13"


@pytest.mark.parametrize(("version", "is_old"), [("3.7", True), ("3.8", False)])
def test_a_python_that_is_too_old_for_the_tests_is_named(
    tmp_path: Path, version: str, is_old: bool
) -> None:
    warnings = loaded(tmp_path, {**django(), ".python-version": version}).warnings
    expected = (
        "Python 3.7 (.python-version) is too old for HeroCI, which runs tests on 3.8 and newer"
    )
    found = [text for text in warnings if "too old" in text]
    assert [text.partition(" versions")[0] for text in found] == ([expected] if is_old else [])


@pytest.mark.parametrize(
    "lines",
    [
        ("uv venv -p ${{ matrix.py }}", "pytest"),
        ("uv sync", "uv run --python ${{ matrix.py }} pytest"),
        ("python${{ matrix.py }} -m venv env", "env/bin/pytest"),
    ],
)
def test_the_legs_with_other_pythons_are_named_wherever_the_version_stands(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    job = {
        "strategy": {"matrix": {"py": ["3.11", "3.12"]}},
        "steps": [{"run": line} for line in lines],
    }
    found = loaded(tmp_path, {**django(), WORKFLOW: json.dumps({"jobs": {"t": job}})})
    assert found.config.python == "3.12"
    assert any("with Python 3.11; " in text for text in found.warnings)


@pytest.mark.parametrize(
    ("image", "tags"),
    [
        ("acme/pythonbox", "[jammy-3.9, jammy-3.10, focal-3.8]"),
        ("acme/box", "[python-3.9-slim, python-3.10-slim]"),
        ("acme/box", "[python3.9, python3.10]"),
    ],
)
def test_the_newest_leg_by_the_tag_of_its_image_runs(tmp_path: Path, image: str, tags: str) -> None:
    job = f"""
        on: push
        jobs:
          test:
            strategy: {{matrix: {{tag: {tags}}}}}
            container: {image}:${{{{ matrix.tag }}}}
            steps: [{{run: python manage.py test}}]
    """
    assert loaded(tmp_path, {**django(), ".github/workflows/ci.yml": job}).config.python == "3.10"


@pytest.mark.parametrize(
    ("header", "python"),
    [
        ("# This file is autogenerated by pip-compile with Python 3.10\n", "3.10"),
        ("# This file is autogenerated by pip-compile with python 3.9\n", "3.9"),
        ("#    uv pip compile all.in --python-version 3.11 -o requirements.txt\n", "3.11"),
        ("# Python 3.9 and pip-compile\n", "3.13"),
    ],
)
def test_the_header_of_compiled_requirements_names_their_python(
    tmp_path: Path, header: str, python: str
) -> None:
    files = {**django(), "requirements.txt": f"#\n{header}#\ndjango\n"}
    assert loaded(tmp_path, files).config.python == python


def test_the_python_of_the_ci_counts_before_that_of_a_header(tmp_path: Path) -> None:
    header = "# This file is autogenerated by pip-compile with Python 3.10\n"
    steps = (
        "[{uses: actions/setup-python@v5, with: {python-version: '3.12'}}, {run: ./manage.py test}]"
    )
    ci = {".github/workflows/ci.yml": f"jobs: {{t: {{steps: {steps}}}}}"}
    files = {**django(), **ci, "requirements.txt": f"{header}django\n"}
    assert loaded(tmp_path, files).config.python == "3.12"
