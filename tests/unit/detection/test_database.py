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
        ('DATABASES = {"default": {**env.db("X_URL"), "CONN_MAX_AGE": 60}}', "X_URL"),
        (
            """URL = get_string(name="DATABASE_URL", default="postgres://x")
DATABASES = {"default": dj_database_url.parse(URL)}""",
            "DATABASE_URL",
        ),
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
        (
            """url = urlparse(os.environ["DATABASE_URL"])
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": url.hostname}}""",
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


def test_a_database_that_a_variable_of_the_ci_selects_is_taken_whatever_its_name(
    tmp_path: Path,
) -> None:
    settings = """
        import os
        GITHUB_BACKEND = os.getenv("GITHUB_BACKEND")
        if GITHUB_BACKEND == "postgres":
            DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "USER": "shop"}}
        else:
            DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}
    """
    lines = """
        on: push
        jobs: {t: {steps: [{run: pytest, env: {GITHUB_BACKEND: postgres}}]}}
    """
    files = {**django(settings), "requirements.txt": "psycopg\n", ".github/workflows/ci.yml": lines}
    config = loaded(tmp_path, files).config
    assert config.env["GITHUB_BACKEND"] == "postgres"
    assert config.services["postgres"].env == {"POSTGRES_USER": "shop"}


def test_files_that_a_variable_of_the_ci_adds_to_a_list_of_includes_are_followed(
    tmp_path: Path,
) -> None:
    settings = """
        import os
        from split_settings.tools import include, optional
        FILES = ["core.py"]
        if os.environ.get("ON_SERVER"):
            FILES.append("server.py")
        elif os.environ.get("IN_CI", "") and bool(os.environ["IN_CI"]):
            FILES += [optional("ci.py")]
        include(*FILES)
    """
    engine = '"ENGINE": "django.db.backends.postgresql"'
    files = {
        **django(),
        "mysite/settings.py": "",
        "mysite/settings/__init__.py": settings,
        "mysite/settings/core.py": f"DATABASES = {{'default': {{{engine}}}}}",
        "mysite/settings/server.py": f"DATABASES = {{'default': {{{engine}, 'USER': 'server'}}}}",
        "mysite/settings/ci.py": f"DATABASES = {{'default': {{{engine}, 'USER': 'ci'}}}}",
        ".github/workflows/ci.yml": """
            jobs: {t: {env: {IN_CI: "true"}, steps: [{run: python manage.py test}]}}
        """,
    }
    del files["mysite/settings.py"]
    config = loaded(tmp_path, files).config
    assert config.services["postgres"].env == {"POSTGRES_USER": "ci"}
    assert config.env["IN_CI"] == "true"


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


FIELDS = """"ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("P_NAME", "shop"),
    "USER": os.environ.get("P_USER"), "PASSWORD": os.environ.get("P_PASSWORD"),
    "HOST": os.environ.get("P_HOST"), "PORT": os.environ.get("P_PORT")"""
KEYWORDS = """ENGINE="django.db.backends.postgresql", NAME=os.environ.get("P_NAME", "shop"),
    USER=os.environ.get("P_USER"), PASSWORD=os.environ.get("P_PASSWORD"),
    HOST=os.environ.get("P_HOST"), PORT=os.environ.get("P_PORT")"""


@pytest.mark.parametrize(
    "settings",
    [
        f"DATABASES = {{'default': {{{FIELDS}}}}}",
        f"DATABASES = dict(default=dict({KEYWORDS}))",
        f"COMMON = {{{FIELDS}}}\nDATABASES = {{'default': {{**COMMON, 'CONN_MAX_AGE': 60}}}}",
        f"COMMON = {{{FIELDS}}}\nDATABASES = {{'default': dict(COMMON, CONN_MAX_AGE=60)}}",
        f"COMMON = {{{FIELDS}}}\nDATABASES = {{'default': COMMON | {{'CONN_MAX_AGE': 60}}}}",
        f"COMMON = {{{FIELDS}}}\nDATABASES = {{'default': COMMON.copy()}}",
        f"import copy\nCOMMON = {{{FIELDS}}}\nDATABASES = {{'default': copy.deepcopy(COMMON)}}",
        f"def default():\n    return {{{FIELDS}}}\nDATABASES = {{'default': default()}}",
        f"def default():\n    found = {{{FIELDS}}}\n    return found\nDATABASES = {{'default': default()}}",
        f"def every():\n    return {{'default': {{{FIELDS}}}}}\nDATABASES = every()",
        (
            "def default(prefix, engine='postgresql'):\n    return {'ENGINE': f'django.db.backends.{engine}',"
            " 'USER': os.environ.get('P_USER'), 'PASSWORD': os.environ.get('P_PASSWORD'),"
            " 'NAME': os.environ.get('P_NAME'), 'HOST': prefix, 'PORT': os.environ.get('P_PORT')}\n"
            "DATABASES = {'default': default(os.environ.get('P_HOST'))}"
        ),
        (
            f"KINDS = {{'pg': {{{FIELDS}}}, 'lite': {{'ENGINE': 'django.db.backends.sqlite3'}}}}\n"
            "DATABASES = {'default': KINDS[os.environ.get('KIND', 'pg')]}"
        ),
        f"DATABASES = {{'default': {{}}}}\nDATABASES['default'].update({{{FIELDS}}})",
        f"DATABASES = {{}}\nDATABASES['default'] = {{{FIELDS}}}\nDATABASES['default']['CONN_MAX_AGE'] = 60",
        (
            f"db = {{{FIELDS.replace('P_HOST', 'OLD')}}}\ndb['HOST'] = os.environ.get('P_HOST')\n"
            "DATABASES = {'default': db}"
        ),
        f"from os import environ as e\nDATABASES = {{'default': {{{FIELDS.replace('os.environ', 'e')}}}}}",
        f"DATABASES: dict[str, object] = {{'default': {{{FIELDS}}}, 'replica': {{}}}}",
    ],
)
def test_a_dictionary_is_understood_however_it_is_built(tmp_path: Path, settings: str) -> None:
    env = loaded(tmp_path, {**django(f"import os\n{settings}\n"), **DRIVER}).config.env
    assert env == {
        "P_NAME": "{postgres.db}",
        "P_USER": "{postgres.user}",
        "P_PASSWORD": "{postgres.password}",
        "P_HOST": "{postgres.host}",
        "P_PORT": "{postgres.port}",
    }


def test_definitions_that_refer_to_themselves_end(tmp_path: Path) -> None:
    names = "A = {**A, **B, **A, **B}\nB = {**A, **B, **A}\n"
    function = (
        "def f(x):\n    x = [x, x, x, x]\n    y = (x, y, y, y)\n    return {'HOST': y, **f(y)}\n"
    )
    settings = f"{names}{function}DATABASES = {{'default': {{**A, **f(A), **B}}}}\n"
    assert loaded(tmp_path, django(settings)).config.services == {}


@pytest.mark.parametrize(
    ("changes", "env"),
    [
        ('DATABASES["default"]["ENGINE"] = "django_prometheus.db.backends.postgresql"', {}),
        ('DATABASES["default"]["CONN_MAX_AGE"] = 60', {}),
        ('DATABASES["default"]["ATOMIC_REQUESTS"] = True', {}),
        ('DATABASES["default"].update(ENGINE="dj_db_conn_pool.backends.postgresql")', {}),
        ('DATABASES["default"]["HOST"] = os.environ["H"]', {"H": "{postgres.host}"}),
    ],
)
@pytest.mark.parametrize(
    "url",
    [
        "import environ\nenv = environ.Env()\nDATABASES = {'default': env.db()}\n",
        "import dj_database_url\nDATABASES = {'default': dj_database_url.config()}\n",
        (
            "from dj_database_url import parse as db_url\nfrom decouple import config\n"
            "DATABASES = {'default': config('DATABASE_URL', cast=db_url)}\n"
        ),
        "import dj_database_url as u\nDATABASES = {'default': u.parse(os.environ['DATABASE_URL'])}\n",
    ],
)
def test_a_key_that_is_set_after_the_url_changes_only_that_key(
    tmp_path: Path, url: str, changes: str, env: dict[str, str]
) -> None:
    found = loaded(tmp_path, {**django(f"import os\n{url}{changes}\n"), **DRIVER})
    assert found.config.env == {"DATABASE_URL": "{postgres.url}", **env}
    assert found.warnings == ()


CONFIGURATIONS = """
    from configurations import Configuration, values as v
    class Base(Configuration):
        INSTALLED_APPS = []
        SECRET_KEY = v.SecretValue()
        DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql",
            "HOST": v.Value("localhost", environ_name="HOST_OF_DB", environ_prefix=None),
            "USER": v.Value("x", environ_name="DB_USER", environ_prefix="SHOP")}}
    class Dev(Base):
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}
    class Test(Base):
        DEBUG = False
    class Url(Configuration):
        DATABASES = v.DatabaseURLValue("postgres://localhost/x")
    class Property(Configuration):
        @property
        def DATABASES(self):
            return v.DatabaseURLValue(environ_name="DB")
"""


@pytest.mark.parametrize(
    ("configuration", "env"),
    [
        ("Test", {"HOST_OF_DB": "{postgres.host}", "SHOP_DB_USER": "{postgres.user}"}),
        ("Url", {"DATABASE_URL": "{postgres.url}"}),
        ("Dev", {}),
    ],
)
def test_the_class_of_django_configurations_decides(
    tmp_path: Path, configuration: str, env: dict[str, str]
) -> None:
    job = f"env: {{DJANGO_CONFIGURATION: {configuration}}}, services: {{db: {{image: 'postgres:17'}}}}"
    files = {
        **django(CONFIGURATIONS),
        "requirements.txt": "django\ndjango-configurations\npsycopg\n",
        ".github/workflows/ci.yml": f"jobs: {{t: {{{job}, steps: [{{run: ./manage.py test}}]}}}}",
    }
    found = loaded(tmp_path, files).config.env
    assert found["DJANGO_CONFIGURATION"] == configuration
    assert {k: v for k, v in found.items() if "{postgres" in v and not k.startswith("PG")} == env


def test_a_secret_of_django_configurations_has_the_prefix_django(tmp_path: Path) -> None:
    files = {
        **django(CONFIGURATIONS),
        "requirements.txt": "django\ndjango-configurations\npsycopg\n",
    }
    assert loaded(tmp_path, files).config.env.items() >= {("DJANGO_SECRET_KEY", "{secret_key}")}


@pytest.mark.parametrize(
    ("image", "service"),
    [
        ("postgres:17.2-alpine", {"version": "17"}),
        ("docker.io/library/postgres:16", {"version": "16"}),
        ("postgis/postgis:17-3.5", {"version": "17", "image": "postgis/postgis:17-3.5"}),
        ("pgvector/pgvector:pg16", {"version": "16", "image": "pgvector/pgvector:pg16"}),
        ("ankane/pgvector", {"image": "ankane/pgvector"}),
        (
            "timescale/timescaledb:2.20.3-pg16",
            {"version": "16", "image": "timescale/timescaledb:2.20.3-pg16"},
        ),
        (
            "timescale/timescaledb-ha:pg17-ts2.18",
            {"version": "17", "image": "timescale/timescaledb-ha:pg17-ts2.18"},
        ),
        ("cimg/postgres:14.0-postgis", {"version": "14", "image": "cimg/postgres:14.0-postgis"}),
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
    assert server.env == {"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "a"}


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


def _ci(*lines: str) -> dict[str, str]:
    steps = "".join(f"\n      - run: {line!r}" for line in lines)
    return {".github/workflows/ci.yml": f"on: push\njobs:\n  test:\n    steps:{steps}\n"}


def test_a_ci_without_a_server_counts_more_than_a_compose_file_for_users(tmp_path: Path) -> None:
    files = {**django(_BY_FUNCTION), **DRIVER, **_COMPOSE}
    install = "apt-get install -y postgresql-client libpq-dev"
    assert loaded(tmp_path / "a", {**files, **_ci(install, "pytest")}).config.services == {}
    assert "postgres" in loaded(tmp_path / "b", files).config.services
    started = _ci("docker compose -f docs/docker-compose.yml up -d", "pytest")
    assert "postgres" in loaded(tmp_path / "c", {**files, **started}).config.services
    machine = _ci("sudo systemctl start postgresql.service", "pytest")
    assert "postgres" in loaded(tmp_path / "d", {**files, **machine}).config.services


def test_a_configuration_module_is_followed(tmp_path: Path) -> None:
    settings = """
        import importlib, os
        path = os.getenv("SHOP_CONFIGURATION", "mysite.configuration")
        configuration = importlib.import_module(path)
        DATABASE = configuration.DATABASE
        configuration.DATABASE.update({"ENGINE": "django.db.backends.postgresql"})
        DATABASES = {"default": DATABASE}
        """
    example = """
        DATABASE = {"NAME": "shop", "USER": os.environ.get("SHOP_USER", "shop"), "HOST": "localhost", "PORT": ""}
        """
    files = {
        **django(settings),
        **DRIVER,
        "mysite/configuration.example.py": example,
        **_ci("cp mysite/configuration.example.py mysite/configuration.py", "manage.py test"),
    }
    config = loaded(tmp_path, files).config
    assert config.env == {
        "SHOP_USER": "{postgres.user}",
        "PGPORT": "{postgres.port}",
        "PGPASSWORD": "{postgres.password}",
    }
    assert config.services["postgres"].env == {"POSTGRES_DB": "shop"}


@pytest.mark.parametrize(
    "execute",
    [
        "with open(os.path.join(os.path.dirname(__file__), 'local.py')) as f: exec(f.read())\n",
        "try: exec(open('local.py').read())\nexcept OSError: pass\n",
        "exec(open('mysite/local.py').read())\n",
        "exec((Path(__file__).parent / 'local.py').read_text())\n",
        "exec(Path(__file__).with_name('local.py').read_text())\n",
    ],
)
def test_a_file_that_the_settings_execute_is_followed(tmp_path: Path, execute: str) -> None:
    engine = "django.db.backends"
    settings = f"DATABASES = {{'default': {{'ENGINE': '{engine}.sqlite3'}}}}\n{execute}"
    example = f"DATABASES = {{'default': {{'ENGINE': '{engine}.mysql', 'NAME': 'shop'}}}}\n"
    files = {
        **django(settings),
        "ci/settings.py": example,
        **_ci("cp ci/settings.py mysite/local.py", "manage.py test"),
    }
    assert "mysql" in loaded(tmp_path, files).config.services


def test_the_server_of_the_ci_counts_more_than_the_default_of_a_url(tmp_path: Path) -> None:
    settings = 'DATABASES = {"default": dj_database_url.config(default="mysql://root@localhost/x")}'
    server = _ci("cp env.ci .env", "pytest")[".github/workflows/ci.yml"].replace(
        "    steps:", "    services: {db: {image: 'postgres:15'}}\n    steps:"
    )
    files = {**django(settings), **DRIVER, ".github/workflows/ci.yml": server}
    config = loaded(tmp_path, files).config
    assert config.env == {"DATABASE_URL": "{postgres.url}"}
    assert config.services["postgres"].version == "15"


def test_a_section_and_an_option_are_no_value(tmp_path: Path) -> None:
    settings = """
        import configparser
        config = configparser.ConfigParser()
        DATABASES = {"default": {
            "ENGINE": "django.db.backends." + config.get("database", "backend"),
            "NAME": config.get("database", "name"),
            "HOST": config.get("database", "host"),
        }}
    """
    found = loaded(tmp_path, {**django(settings), "requirements.txt": "psycopg"})
    assert not [warning for warning in found.warnings if "hard-codes" in warning]
