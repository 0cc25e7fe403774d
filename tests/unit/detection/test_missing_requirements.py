"""Requirements files that the CI installs and that are not in the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

TESTS = "python manage.py test"
FILES = {"requirements/base.txt": "django\n", "requirements.in": "django\n"}


def warned(root: Path, files: dict[str, str], *lines: str) -> list[str]:
    found = loaded(root, {**django(), **files, **workflow(*lines, TESTS)}).warnings
    return [text for text in found if "does not contain" in text]


@pytest.mark.parametrize(
    ("lines", "missing"),
    [
        (["pip install -r requirements/tests.txt"], "requirements/tests.txt"),
        (["pip install -r requirements/base.txt -r ci.txt -c limits.txt"], "ci.txt, limits.txt"),
        (["uv pip sync requirements/ci.txt"], "requirements/ci.txt"),
        (["curl https://example.org/ci.txt | pip install -r /dev/stdin"], "/dev/stdin"),
        (["uv pip install --requirements $LIST"], "…"),
        (["curl -o ci.txt https://example.org/x", "pip install -r ci.txt"], "ci.txt"),
        (["pip install -r https://example.org/ci.txt"], "https://example.org/ci.txt"),
    ],
)
def test_a_requirements_file_that_does_not_exist_is_named(
    tmp_path: Path, lines: list[str], missing: str
) -> None:
    lines = [line.replace("$LIST", "$(cat where)") for line in lines]
    (warning,) = warned(tmp_path, FILES, *lines)
    assert f".github/workflows/ci.yml installs {missing}, which" in warning


@pytest.mark.parametrize(
    "lines",
    [
        ["pip install -r requirements/base.txt"],
        ["pip install -r $GITHUB_WORKSPACE/requirements/base.txt"],
        ["pip install -r ci.txt || true"],
        ["if [ -f ci.txt ]; then pip install -r ci.txt; fi"],
        ["echo mock > ci.txt", "pip install -r requirements/base.txt -r ci.txt"],
        # HeroCI reads the lock, the metadata or the input itself.
        ["poetry export -o ci.txt", "pip install -r ci.txt"],
        ["pip-compile requirements.in --output-file=ci.txt", "pip install -r ci.txt"],
        ["pipenv requirements --dev > ci.txt", "pip install -r ci.txt"],
        ["poetry export --with dev -f requirements.txt | pip install -r /dev/stdin"],
    ],
)
def test_a_file_that_exists_or_that_a_tool_writes_is_not_missing(
    tmp_path: Path, lines: list[str]
) -> None:
    assert warned(tmp_path, FILES, *lines) == []


@pytest.mark.parametrize(
    "made",
    [
        "RUN pipenv requirements --dev > ci.txt",
        "FROM python:3.13 AS build\nRUN poetry export -o ci.txt\nFROM python:3.13\nCOPY --from=build ci.txt .",
    ],
)
def test_a_file_that_a_tool_writes_while_the_image_is_built_is_not_missing(
    tmp_path: Path, made: str
) -> None:
    dockerfile = f"FROM python:3.13\n{made}\nRUN pip install -r ci.txt -r other.txt\n"
    lines = ("docker build -t tests .", f"docker run tests {TESTS}")
    found = loaded(tmp_path, {**django(), "Dockerfile": dockerfile, **workflow(*lines)}).warnings
    (warning,) = (text for text in found if "does not contain" in text)
    assert warning.startswith("Dockerfile installs other.txt, which")


def test_the_configuration_takes_the_place_of_a_missing_file(tmp_path: Path) -> None:
    files = {**FILES, "heroci.toml": 'requirements = ["requirements/base.txt"]'}
    assert warned(tmp_path, files, "pip install -r ci.txt") == []
