from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.errors import ConfigurationError
from heroci_action.project import load
from tests.unit.detection.projects import django, loaded, manage, write

URL_SETTINGS = """
import os, dj_database_url
DATABASES = {"default": dj_database_url.config(default="postgres://localhost/x")}
CACHES = {"default": {"LOCATION": os.environ["REDIS_URL"]}}
"""
NEEDS_BOTH = {
    **django(URL_SETTINGS),
    "requirements.txt": "django\npsycopg\nredis\n",
    ".github/workflows/ci.yml": """
        jobs:
          test:
            services:
              redis: {image: "redis:7"}
              db: {image: "postgres:16.2-alpine"}
            steps:
              - run: python manage.py test
    """,
}


def test_configured_values_override_detected_ones_and_those_the_defaults(
    tmp_path: Path,
) -> None:
    found = loaded(
        tmp_path, {**django(), "heroci.toml": 'python = "3.12"\n[tests]\ncoverage = false\n'}
    )
    assert found.config.python == "3.12"
    assert found.origins["python"] == "heroci.toml"
    assert found.config.tests.coverage is False
    assert found.origins["tests.coverage"] == "heroci.toml"
    assert found.origins["tests.check-migrations"] == "defaults"
    assert found.config.settings == "mysite.settings"
    assert found.origins["settings"] == "detected: the settings in manage.py"


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {**django(), "heroci.toml": "timeout = 5\n"},
        **{"timeout": 60.0, "fail-fast": None},
    )
    assert found.config.timeout == 60.0
    assert found.origins["timeout"] == "the command line"
    assert found.config.fail_fast is False
    assert found.origins["fail-fast"] == "defaults"


def test_a_dry_run_wins_over_the_file_and_needs_none(tmp_path: Path) -> None:
    table = '[publish]\naddress = "registry.example.com/shop:1"\npush = true\n'
    found = loaded(tmp_path / "a", {**django(), "heroci.toml": table}, **{"publish.push": False})
    assert found.config.publish
    assert found.config.publish.push is False

    assert loaded(tmp_path / "b", django(), **{"publish.push": False}).config.publish is None


def test_a_push_needs_an_address(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"publish\.address: is missing"):
        loaded(tmp_path, django(), **{"publish.push": True})


def test_the_table_in_pyproject_is_named_as_origin(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**django(), "pyproject.toml": "[tool.heroci]\nmax-parallel = 3\n"})
    assert found.config.max_parallel == 3
    assert found.origins["max-parallel"] == "pyproject.toml [tool.heroci]"


def test_services_are_detected_with_the_versions_of_the_projects_ci(tmp_path: Path) -> None:
    config = loaded(tmp_path, NEEDS_BOTH).config
    assert {name: service.version for name, service in config.services.items()} == {
        "postgres": "16",
        "redis": "7",
    }
    assert config.env == {"DATABASE_URL": "{postgres.url}", "REDIS_URL": "{redis.url}"}


def test_no_services_takes_away_the_variables_that_point_to_them(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**NEEDS_BOTH, "heroci.toml": "services = {}\n"})
    assert found.config.services == {}
    assert found.config.env == {}
    assert found.warnings == ()


def test_written_services_that_leave_one_out_are_a_warning(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**NEEDS_BOTH, "heroci.toml": '[services]\npostgres = "15"\n'})
    assert found.config.env == {"DATABASE_URL": "{postgres.url}"}
    assert any(
        "does not contain 'redis'" in warning and "REDIS_URL" in warning
        for warning in found.warnings
    )


def test_variables_are_added_to_the_detected_ones(tmp_path: Path) -> None:
    found = loaded(
        tmp_path, {**NEEDS_BOTH, "heroci.toml": '[env]\nREDIS_URL = "redis://x"\nMORE = "1"\n'}
    )
    assert found.config.env == {
        "DATABASE_URL": "{postgres.url}",
        "REDIS_URL": "redis://x",
        "MORE": "1",
    }
    assert found.origins["env.REDIS_URL"] == "heroci.toml"


def test_an_empty_list_of_lint_tools_is_none_at_all(tmp_path: Path) -> None:
    assert loaded(tmp_path, {**django(), "heroci.toml": "lint = []\n"}).config.lint == {}


def test_a_written_lint_table_replaces_the_detected_tools(tmp_path: Path) -> None:
    config = loaded(
        tmp_path, {**django(), ".flake8": "", "heroci.toml": '[lint]\nmypy = "mypy ."\n'}
    ).config
    assert list(config.lint) == ["mypy"]


def test_a_directory_below_the_root_is_the_working_directory(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "manage.py": manage("other.settings"),
            "backend/manage.py": manage(),
            "backend/mysite/settings.py": "",
        },
    )
    (tmp_path / ".git").mkdir()
    found = load(tmp_path / "backend")
    assert found.root == tmp_path
    assert found.config.working_directory == "backend"
    assert found.facts.manage == "backend/manage.py"


def test_a_configuration_beside_the_place_is_taken_before_the_roots(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "heroci.toml": "max-parallel = 1\n",
            "a/heroci.toml": "max-parallel = 2\n",
            "a/manage.py": manage(),
        },
    )
    (tmp_path / ".git").mkdir()
    found = load(tmp_path / "a")
    assert found.config.max_parallel == 2
    assert found.origins["max-parallel"] == "a/heroci.toml"


def test_image_false_leaves_nothing_of_the_detected_image(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {**django(), "Dockerfile": "FROM python:3.12\nCMD x\n", "heroci.toml": "image = false\n"},
    )
    assert found.config.image is False
    assert "image = false" in found.facts.skips["image"]
