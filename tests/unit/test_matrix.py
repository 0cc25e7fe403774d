"""The cells of a configured matrix, and their effect on the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.config.model import Config
from heroci_action.detection.facts import Facts
from heroci_action.errors import ConfigurationError, UsageError
from heroci_action.matrix import Cell, apply, cells, requirement, select_cells
from heroci_action.pipeline.base import environment
from heroci_action.project import ProjectConfig

CONFIG = Config.model_validate(
    {
        "services": {"postgres": "16", "redis": {}},
        "env": {"DATABASE_URL": "{postgres.url}", "CACHE": "{redis.url}"},
        "matrix": {
            "python": ["3.12", "3.13"],
            "django": ["4.2", ">=5.2,<6"],
            "database": ["postgres:17", "sqlite"],
            "exclude": [
                {"python": "3.13", "django": "4.2"},
                {"database": "sqlite", "django": "4.2"},
            ],
        },
    }
)


def project(config: Config = CONFIG, **facts: str) -> ProjectConfig:
    found = Facts(**facts)  # type: ignore[arg-type]
    return ProjectConfig(root=Path("/x"), place=Path("/x"), config=config, facts=found)


def test_cells_are_the_combinations_without_the_excluded_ones() -> None:
    assert [cell.name for cell in cells(CONFIG.matrix)] == [
        "python-3.12-django-4.2-postgres-17",
        "python-3.12-django-5.2-6-postgres-17",
        "python-3.12-django-5.2-6-sqlite",
        "python-3.13-django-5.2-6-postgres-17",
        "python-3.13-django-5.2-6-sqlite",
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("python=3.12", 3),
        ("database=sqlite,django=>=5.2,<6,python=3.12", 1),
        ("python-3.12-django-4.2-postgres-17", 1),
    ],
)
def test_cells_are_selected_by_name_or_values(text: str, number: int) -> None:
    assert len(select_cells(cells(CONFIG.matrix), (text,))) == number


@pytest.mark.parametrize("text", ["python=3.11", "pyhton=3.12", "python-3.12"])
def test_a_text_that_selects_nothing_lists_the_cells(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        select_cells(cells(CONFIG.matrix), (text,))
    assert "python-3.12-django-4.2-postgres-17" in (caught.value.remedy or "")


def test_a_project_without_a_matrix_has_no_cells() -> None:
    with pytest.raises(UsageError, match="has no matrix"):
        select_cells(cells(Config().matrix), ())


@pytest.mark.parametrize(
    ("django", "expected"), [("5.2", "django==5.2.*"), (">=5.2,<6", "django>=5.2,<6")]
)
def test_django_overrides_the_lock(django: str, expected: str) -> None:
    assert requirement(django) == expected
    changed = apply(project(), Cell(django=django))
    assert environment(changed).overrides == (expected,)


def test_a_database_of_another_version_changes_its_service_only() -> None:
    changed = apply(project(), Cell(database="postgres:17")).config

    assert changed.services["postgres"].version == "17"
    assert changed.env == CONFIG.env


@pytest.mark.parametrize(
    ("database", "services", "address"),
    [
        ("mysql:8", {"redis", "mysql"}, "{mysql.url}"),
        ("sqlite", {"redis"}, "sqlite://:memory:"),
    ],
)
def test_another_database_replaces_service_and_address(
    database: str, services: set[str], address: str
) -> None:
    changed = apply(project(), Cell(database=database)).config

    assert set(changed.services) == services
    assert changed.env == {"DATABASE_URL": address, "CACHE": "{redis.url}"}


def test_a_project_on_sqlite_gets_a_server_by_its_variable() -> None:
    changed = apply(project(Config(), database_variable="DB_URL"), Cell(database="postgres"))

    assert changed.config.env == {"DB_URL": "{postgres.url}"}


@pytest.mark.parametrize(
    ("config", "database"),
    [
        (Config(), "postgres"),
        (
            Config.model_validate(
                {"services": {"postgres": "17"}, "env": {"H": "{postgres.host}"}}
            ),
            "sqlite",
        ),
    ],
)
def test_settings_without_an_address_cannot_change_their_database(
    config: Config, database: str
) -> None:
    with pytest.raises(ConfigurationError):
        apply(project(config), Cell(database=database))
