from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.detection.facts import Vendor
from tests.unit.detection.projects import SQLITE, django, loaded

POSTGRES = "django.db.backends.postgresql"
DRIVER = {"requirements.txt": "django\npsycopg[binary]==3.2\n"}


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ('DATABASES = {"default": dj_database_url.config(conn_max_age=600)}', "DATABASE_URL"),
        ('DATABASES = {"default": dj_database_url.config(env="DB_URL")}', "DB_URL"),
        (
            'DATABASES = {"default": dj_database_url.parse(os.environ["MY_DATABASE_URL"])}',
            "MY_DATABASE_URL",
        ),
        ('DATABASES = {"default": env.db()}', "DATABASE_URL"),
        ('DATABASES = {"default": env.db("PG_URL", default="postgres:///x")}', "PG_URL"),
        (
            'DATABASES = {"default": env.db_url("DATABASE_URL", default="sqlite:///db.sqlite3")}',
            "DATABASE_URL",
        ),
        ('DATABASES = {"default": env.dj_db_url("DATABASE_URL")}', "DATABASE_URL"),
        (
            'DATABASES = {"default": config("DATABASE_URL", cast=dj_database_url.parse)}',
            "DATABASE_URL",
        ),
        ('DATABASES = {}\nDATABASES["default"] = dj_database_url.config()', "DATABASE_URL"),
        (
            'url = os.getenv("DATABASE_URL")\nDATABASES = {"default": dj_database_url.parse(url)}',
            "DATABASE_URL",
        ),
        (
            SQLITE + 'DATABASES["default"].update(dj_database_url.config(conn_max_age=1))',
            "DATABASE_URL",
        ),
    ],
)
def test_a_database_by_url_gets_the_url_of_the_server(
    tmp_path: Path, settings: str, name: str
) -> None:
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert found.config.env[name] == "{postgres.url}"
    assert list(found.config.services) == ["postgres"]
    assert found.facts.vendor is Vendor.POSTGRESQL


@pytest.mark.parametrize("prefix", ["DB_", "POSTGRES_", "DATABASE_", "SQL_", "APP_DB_"])
@pytest.mark.parametrize(
    "call", ['os.environ["{}"]', 'os.getenv("{}")', 'env("{}", default="x")', 'config("{}")']
)
def test_separate_variables_get_their_values_whatever_they_are_called(
    tmp_path: Path, prefix: str, call: str
) -> None:
    def read(name: str) -> str:
        return call.format(prefix + name)

    settings = f"""DATABASES = {{"default": {{
        "ENGINE": "django.db.backends.postgresql", "NAME": {read("NAME")}, "USER": {read("USER")},
        "PASSWORD": {read("PASSWORD")}, "HOST": {read("HOST")}, "PORT": {read("PORT")}}}}}"""
    env = loaded(tmp_path, {**django(settings), **DRIVER}).config.env
    assert env == {
        f"{prefix}NAME": "{postgres.db}",
        f"{prefix}USER": "{postgres.user}",
        f"{prefix}PASSWORD": "{postgres.password}",
        f"{prefix}HOST": "{postgres.host}",
        f"{prefix}PORT": "{postgres.port}",
    }


def test_an_engine_from_the_environment_is_set_in_the_form_that_the_settings_use(
    tmp_path: Path,
) -> None:
    whole = 'DATABASES = {"default": {"ENGINE": os.getenv("E", "django.db.backends.sqlite3"), "HOST": os.getenv("H")}}'
    part = whole.replace("django.db.backends.sqlite3", "sqlite3").replace(
        "os.getenv", '"django.db.backends.%s" % os.getenv', 1
    )
    assert (
        loaded(tmp_path / "a", {**django(whole), **DRIVER}).config.env["E"]
        == "django.db.backends.postgresql"
    )
    assert loaded(tmp_path / "b", {**django(part), **DRIVER}).config.env["E"] == "postgresql"


def test_sqlite_in_the_code_means_no_services(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**django(), **DRIVER})
    assert found.config.services == {}
    assert found.facts.vendor is Vendor.SQLITE


def test_a_url_without_a_driver_for_postgresql_stays_on_sqlite(tmp_path: Path) -> None:
    settings = 'DATABASES = {"default": dj_database_url.config(default="sqlite:///db.sqlite3")}'
    found = loaded(tmp_path, {**django(settings), "requirements.txt": "django\ndj-database-url\n"})
    assert (found.config.services, found.config.env, found.facts.vendor) == ({}, {}, Vendor.SQLITE)


