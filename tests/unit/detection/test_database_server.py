"""The server that the tests get: its kind, its image and its addresses."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from heroci_action.detection.facts import Vendor
from heroci_action.detection.findings import FixedAddress
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import DRIVER, FIELDS, POSTGRES, SQLITE, django, loaded


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


def test_an_account_that_the_settings_leave_out_is_that_of_the_ci(tmp_path: Path) -> None:
    settings = f"""
        import importlib, os
        configuration = importlib.import_module(os.environ["CONFIGURATION"])
        DATABASES = getattr(configuration, "DATABASES", {{"default": None}})
        if "ENGINE" not in DATABASES["default"]:
            DATABASES["default"].update({{"ENGINE": "{POSTGRES}"}})
    """
    account = "{POSTGRES_USER: shop, POSTGRES_PASSWORD: secret}"
    job = f"services: {{db: {{image: 'postgres:16', env: {account}}}}}, steps: [{{run: ./manage.py test}}]"
    files = {**django(settings), **DRIVER, ".github/workflows/ci.yml": f"jobs: {{t: {{{job}}}}}"}
    found = loaded(tmp_path, files)
    assert found.config.services["postgres"].env == {
        "POSTGRES_USER": "shop",
        "POSTGRES_PASSWORD": "secret",
        "POSTGRES_DB": "shop",
    }
    assert found.config.env["PGPORT"] == "{postgres.port}"


def test_the_branch_without_a_url_names_the_server_if_no_driver_is_known(tmp_path: Path) -> None:
    settings = f"""
        import os, dj_database_url
        if "DATABASE_URL" in os.environ:
            DATABASES = {{"default": dj_database_url.parse(os.getenv("DATABASE_URL"))}}
        else:
            DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": os.getenv("DATABASE_HOST")}}}}
    """
    found = loaded(tmp_path, {**django(settings), "requirements.txt": "django\n"})
    assert [*found.config.services] == ["postgres"]
    assert found.config.env["DATABASE_URL"] == "{postgres.url}"


def test_the_name_of_the_server_in_the_code_is_its_address_in_containers(tmp_path: Path) -> None:
    settings = 'DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", "HOST": "mysql"}}'
    found = loaded(tmp_path, {**django(settings), "requirements.txt": "django\nmysqlclient\n"})
    fixed = FixedAddress("mysql", "hard-coded in mysite/settings.py", host="mysql")
    assert (found.facts.fixed_addresses, found.warnings) == ((fixed,), ())


def test_an_address_in_the_code_is_a_warning_with_the_remedy(tmp_path: Path) -> None:
    settings = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "db", "PORT": "5433"}}'
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert any(
        "hard-codes the database at db:5433" in w and "os.environ.get" in w for w in found.warnings
    )


MYSQL = """DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", "NAME": os.getenv("N", "shop"),
    "USER": os.getenv("U", "me"), "PASSWORD": os.getenv("P"), "HOST": os.getenv("H"), "PORT": os.getenv("PORT")}}"""


@pytest.mark.parametrize(
    ("image", "name", "version"),
    [("mysql:8.0", "mysql", "8.0"), ("mariadb:11.4", "mariadb", "11.4"), ("", "mysql", None)],
)
def test_mysql_and_mariadb_are_services(
    tmp_path: Path, image: str, name: str, version: str | None
) -> None:
    services = f"services: {{db: {{image: '{image}'}}}}, " if image else ""
    files = {
        **django(MYSQL),
        "requirements.txt": "django\nmysqlclient\n",
        ".github/workflows/ci.yml": f"jobs: {{t: {{{services}steps: [{{run: ./manage.py test}}]}}}}",
    }
    found = loaded(tmp_path, files)
    assert found.facts.vendor is Vendor.MYSQL
    assert found.config.services[name].version == version
    assert {variable: found.config.env[variable] for variable in ("H", "PORT", "U", "P", "N")} == {
        "H": f"{{{name}.host}}",
        "PORT": f"{{{name}.port}}",
        "U": f"{{{name}.user}}",
        "P": f"{{{name}.password}}",
        "N": f"{{{name}.db}}",
    }


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


@pytest.mark.parametrize(
    ("image", "service"),
    [
        ("postgres:17.2-alpine", {"version": "17"}),
        ("docker.io/library/postgres:16", {"version": "16"}),
        ("postgis/postgis:17-3.5", {"version": "17", "image": "postgis/postgis:17-3.5"}),
        ("pgvector/pgvector:pg16", {"version": "16", "image": "pgvector/pgvector:pg16"}),
        ("ankane/pgvector", {"image": "ankane/pgvector"}),
        (
            "supabase/postgres:15.8.1",
            {"version": "15", "image": "supabase/postgres:15.8.1"},
        ),
        ("registry.gis.example.org/mirror/postgres:16", {"version": "16"}),
        (
            "timescale/timescaledb:2.20.3-pg16",
            {"version": "16", "image": "timescale/timescaledb:2.20.3-pg16"},
        ),
        (
            "timescale/timescaledb-ha:pg17-ts2.18",
            {"version": "17", "image": "timescale/timescaledb-ha:pg17-ts2.18"},
        ),
        ("cimg/postgres:14.0-postgis", {"version": "14", "image": "cimg/postgres:14.0-postgis"}),
        ("shop/postgres-shop:1-10.14-test", {"image": "shop/postgres-shop:1-10.14-test"}),
        ("shop/test-postgresql:1.2", {"image": "shop/test-postgresql:1.2"}),
    ],
)
def test_an_image_with_more_than_postgresql_is_used_with_its_tag(
    tmp_path: Path, image: str, service: dict[str, str]
) -> None:
    files = {
        **django(f"DATABASES = {{'default': {{{FIELDS}}}}}"),
        **DRIVER,
        ".github/workflows/ci.yml": f"jobs: {{t: {{services: {{db: {{image: '{image}'}}}}, "
        "steps: [{run: python manage.py test}]}}",
    }
    found = loaded(tmp_path, files).config.services["postgres"]
    assert found.model_dump(exclude_defaults=True) == service


def test_a_name_with_gis_in_it_is_no_spatial_database(tmp_path: Path) -> None:
    settings = """
        import dj_database_url
        DATABASES = {"default": dj_database_url.config(default="postgresql:///registry")}
    """
    config = loaded(tmp_path, {**django(settings), "requirements.txt": "psycopg\n"}).config
    assert config.services["postgres"].image is None
    assert config.env["DATABASE_URL"] == "{postgres.url}"


def test_geodjango_uses_postgis_and_installs_gdal(tmp_path: Path) -> None:
    settings = f"INSTALLED_APPS = ['django.contrib.gis']\nDATABASES = {{'default': {{{FIELDS}}}}}"
    config = loaded(tmp_path, {**django(settings), **DRIVER}).config
    assert config.services["postgres"].image == "postgis/postgis:17-3.5"
    assert "gdal-bin" in config.apt


def test_postgis_is_not_used_if_the_ci_tests_without_it(tmp_path: Path) -> None:
    settings = 'DATABASES = {"default": dj_database_url.config(default="postgis:///shop")}'
    job = """
        jobs:
          t:
            services: {db: {image: "postgres:16"}}
            env: {DATABASE_URL: "postgresql://a:b@localhost/shop"}
            steps: [{run: manage.py test}]
    """
    config = loaded(tmp_path, {**django(settings), ".github/workflows/t.yml": job}).config
    assert config.services["postgres"].image is None
    assert config.env["DATABASE_URL"] == "{postgres.url}"


def test_a_database_whose_name_contains_gis_needs_no_postgis(tmp_path: Path) -> None:
    settings = 'DATABASES = {"default": dj_database_url.config(default="postgresql:///registry")}'
    found = loaded(tmp_path, {**django(settings), **DRIVER}).config
    assert found.services["postgres"].image is None
    assert found.env["DATABASE_URL"] == "{postgres.url}"


SERVER = "services: {db: {image: 'postgres:17'}}, "


@pytest.mark.parametrize(
    ("settings", "job", "warned"),
    [
        (SQLITE, SERVER, True),
        (SQLITE, "services: {db: {image: 'mariadb:11'}}, ", True),
        (SQLITE, "services: {cache: {image: 'redis:7'}}, ", False),
        (SQLITE, "", False),
        (f"DATABASES = {{'default': {{{FIELDS}}}}}", SERVER, False),
    ],
)
def test_a_server_of_the_ci_beside_sqlite_is_a_warning_with_both_names(
    tmp_path: Path, settings: str, job: str, warned: bool
) -> None:
    files = {
        **django(settings),
        **DRIVER,
        ".github/workflows/ci.yml": f"jobs: {{t: {{{job}steps: [{{run: python manage.py test}}]}}}}",
    }
    warnings = loaded(tmp_path, files).warnings
    assert any("SQLite" in text and "starts" in text for text in warnings) is warned


def test_a_server_for_developers_only_is_no_warning(tmp_path: Path) -> None:
    compose = "services: {db: {image: 'postgres:17'}}"
    assert loaded(tmp_path, {**django(), **DRIVER, "compose.yml": compose}).warnings == ()


@pytest.mark.parametrize("star", ["from elsewhere.settings import *", "exec(open('x').read())"])
def test_a_database_that_is_not_understood_is_a_warning_that_names_the_server(
    tmp_path: Path, star: str
) -> None:
    env = "env: {POSTGRES_USER: shop, POSTGRES_PASSWORD: a}"
    job = f"services: {{db: {{image: 'postgis/postgis:17-3.5', {env}}}}}, "
    files = {
        **django(f"{star}\nROOT_URLCONF = 'x'\n"),
        **DRIVER,
        ".github/workflows/ci.yml": f"jobs: {{t: {{{job}steps: [{{run: python manage.py test}}]}}}}",
    }
    found = loaded(tmp_path, files)
    (warning,) = found.warnings
    assert "database was not understood" in warning
    assert "starts postgis/postgis" in warning
    server = found.config.services["postgres"]
    assert (server.image, server.port) == ("postgis/postgis:17-3.5", 5432)
    assert server.env == {"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "a", "POSTGRES_DB": "shop"}


def test_variables_of_the_ci_point_to_the_server_even_if_the_settings_are_not_understood(
    tmp_path: Path,
) -> None:
    job = SERVER + "env: {MY_DB_HOST: localhost, MY_DB_PASSWORD: x, PLAIN: y}, "
    files = {
        **django("from elsewhere.settings import *\n"),
        **DRIVER,
        ".github/workflows/ci.yml": f"jobs: {{t: {{{job}steps: [{{run: python manage.py test}}]}}}}",
    }
    config = loaded(tmp_path, files).config
    assert config.env == {
        "MY_DB_HOST": "{postgres.host}",
        "MY_DB_PASSWORD": "{postgres.password}",
        "PLAIN": "y",
    }
    assert config.services["postgres"].version == "17"


RUN = "steps: [{run: ./manage.py test}]"


@pytest.mark.parametrize(
    ("settings", "env"),
    [
        (
            f"""
            ENGINES = {{"pg": "{POSTGRES}", "lite": "django.db.backends.sqlite3"}}
            KIND = os.environ.get("KIND", "lite")
            DATABASES = {{"default": {{"ENGINE": ENGINES[KIND], "HOST": os.environ.get("H")}}}}
            """,
            {"H": "{postgres.host}", "KIND": "pg"},
        ),
        (
            f"""
            def databases():
                found = dict(ENGINE="{POSTGRES}")
                found["HOST"] = os.environ.get("H")
                found.update(PASSWORD=os.environ["P"])
                return {{"default": found}}
            DATABASES = databases()
            """,
            {"H": "{postgres.host}", "P": "{postgres.password}"},
        ),
    ],
)
def test_variables_that_select_the_engine_and_changes_in_a_function_are_followed(
    tmp_path: Path, settings: str, env: dict[str, str]
) -> None:
    files = {
        **django("import os\n" + dedent(settings)),
        **DRIVER,
        ".github/workflows/ci.yml": f"jobs: {{t: {{env: {{KIND: pg, H: localhost}}, {SERVER}{RUN}}}}}",
    }
    config = loaded(tmp_path, files).config
    assert list(config.services) == ["postgres"]
    assert {name: config.env.get(name) for name in env} == env


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ('"HOST": "localhost", "PORT": "5432"', 5432),
        ('"HOST": os.environ.get("H", "localhost"), "PORT": 5433', 5433),
        ('"HOST": "127.0.0.1", "PORT": os.environ.get("PORT")', None),
    ],
)
def test_a_fixed_port_is_the_port_of_the_server(
    tmp_path: Path, address: str, port: int | None
) -> None:
    settings = f'DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "NAME": "x", {address}}}}}'
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert found.config.services["postgres"].port == port
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("job", "value", "services"),
    [
        (SERVER, "{postgres.url}", ["postgres"]),
        ("", "postgres://me@localhost/x", []),
        ("services: {m: {image: 'mariadb:11'}}, ", "postgres://me@localhost/x", []),
    ],
)
def test_an_address_of_another_setting_points_to_a_server_only_if_there_is_one(
    tmp_path: Path, job: str, value: str, services: list[str]
) -> None:
    steps = (
        "env: {MEASUREMENTS: 'postgres://me@localhost/x'}, steps: [{run: python manage.py test}]"
    )
    files = {
        **django(f"{SQLITE}MEASUREMENTS = os.environ['MEASUREMENTS']\n"),
        **DRIVER,
        ".github/workflows/ci.yml": f"jobs: {{t: {{{job}{steps}}}}}",
    }
    config = loaded(tmp_path, files).config
    assert config.env["MEASUREMENTS"] == value
    assert list(config.services) == services


def test_an_address_of_an_example_points_to_no_server_if_services_are_switched_off(
    tmp_path: Path,
) -> None:
    files = {
        **django("DATABASES = {'default': env.db('DATABASE_URL')}\nQ = env('QUEUE_URL')\n"),
        **DRIVER,
        ".env.example": "QUEUE_URL=redis://localhost:6379/1\n",
        "heroci.toml": "services = {}\n",
    }
    config = loaded(tmp_path, files).config
    assert config.env == {"QUEUE_URL": "redis://localhost:6379/1"}


_BY_FUNCTION = """
import os
def databases():
    engine = os.getenv("DB_ENGINE") or "sqlite"
    if engine == "sqlite":
        db = {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}
    else:
        db = {"ENGINE": "django.db.backends.postgresql", "HOST": os.getenv("DB_HOST"), "NAME": os.getenv("DB_NAME")}
    return {"default": db}
