"""Builds small Django projects in real directories."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from heroci_action.config.model import TestsConfig
from heroci_action.project import ProjectConfig, load

MANAGE = """
    import os, sys
    from django.core.management import execute_from_command_line
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
    execute_from_command_line(sys.argv)
"""
SQLITE = 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}\n'
POSTGRES = "django.db.backends.postgresql"
DRIVER = {"requirements.txt": "django\npsycopg[binary]==3.2\n"}
FIELDS = """"ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("P_NAME", "shop"),
    "USER": os.environ.get("P_USER"), "PASSWORD": os.environ.get("P_PASSWORD"),
    "HOST": os.environ.get("P_HOST"), "PORT": os.environ.get("P_PORT")"""


def write(root: Path, files: dict[str, str]) -> Path:
    """Write the files, their common indentation taken off."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return root


def manage(settings: str = "mysite.settings") -> str:
    """The text of a manage.py."""
    return MANAGE.replace("{settings}", settings)


def django(settings: str = SQLITE, **more: str) -> dict[str, str]:
    """The least Django project: manage.py and a settings module; more files by keyword are not possible, so merge."""
    return {"manage.py": manage(), "mysite/__init__.py": "", "mysite/settings.py": settings, **more}


def loaded(root: Path, files: dict[str, str], **overrides: object) -> ProjectConfig:
    """Write the files and load the configuration."""
    return load(write(root, files), overrides=overrides)


def the_tests(root: Path, files: dict[str, str]) -> TestsConfig:
    """Return the configuration of the tests of a Django project with further files."""
    return loaded(root, {**django(), **files}).config.tests
