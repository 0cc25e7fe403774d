"""Databases beside the default one: on the same server, with names of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.projects import POSTGRES, loaded, manage

OWN = "postgres://{postgres.user}:{postgres.password}@{postgres.host}:{postgres.port}/"
KEYS = ("NAME", "USER", "PASSWORD", "HOST", "PORT")


def database(prefix: str) -> str:
    """The text of a database with five variables."""
    keys = ", ".join(f'"{key}": os.environ["{prefix}_{key}"]' for key in KEYS)
    return f'{{"ENGINE": "{POSTGRES}", {keys}}}'


def env_of(root: Path, settings: str, variables: dict[str, str]) -> tuple[dict[str, str], str]:
    """Return the environment and the warnings of a project whose CI sets these variables."""
    project = project_of(root, settings, variables)
    return dict(project.config.env), " ".join(project.warnings)


def project_of(root: Path, settings: str, variables: dict[str, str]) -> ProjectConfig:
    """Return a project whose CI sets these variables."""
    lines = "\n".join(f"      {name}: {value}" for name, value in variables.items())
    files = {
        "manage.py": manage(),
        "requirements.txt": "django\npsycopg[binary]\ndj-database-url\n",
        "mysite/__init__.py": "",
        "mysite/settings.py": f"import os\nimport dj_database_url\n{settings}\n",
        ".github/workflows/ci.yml": f"on: push\njobs:\n  test:\n    env:\n{lines}\n"
        "    services: {postgres: {image: 'postgres:16'}}\n"
        "    steps: [{run: pip install -r requirements.txt}, {run: python manage.py test}]\n",
    }
    return loaded(root, files)


def account(prefix: str, name: str, port: str = "5432") -> dict[str, str]:
    values = (name, "me", "secret", "localhost", port)
    return {f"{prefix}_{key}": value for key, value in zip(KEYS, values, strict=True)}


@pytest.mark.parametrize(
    ("name", "port", "planned"),
    [
        ("reports", "5432", "reports"),
        ("shop", "5432", "{postgres.db}"),
        ("shop", "5433", "shop_reports"),
        ("reports", "5433", "reports"),
    ],
)
def test_a_second_database_is_on_the_same_server_and_has_its_own_name(
    tmp_path: Path, name: str, port: str, planned: str
) -> None:
    settings = f'DATABASES = {{"default": {database("DB")}, "reports": {database("REP_DB")}}}'
    variables = {**account("DB", "shop"), **account("REP_DB", name, port)}
    env, warnings = env_of(tmp_path, settings, variables)
    assert [env[f"REP_DB_{key}"] for key in KEYS] == [
        planned,
        "{postgres.user}",
        "{postgres.password}",
        "{postgres.host}",
        "{postgres.port}",
    ]
    assert env["DB_NAME"] == "{postgres.db}"
    assert ("on different servers (localhost:5432, localhost:5433)" in warnings) is (port == "5433")


def test_a_database_under_another_condition_is_on_the_same_server(tmp_path: Path) -> None:
    local = database("DB").replace('os.environ["DB_HOST"]', '"localhost"')
    settings = f"""ON_CLOUD = os.getenv("CLOUD_APP", None)
if ON_CLOUD:
    DATABASES = {{"default": {database("DB")}, "reports": {database("REP")}}}
else:
    DATABASES = {{
        "default": {local.replace("DB_PORT", "DB_LOCAL_PORT")},
        "reports": {database("REP").replace("REP_PORT", "REP_LOCAL_PORT")},
    }}
