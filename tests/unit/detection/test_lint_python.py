"""Linters run with the Python of the tests; what their own Python in the CI would change is corrected or named."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.projects import django, loaded


def project(
    root: Path, *checks: str, lint: str, tests: str, files: dict[str, str] | None = None
) -> ProjectConfig:
    def job(python: str, *lines: str) -> str:
        setup = f"{{uses: actions/setup-python@v5, with: {{python-version: '{python}'}}}}"
        return f"{{steps: [{', '.join([setup, *(f'{{run: {line!r}}}' for line in lines)])}]}}"

    jobs = f"{{lint: {job(lint, *checks)}, test: {job(tests, 'python manage.py test')}}}"
    ci = {".github/workflows/ci.yml": f"on: push\njobs: {jobs}\n"}
    return loaded(root, {**django(), "requirements.txt": "django\n", **ci, **(files or {})})


def test_both_pythons_are_named(tmp_path: Path) -> None:
    found = project(
        tmp_path, "flake8", "pylint mysite", "black --check .", lint="3.13", tests="3.11"
    )
    assert found.config.python == "3.11"
    (warning,) = found.warnings
    assert "runs flake8, pylint with Python 3.13 (.github/workflows/ci.yml: lint)" in warning
    assert "HeroCI with 3.11, the Python of the tests" in warning


def test_the_same_python_is_no_warning(tmp_path: Path) -> None:
    assert project(tmp_path, "flake8", lint="3.12", tests="3.12").warnings == ()


def test_a_python_that_uv_passes_over_is_no_warning(tmp_path: Path) -> None:
    project_file = '[project]\nname = "x"\nrequires-python = ">=3.14"\ndependencies = ["django"]\n'
    files = {"pyproject.toml": project_file, "uv.lock": "version = 1\n"}
    found = project(tmp_path, "uv sync", "uv run flake8", lint="3.13", tests="3.14", files=files)
    assert not any("3.13" in warning for warning in found.warnings)
    other = project(tmp_path, "flake8", lint="3.13", tests="3.14", files=files)
    assert any("runs flake8 with Python 3.13" in warning for warning in other.warnings)


def test_the_python_of_a_linter_that_the_plan_leaves_out_does_not_matter(tmp_path: Path) -> None:
    checks = ("black --check .", "pylint mysite || true")
    found = project(tmp_path, *checks, lint="3.13", tests="3.11")
    assert "pylint" not in found.config.lint
    assert not any("Python 3.13" in warning for warning in found.warnings)


def test_a_formatter_does_not_depend_on_its_python(tmp_path: Path) -> None:
    assert project(tmp_path, "black --check .", lint="3.13", tests="3.11").warnings == ()


def test_mypy_checks_for_the_python_of_the_ci(tmp_path: Path) -> None:
    found = project(tmp_path, "mypy mysite", lint="3.13", tests="3.11")
    assert "--python-version=3.13" in (found.config.lint["mypy"].command or ())


def test_mypy_checks_for_the_version_that_the_project_fixes(tmp_path: Path) -> None:
    files = {"mypy.ini": "[mypy]\npython_version = 3.12\n"}
    found = project(tmp_path, "mypy mysite", lint="3.13", tests="3.11", files=files)
    assert "python-version" not in " ".join(found.config.lint["mypy"].command or ())
    old = project(tmp_path, "mypy mysite", lint="3.8", tests="3.11", files={"mypy.ini": ""})
    assert "python-version" not in " ".join(old.config.lint["mypy"].command or ())


@pytest.mark.parametrize(
    ("line", "directory", "lock", "is_planned"),
    [
        ("uv run mypy --strict .", "tools", "tools/uv.lock", False),
        ("uv run pyright", "tools", "tools/uv.lock", False),
        ("poetry run pylint app", "tools", "tools/poetry.lock", False),
        ("uv run mypy --strict .", "tools", "uv.lock", True),
        ("mypy --strict .", "tools", "tools/uv.lock", True),
        ("uv run ruff check .", "tools", "tools/uv.lock", True),
    ],
)
def test_a_linter_that_imports_the_packages_of_another_project_is_named(
    tmp_path: Path, line: str, directory: str, lock: str, is_planned: bool
) -> None:
    text = f"""
        on: push
        jobs:
          test: {{steps: [{{run: python manage.py test}}]}}
          tools: {{steps: [{{run: {line}, working-directory: {directory}}}]}}
    """
    files = {lock: "", "tools/app/__init__.py": "", ".github/workflows/ci.yml": text}
    found = loaded(tmp_path, {**django(), "requirements.txt": "django\n", **files})
    name = line.replace("uv run ", "").replace("poetry run ", "").split()[0]
    named = any(f"also runs {line!r}" in each for each in found.warnings)
    assert (name in found.config.lint, named) == (is_planned, not is_planned)