def test_a_switch_that_ci_does_not_turn_leaves_the_default_database(tmp_path: Path) -> None:
    settings = (
        SQLITE
        + f'if os.getenv("DB") == "postgres":\n    DATABASES = {{"default": {{"ENGINE": "{POSTGRES}"}}}}\n'
    )
    assert loaded(tmp_path / "a", {**django(settings), **DRIVER}).config.services == {}
    workflow = "jobs: {t: {env: {DB: postgres}, steps: [{run: python manage.py test}]}}"
    turned = loaded(
        tmp_path / "b", {**django(settings), **DRIVER, ".github/workflows/ci.yml": workflow}
    )
    assert list(turned.config.services) == ["postgres"]
    assert turned.config.env["DB"] == "postgres"


def test_a_switch_behind_a_name_is_turned_to_the_database_that_the_dependencies_allow(
    tmp_path: Path,
) -> None:
    settings = f"""
        kind = os.environ.get("KIND", "postgres")
        if kind == "postgres":
            DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": os.environ.get("HOST")}}}}
        elif kind == "sqlite":
            DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3"}}}}
    """
    without = loaded(tmp_path, {**django(settings), "requirements.txt": "django"})
    assert (without.config.env, without.config.services) == ({"KIND": "sqlite"}, {})
    told = loaded(
        tmp_path, {**django(settings), "heroci.toml": 'packages = ["psycopg[binary]>=3"]\n'}
    )
    assert told.config.env["KIND"] == "postgres"
    assert told.config.env["HOST"] == "{postgres.host}"


def test_a_database_that_only_github_would_get_is_not_taken(tmp_path: Path) -> None:
    settings = """
        DATABASES = {"default": env.db("DATABASE_URL")}
        if os.environ.get("GITHUB_WORKFLOW"):
            DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": "5432"}}
    """
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert found.config.env == {"DATABASE_URL": "{postgres.url}"}


def test_a_server_that_only_github_would_get_does_not_speak_for_the_project(tmp_path: Path) -> None:
    settings = SQLITE + f"""
if os.environ.get("GITHUB_ACTIONS"):
    DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": "127.0.0.1"}}}}
"""
    assert loaded(tmp_path, {**django(settings), **DRIVER}).config.services == {}


def test_settings_follow_their_imports_and_the_last_word_counts(tmp_path: Path) -> None:
    files = {
        **django("from .base import *\n"),
        "mysite/base.py": f'DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": os.getenv("PG")}}}}',
        **DRIVER,
    }
    assert loaded(tmp_path, files).config.env["PG"] == "{postgres.host}"
    files["mysite/settings.py"] = "from .base import *\n" + SQLITE
    assert loaded(tmp_path, files).config.services == {}


def test_an_open_host_is_left_to_libpq_and_fixed_credentials_go_to_the_server(
    tmp_path: Path,
) -> None:
    fields = f'"ENGINE": "{POSTGRES}", "NAME": "shop", "USER": "me", "PASSWORD": "pw"'
    settings = f'DATABASES = {{"default": {{{fields}}}}}'
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert found.config.env == {"PGHOST": "{postgres.host}", "PGPORT": "{postgres.port}"}
    assert found.config.services["postgres"].env == {
        "POSTGRES_USER": "me",
        "POSTGRES_PASSWORD": "pw",
        "POSTGRES_DB": "shop",
    }


def test_an_address_in_the_code_is_a_warning_with_the_remedy(tmp_path: Path) -> None:
    settings = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "db", "PORT": "5433"}}'
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert any(
        "hard-codes the database at db:5433" in w and "os.environ.get" in w for w in found.warnings
    )


def test_mysql_is_a_warning_with_the_remedy_and_no_service(tmp_path: Path) -> None:
    settings = (
        'DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", "HOST": os.getenv("H")}}'
    )
    found = loaded(tmp_path, {**django(settings), "requirements.txt": "django\nmysqlclient\n"})
    assert found.config.services == {}
    assert found.facts.vendor is Vendor.MYSQL
    assert any("services.mysql" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("services", "vendor"),
    [("", Vendor.SQLITE), ("services: {db: {image: 'postgres:17'}}, ", Vendor.POSTGRESQL)],
)
@pytest.mark.parametrize(
    "settings",
    [
        SQLITE + 'DATABASES["default"].update(dj_database_url.config())',
        'DATABASES = {"default": dj_database_url.config(default="sqlite:///db")}',
        'if "DATABASE_URL" in os.environ:\n    DATABASES = {"default": dj_database_url.config()}\nelse:\n    '
        + SQLITE,
    ],
)
def test_where_sqlite_is_the_default_the_projects_ci_says_whether_a_server_is_wanted(
    tmp_path: Path, settings: str, services: str, vendor: Vendor
) -> None:
    workflow = f"jobs: {{t: {{{services}steps: [{{run: python manage.py test}}]}}}}"
    files = {**django(settings), **DRIVER, ".github/workflows/ci.yml": workflow}
    assert loaded(tmp_path, files).facts.vendor is vendor