"""
    variables = {**account("DB", "shop"), **account("REP", "reports")}
    ports = {"DB_LOCAL_PORT": "5432", "REP_LOCAL_PORT": "5432"}
    project = project_of(tmp_path, settings, {**variables, **ports})
    env = project.config.env
    assert [each.service for each in project.facts.fixed_addresses] == ["postgres"]
    names = ("DB_PORT", "REP_PORT", *ports, "DB_NAME", "REP_NAME")
    assert [env[name] for name in names] == [
        *["{postgres.port}"] * 4,
        "{postgres.db}",
        "reports",
    ]
    # What the CI does not set stays as it is.
    without = project_of(tmp_path / "b", settings, variables)
    assert without.config.env.keys().isdisjoint(ports)
    assert without.facts.fixed_addresses == ()


def test_a_name_that_several_databases_use_is_the_one_of_its_place(tmp_path: Path) -> None:
    plain = '{"ENGINE": "' + POSTGRES + '", "NAME": "x"}'
    changes = "\n".join(
        f'    found = dj_database_url.config(env="{name}")\n    DATABASES["{alias}"].update(found)'
        for alias, name in (("default", "DATABASE_URL"), ("reports", "DATABASE_URL_REPORTS"))
    )
    settings = f'DATABASES = {{"default": {plain}, "reports": {plain}}}\nif os.getenv("DATABASE_URL"):\n{changes}'
    address = "postgres://me:secret@localhost:5432/"
    variables = {"DATABASE_URL": f"{address}shop", "DATABASE_URL_REPORTS": f"{address}reports"}
    env, _ = env_of(tmp_path, settings, variables)
    assert env["DATABASE_URL"] == "{postgres.url}"
    assert env["DATABASE_URL_REPORTS"] == f"{OWN}reports"


@pytest.mark.parametrize(
    ("url", "planned"),
    [
        ("postgres://me:secret@localhost:5432/old?sslmode=disable", f"{OWN}old?sslmode=disable"),
        ("postgres://me:secret@localhost/shop", f"{OWN}{{postgres.db}}"),
        ("postgres://me:secret@localhost:6432/shop", f"{OWN}shop_archive"),
    ],
)
def test_the_url_of_a_second_database_keeps_its_name_and_options(
    tmp_path: Path, url: str, planned: str
) -> None:
    settings = """
DATABASES = {"default": dj_database_url.config(default="postgres://localhost/shop")}
DATABASES["archive"] = dj_database_url.config(env="ARCHIVE_URL")
"""
    env, _ = env_of(tmp_path, settings, {"ARCHIVE_URL": url})
    assert (env["ARCHIVE_URL"], env["DATABASE_URL"]) == (planned, "{postgres.url}")


def test_a_database_that_the_ci_does_not_have_gets_no_address(tmp_path: Path) -> None:
    settings = f"""
DATABASES = {{"default": {database("DB")}}}
if "COPY_DB_HOST" in os.environ:
    DATABASES["copy"] = {database("COPY_DB")}
"""
    env, _ = env_of(tmp_path, settings, account("DB", "shop"))
    assert not [name for name in env if name.startswith("COPY")]


@pytest.mark.parametrize(("host", "warned"), [("10.0.0.7", True), ("localhost", False)])
def test_a_further_database_on_another_machine_is_a_warning(
    tmp_path: Path, host: str, warned: bool
) -> None:
    old = f'{{"ENGINE": "{POSTGRES}", "NAME": "old", "HOST": "{host}"}}'
    settings = f'DATABASES = {{"default": {database("DB")}, "old": {old}}}'
    _, warnings = env_of(tmp_path, settings, account("DB", "shop"))
    assert (f"hard-codes the database 'old' at {host}" in warnings) is warned


def test_a_database_of_another_kind_is_not_on_the_server(tmp_path: Path) -> None:
    events = database("CH").replace(POSTGRES, "clickhouse_backend.backend")
    settings = f'DATABASES = {{"default": {database("DB")}, "events": {events}}}'
    env, _ = env_of(
        tmp_path, settings, {**account("DB", "shop"), **account("CH", "events", "9000")}
    )
    assert env["DB_HOST"] == "{postgres.host}"
    assert (env["CH_HOST"], env["CH_PORT"]) == ("localhost", "9000")


def test_a_database_that_the_ci_switches_off_stays_off(tmp_path: Path) -> None:
    settings = """DATABASES = {"default": dj_database_url.config()}
if os.environ["UPSTREAM_URL"]:
    DATABASES["upstream"] = dj_database_url.parse(os.environ["UPSTREAM_URL"])"""
    variables = {"DATABASE_URL": "postgres://me:secret@localhost/shop", "UPSTREAM_URL": '""'}
    env, _ = env_of(tmp_path, settings, variables)
    assert env == {"DATABASE_URL": "{postgres.url}", "UPSTREAM_URL": ""}


def test_the_server_of_a_second_database_is_not_missing_beside_sqlite(tmp_path: Path) -> None:
    sqlite = '{"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}'
    second = 'dj_database_url.parse(os.environ["REPORTS_URL"])'
    settings = f'DATABASES = {{"default": {sqlite}, "reports": {second}}}'
    url = {"REPORTS_URL": "postgres://me:secret@localhost:5432/reports"}
    env, warnings = env_of(tmp_path, settings, url)
    assert env["REPORTS_URL"] == "{postgres.url}"
    assert "SQLite" not in warnings
    _, warnings = env_of(tmp_path, f'DATABASES = {{"default": {sqlite}}}', {})
    assert "starts postgres, but the tests would use SQLite" in warnings
