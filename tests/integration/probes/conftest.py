"""An environment of its own, so that what the probes write into it stays out of the developer's."""

from __future__ import annotations

import sysconfig
import venv
from pathlib import Path

import pytest

from tests.integration.probes.projects import MANAGE, MODELS, SETTINGS, Project


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that finds the packages of this one, with site-packages of its own before them."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True, with_pip=False)
    (site,) = home.glob("lib/python3*/site-packages")
    (site / "packages.pth").write_text(
        f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    )
    return home / "bin" / "python"


@pytest.fixture
def project(tmp_path: Path, python: Path) -> Project:
    """A Django project with one app and no tests yet."""
    root = tmp_path / "repository"
    return Project(root=root, python=python).write(
        {
            "manage.py": MANAGE,
            "settings.py": SETTINGS,
            "shop/__init__.py": "",
            "shop/models.py": MODELS,
            "shop/tests/__init__.py": "",
        }
    )
