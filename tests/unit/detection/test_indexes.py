"""Places from which only the CI installs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

URL = "https://wheels.example.org/simple"


def places(tmp_path: Path, files: dict[str, str]) -> str | None:
    found = loaded(tmp_path, {**django(), **files})
    return next((text for text in found.warnings if "further places" in text), None)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"pip install --extra-index-url {URL} -r requirements.txt", f"--extra-index-url {URL}"),
        (f"python -m pip install -f {URL} large-image", f"-f {URL}"),
        (f"uv pip install --index={URL} torch", f"--index {URL}"),
        (f"PIP_FIND_LINKS={URL} pip install large-image", f"PIP_FIND_LINKS={URL}"),
        ("pip install --index-url https://$USER@example.org/simple x", "--index-url https://…@example.org/simple"),
        ("pip install --index-url https://pypi.org/simple/ x", None),
        ("pip install -f wheels x", "-f wheels"),
        ("pip install x", None),
    ],
)  # fmt: skip
def test_places_that_only_the_ci_names_are_a_warning(
    tmp_path: Path, line: str, shown: str | None
) -> None:
    files = {**workflow(line, "python manage.py test"), "requirements.txt": "django\n"}
    warning = places(tmp_path, files)
    assert (warning is not None) is (shown is not None)
    assert shown is None or f"{shown} (.github/workflows/ci.yml)" in str(warning)


@pytest.mark.parametrize("command", ["python -m pip install --find-links", "uv pip install -f"])
def test_tox_installs_from_the_places_of_its_command(tmp_path: Path, command: str) -> None:
    tox = f"""
        [testenv]
        skip_install = true
        install_command = {command} {URL} {{opts}} {{packages}}
        deps =
          django
          large-image
        commands = pytest
    """
    files = {"tox.ini": tox.replace("\n        ", "\n"), **workflow("tox")}
    assert f"{URL} (" in str(places(tmp_path, files))
    assert "large-image" in loaded(tmp_path, {**django(), **files}).config.packages


def test_a_file_of_the_project_may_name_the_place(tmp_path: Path) -> None:
    line = f"pip install --extra-index-url {URL} -r requirements.txt"
    files = {**workflow(line, "python manage.py test")}
    files["requirements.txt"] = f"--extra-index-url {URL}\ndjango\n"
    assert places(tmp_path, files) is None


def test_another_installer_of_tox_does_not_hide_the_packages(tmp_path: Path) -> None:
    options = ("skip_install = true", "install_command = ./install.sh {packages}")
    tox = "\n".join(("[testenv]", *options, "deps =\n  django\n  mock", "commands = pytest", ""))
    found = loaded(tmp_path, {**django(), "tox.ini": tox, **workflow("tox")})
    assert "mock" in found.config.packages
    assert json.dumps(found.warnings).count("further places") == 0


def test_the_installer_of_tox_may_quote_its_words(tmp_path: Path) -> None:
    options = ("skip_install = true", 'install_command = pip install "mock" {opts} {packages}')
    tox = "\n".join(("[testenv]", *options, "deps = django", "commands = pytest", ""))
    found = loaded(tmp_path, {**django(), "tox.ini": tox, **workflow("tox")})
    assert "mock" in found.config.packages


WHEELS = """FROM python:3.12 AS build
COPY requirements.txt .
RUN pip wheel --wheel-dir=/src/app/wheels -r requirements.txt
FROM python:3.12
COPY --from=build /src/app/wheels /wheels/
RUN pip install --no-index --find-links=/PLACE/ /PLACE/*
"""


@pytest.mark.parametrize(("place", "named"), [("wheels", False), ("packages", True)])
def test_wheels_that_another_stage_of_the_image_builds_are_no_further_place(
    tmp_path: Path, place: str, named: bool
) -> None:
    compose = "services: {web: {build: .}}\n"
    files = {
        **workflow("docker compose run web python manage.py test"),
        "compose.yml": compose,
        "Dockerfile": WHEELS.replace("PLACE", place),
        "requirements.txt": "django\n",
    }
    warning = places(tmp_path, files)
    assert (warning is not None) is named
    assert not named or f"--find-links /{place}/ (Dockerfile)" in str(warning)
