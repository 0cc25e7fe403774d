"""The environment of pixi in which the CI runs its tests is what the tests need."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

MANIFEST = """
[{0}dependencies]
python = "3.12.*"
django = "=5.2"
make = "*"
matplotlib-base = ">=3,<4"
[{0}pypi-dependencies]
django-filter = {{version = "==25.1", extras = ["x"]}}
[{0}feature.test.dependencies]
pytest-django = "*"
[{0}feature.test.tasks]
unit = {{cmd = "pytest shop", env = {{SHOP_MODE = "test"}}}}
[{0}feature.docs.dependencies]
sphinx = "8"
[{0}environments]
docs = ["docs"]
test = {{features = ["test"]}}
"""
PACKAGES = (
    "django==5.2.*",
    "matplotlib<4,>=3",
    "pytest-django",
    "django-filter[x]==25.1",
)


def project(root: Path, line: str, path: str = "pixi.toml", prefix: str = "") -> ProjectConfig:
    files = {path: MANIFEST.format(prefix), "shop/tests.py": "", **workflow(line)}
    return loaded(root, {**django(), **files})


@pytest.mark.parametrize("line", ["pixi run unit", "pixi run -e test pytest shop"])
def test_the_packages_of_the_environment_are_installed(tmp_path: Path, line: str) -> None:
    found = project(tmp_path, line)
    assert found.config.packages == PACKAGES
    assert found.config.python == "3.12"
    assert found.config.tests.args == (("shop",),)
    (text,) = (text for text in found.warnings if "conda" in text)
    assert "the environment 'test' in pixi.toml" in text
    assert "without make" in text


def test_the_manifest_may_be_in_pyproject(tmp_path: Path) -> None:
    found = project(tmp_path, "pixi run unit", "pyproject.toml", "tool.pixi.")
    assert found.config.packages == PACKAGES
    assert found.config.env["SHOP_MODE"] == "test"


def test_without_pixi_in_the_ci_its_manifest_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("django\npytest-django\n")
    found = project(tmp_path, "pip install -r requirements.txt && pytest")
    assert found.config.requirements == ("requirements.txt",)
    assert not any("conda" in text for text in found.warnings)
