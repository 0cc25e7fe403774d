"""Settings that demand TLS of the database: the server of a run does not offer it."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import POSTGRES, django, loaded

URL = (
    "import os\nimport dj_database_url\n{}\nDATABASES = {{'default': dj_database_url.config({})}}\n"
)
DEFAULT = "default='postgres://localhost/shop', ssl_require="
DEBUG = 'DEBUG = os.getenv("DEBUG", "") == "True"'
MODE = f"""import os
DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "NAME": "shop", "HOST": os.environ["DB_HOST"],
    "OPTIONS": {{"sslmode": {{}}}}}}}}
"""


def project(root: Path, settings: str, files: dict[str, str] | None = None) -> ProjectConfig:
    driver = {"requirements.txt": "django\npsycopg[binary]\ndj-database-url\n"}
    return loaded(root, {**django(settings), **driver, **(files or {})})


def by_url(before: str, value: str) -> str:
    return URL.format(before, DEFAULT + value)


def by_mode(value: str) -> str:
    return MODE.replace("{}", value)


@pytest.mark.parametrize(
    ("settings", "cure"),
    [
        (by_url(DEBUG, "not DEBUG"), 'env.DEBUG = "True"'),
        (by_url(DEBUG, "True if not DEBUG else None"), 'env.DEBUG = "True"'),
        (by_url("", 'os.getenv("DB_TLS", "1") == "1"'), 'env.DB_TLS = "False"'),
        (by_url("", "True"), None),
        (by_mode('os.getenv("DB_MODE", "require")'), 'env.DB_MODE = "disable"'),
        (by_mode('"verify-full"'), None),
    ],
)
def test_a_demand_for_tls_is_named_with_what_turns_it_off(
    tmp_path: Path, settings: str, cure: str | None
) -> None:
    found = project(tmp_path, settings)
    (warning,) = (text for text in found.warnings if "TLS" in text)
    assert "mysite/settings.py demands TLS" in warning
    proposed = suggest_toml(found, Supported())
    assert [line[2:] for line in proposed.splitlines() if "# env." in line] == [cure] * bool(cure)


@pytest.mark.parametrize(
    ("settings", "files"),
    [
        (by_url("DEBUG = True", "not DEBUG"), {}),
        (by_url(f"{DEBUG}\nDEBUG = DEBUG or MODE", "not DEBUG"), {}),
        (by_url(DEBUG, "not DEBUG"), workflow("python manage.py test", env="{DEBUG: 'True'}")),
        (by_url(DEBUG, "not DEBUG"), {"heroci.toml": 'env.DEBUG = "True"\n'}),
        (by_url('DEBUG = os.environ["DEBUG"]', "not DEBUG"), {".env.example": "DEBUG=True\n"}),
        (by_mode('"prefer"'), {}),
        (by_mode('os.getenv("DB_MODE")'), {}),
        (by_mode("MODES[0]"), {}),
    ],
)
def test_settings_that_may_do_without_tls_are_not_named(
    tmp_path: Path, settings: str, files: dict[str, str]
) -> None:
    assert not [text for text in project(tmp_path, settings, files).warnings if "TLS" in text]