DATABASES = databases()
"""


_COMPOSE = {"docs/docker-compose.yml": "services: {db: {image: 'postgres:16'}}\n"}


def test_a_ci_without_a_server_counts_more_than_a_compose_file_for_users(tmp_path: Path) -> None:
    files = {**django(_BY_FUNCTION), **DRIVER, **_COMPOSE}
    install = "apt-get install -y postgresql-client libpq-dev"
    assert loaded(tmp_path / "a", {**files, **workflow(install, "pytest")}).config.services == {}
    assert "postgres" in loaded(tmp_path / "b", files).config.services
    started = workflow("docker compose -f docs/docker-compose.yml up -d", "pytest")
    assert "postgres" in loaded(tmp_path / "c", {**files, **started}).config.services
    machine = workflow("sudo systemctl start postgresql.service", "pytest")
    assert "postgres" in loaded(tmp_path / "d", {**files, **machine}).config.services


def test_the_server_of_the_ci_counts_more_than_the_default_of_a_url(tmp_path: Path) -> None:
    settings = 'DATABASES = {"default": dj_database_url.config(default="mysql://root@localhost/x")}'
    server = workflow("cp env.ci .env", "pytest")[".github/workflows/ci.yml"].replace(
        "    steps:", "    services: {db: {image: 'postgres:15'}}\n    steps:"
    )
    files = {**django(settings), **DRIVER, ".github/workflows/ci.yml": server}
    config = loaded(tmp_path, files).config
    assert config.env == {"DATABASE_URL": "{postgres.url}"}
    assert config.services["postgres"].version == "15"


def test_a_host_that_is_not_understood_leaves_the_account_and_the_port_as_in_the_ci(
    tmp_path: Path,
) -> None:
    settings = f"""
        import os
        FILE = os.getenv("SHOP_CONFIG")
        CONFIG = Config(FILE)
        DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": CONFIG.db.host, "USER": CONFIG.db.user}}}}
    """
    files = {
        **django(settings),
        **DRIVER,
        ".github/workflows/ci.yml": """
            jobs:
              t:
                services:
                  db: {image: "postgres:16", env: {POSTGRES_USER: shop, POSTGRES_PASSWORD: a}}
                env: {SHOP_DB_HOST: db}
                steps: [{run: python manage.py test}]
        """,
    }
    found = loaded(tmp_path, files)
    server = found.config.services["postgres"]
    assert found.config.env == {"SHOP_DB_HOST": "{postgres.host}"}
    assert server.env == {"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "a"}
    assert (server.version, server.port) == ("16", 5432)
    assert "was not understood" in found.warnings[0]


def test_an_image_whose_name_only_the_ci_knows_is_its_plain_server(tmp_path: Path) -> None:
    compose = "services: {postgres: {image: $DATABASE_IMAGE}}\n"
    run = "docker compose up -d && python manage.py test"
    files = {
        **django(f"import os\nDATABASES = {{'default': {{{FIELDS}}}}}"),
        **DRIVER,
        "compose.yaml": compose,
        ".github/workflows/ci.yml": f"jobs: {{t: {{steps: [{{run: {run}}}]}}}}",
    }
    assert loaded(tmp_path, files).config.services["postgres"].image is None


def test_a_key_that_only_another_environment_changes_keeps_its_value(tmp_path: Path) -> None:
    settings = f"""
        import os
        DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": os.getenv("DB_HOST")}}}}
        if os.getenv("DEVELOPMENT"):
            DATABASES["default"]["HOST"] = "db"
    """
    found = loaded(tmp_path, {**django(settings), **DRIVER, **workflow("python manage.py test")})
    assert found.config.env["DB_HOST"] == "{postgres.host}"
    assert found.warnings == ()


def test_an_address_of_sqlite_in_the_ci_means_sqlite(tmp_path: Path) -> None:
    files = {
        **django("DATABASES = parse_database_address()\n"),
        **DRIVER,
        "compose.yaml": "services: {db: {image: 'postgres:16'}}",
        ".github/workflows/ci.yml": """
            jobs: {t: {env: {DB: "sqlite:///x.db"}, steps: [{run: python manage.py test}]}}
        """,
    }
    found = loaded(tmp_path, files)
    assert (found.config.services, found.warnings) == ({}, ())


def test_a_key_changes_only_the_database_that_its_condition_selects(tmp_path: Path) -> None:
    settings = f"""
        import os
        DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}}}
        if os.getenv("DB", "sqlite") == "postgres":
            DATABASES["default"] = {{"ENGINE": "{POSTGRES}", "NAME": "shop"}}
        elif os.getenv("DB", "sqlite") == "sqlite":
            DATABASES["default"]["NAME"] = BASE_DIR / "db.sqlite3"
    """
    run = "DB=postgres python manage.py test"
    found = loaded(tmp_path, {**django(settings), **DRIVER, **workflow(run)})
    assert found.config.services["postgres"].env == {"POSTGRES_DB": "shop"}


def test_a_host_that_is_not_understood_is_a_warning_if_the_ci_starts_no_server(
    tmp_path: Path,
) -> None:
    settings = f"""
        DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "NAME": "shop", "HOST": Path("data").resolve()}}}}
    """
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert found.config.env["PGHOST"] == "{postgres.host}"
    assert "chooses the host of the database was not understood" in found.warnings[0]


def test_a_table_that_a_variable_contains_is_not_the_host(tmp_path: Path) -> None:
    settings = f"""
        import json, os
        CREDENTIALS = json.loads(os.environ.get("VCAP_SERVICES", "{{}}"))["rds"][0]["credentials"]
        DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": CREDENTIALS["host"]}}}}
    """
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert "VCAP_SERVICES" not in found.config.env


def test_images_of_red_hat_have_the_version_in_their_names(tmp_path: Path) -> None:
    server = "image: 'quay.io/sclorg/postgresql-15-c9s:latest', env: {POSTGRESQL_USER: eda, POSTGRESQL_DATABASE: x}"
    files = {
        **django("from elsewhere.settings import *\n"),
        **DRIVER,
        ".github/workflows/ci.yml": (
            f"jobs: {{t: {{services: {{p: {{{server}}}}}, steps: [{{run: ./manage.py test}}]}}}}"
        ),
    }
    found = loaded(tmp_path, files).config.services["postgres"]
    assert (found.version, found.image) == ("15", None)
    assert found.env == {"POSTGRES_USER": "eda", "POSTGRES_DB": "x"}


POSTGRES_SETTINGS = f'DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "NAME": "shop"}}}}'
MIGRATION = """
    class Migration(migrations.Migration):
        operations = [{operation}]
"""


@pytest.mark.parametrize(
    ("operation", "extensions"),
    [
        ('CreateExtension("uuid-ossp")', ("uuid-ossp",)),
        ("CryptoExtension(), TrigramExtension()", ("pg_trgm", "pgcrypto")),
        ("""RunSQL('CREATE EXTENSION IF NOT EXISTS "uuid-ossp";')""", ("uuid-ossp",)),
        ('RunSQL("create extension citext")', ("citext",)),
        ('CreateCollation("natural", provider="icu", locale="und")', ("icu",)),
        ("AddField('thing', 'extension', models.CharField())", ()),
    ],
)
def test_the_server_gets_the_extensions_that_migrations_create(
    tmp_path: Path, operation: str, extensions: tuple[str, ...]
) -> None:
    migration = MIGRATION.format(operation=operation)
    files = {**django(POSTGRES_SETTINGS), **DRIVER, "shop/migrations/0001_initial.py": migration}
    found = loaded(tmp_path, files)
    assert found.config.services["postgres"].extensions == extensions
    if extensions:
        origin = found.origins["services.postgres.extensions"]
        assert origin == "detected: required in shop/migrations/0001_initial.py"


@pytest.mark.parametrize(
    ("files", "warned"),
    [
        ({}, True),
        ({"shop/migrations/0002_x.py": MIGRATION.format(operation="CITextExtension()")}, False),
        ({"conftest.py": "cursor.execute('CREATE EXTENSION citext')"}, False),
        (workflow("psql -c 'CREATE EXTENSION citext' template1", "pytest"), True),
        ({"shop/management/commands/extend.py": "run('CREATE EXTENSION citext')"}, True),
        (
            {
                "shop/management/commands/extend.py": "run('CREATE EXTENSION citext')",
                **workflow("python manage.py extend --database template1", "pytest"),
            },
            False,
        ),
    ],
)
def test_fields_whose_extension_no_migration_creates_are_named(
    tmp_path: Path, files: dict[str, str], warned: bool
) -> None:
    field = "AddField('user', 'mail', django.contrib.postgres.fields.citext.CIEmailField())"
    first = {"shop/migrations/0001_initial.py": MIGRATION.format(operation=field)}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    found = loaded(tmp_path, {**django(POSTGRES_SETTINGS), **DRIVER, **first, **files})
    assert any("no migration creates it" in text for text in found.warnings) is warned


@pytest.mark.parametrize(("database", "warned"), [("template1", True), ("shop", False)])
def test_extensions_in_the_template_of_the_ci_are_named_if_no_migration_creates_them(
    tmp_path: Path, database: str, warned: bool
) -> None:
    lines = [f"psql -c 'CREATE EXTENSION {name}' {database}" for name in ("postgis", "pg_trgm")]
    found = loaded(tmp_path, {**django(POSTGRES_SETTINGS), **DRIVER, **workflow(*lines, "pytest")})
    named = [text for text in found.warnings if "no migration creates it" in text]
    assert ["pg_trgm" in text for text in named] == [True] * warned
    assert found.config.services["postgres"].extensions == ("pg_trgm", "postgis")


def test_a_server_of_the_machine_for_settings_that_are_not_understood_is_a_warning(
    tmp_path: Path,
) -> None:
    settings = "from shop.configuration import databases\nDATABASES = databases()\n"
    files = {**django(settings), "requirements.txt": "django\nmysqlclient\n"}
    lines = workflow("sudo systemctl start mysql", "python manage.py test")
    found = loaded(tmp_path, {**files, **lines})
    (warning,) = (text for text in found.warnings if "database" in text)
    assert "starts mysql; HeroCI starts it on port 3306" in warning
    assert "services.mysql.env" in warning
    lines = workflow("mysql -e 'CREATE DATABASE shop'", "python manage.py test")
    (warning,) = (text for text in loaded(tmp_path, {**files, **lines}).warnings if "data" in text)
    assert "uses a server (\"mysql -e 'CREATE DATABASE shop'\")" in warning


@pytest.mark.parametrize("port", ["", '"PORT": "",', '"PORT": 5432,'])
def test_a_server_on_localhost_cannot_be_elsewhere_whatever_its_port(
    tmp_path: Path, port: str
) -> None:
    settings = f'DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", {port} "HOST": "127.0.0.1"}}}}'
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert [each.service for each in found.facts.fixed_addresses] == ["postgres"]


def test_the_address_of_every_interface_is_this_machine(tmp_path: Path) -> None:
    settings = f'DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": "0.0.0.0"}}}}'
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert [each.service for each in found.facts.fixed_addresses] == ["postgres"]
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("value", "warns"), [("", True), ("env: {LOCAL: '1'}, ", False), ("env: {LOCAL: '0'}, ", True)]
)
def test_a_condition_on_a_variable_decides_between_two_hosts(
    tmp_path: Path, value: str, warns: bool
) -> None:
    settings = f"""
import os
DATABASES = {{"default": {{
    "ENGINE": "{POSTGRES}",
    "HOST": "127.0.0.1" if os.environ.get("LOCAL", "") == "1" else "database",
}}}}
"""
    job = f"jobs: {{t: {{{value}{RUN}}}}}"
    found = loaded(tmp_path, {**django(settings), **DRIVER, ".github/workflows/ci.yml": job})
    assert any("hard-codes the database at database:5432" in t for t in found.warnings) is warns


def test_variables_with_the_address_of_no_server_of_the_ci_are_not_changed(tmp_path: Path) -> None:
    files = {
        **django("import os\nDATABASES = parse(os.environ)\n"),
        **DRIVER,
        ".github/workflows/ci.yml": """
            jobs:
              test:
                services: {shop-db: {image: 'postgres:16'}}
                env:
                  DB_HOST: shop-db
                  MIRROR_DB_HOST: bad-host
                  MIRROR_DATABASE_URL: postgres://me@bad-host/shop
                  OWN_DATABASE_URL: postgres://me@localhost/shop
                steps: [{run: python manage.py test}]
        """,
    }
    env = loaded(tmp_path, files).config.env
    assert env["DB_HOST"] == "{postgres.host}"
    assert env["OWN_DATABASE_URL"] == "{postgres.url}"
    assert "postgres." not in env.get("MIRROR_DB_HOST", "") + env.get("MIRROR_DATABASE_URL", "")


@pytest.mark.parametrize(
    ("host", "driver", "warned"),
    [
        ("localhost", "mysqlclient", True),
        ("127.0.0.1", "mysqlclient", False),
        ("localhost", "PyMySQL", False),
    ],
)
def test_the_name_of_the_machine_is_a_socket_for_the_client_of_mysql(
    tmp_path: Path, host: str, driver: str, warned: bool
) -> None:
    fields = f'"NAME": "shop", "USER": "root", "PASSWORD": "root", "HOST": "{host}", "PORT": "3306"'
    settings = f'DATABASES = {{"default": {{"ENGINE": "django.db.backends.mysql", {fields}}}}}\n'
    found = loaded(tmp_path, {**django(settings), "requirements.txt": f"django\n{driver}\n"})
    assert any("Unix socket" in text for text in found.warnings) is warned


@pytest.mark.parametrize(
    ("base", "service", "warned"),
    [("ubuntu:22.04", {}, True), ("postgres:16-alpine", {"version": "16"}, False)],
)
def test_a_database_in_the_image_of_an_operating_system_is_the_usual_one(
    tmp_path: Path, base: str, service: dict[str, str], warned: bool
) -> None:
    settings = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "db"}}'
    files = {
        **django(settings),
        "db/Dockerfile": f"FROM {base}\nRUN apt-get install -y postgresql\n",
        "Dockerfile": "FROM python:3.12\nCOPY . /app\n",
        "compose.yml": (
            "services: {db: {build: db, environment: {POSTGRES_USER: shop}}, web: {build: ., depends_on: [db]}}\n"
        ),
        **workflow("docker compose run web python manage.py test"),
    }
    found = loaded(tmp_path, files)
    given = found.config.services["postgres"]
    wanted = {"version": "", "image": "", **service}
    assert {"version": given.version or "", "image": given.image or ""} == wanted
    assert any("the usual postgres" in text for text in found.warnings) is warned
