from __future__ import annotations

import json
from pathlib import Path

import pytest

from heroci_action.detection.facts import Vendor
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import DRIVER, FIELDS, POSTGRES, SQLITE, django, loaded


def test_an_update_without_a_password_leaves_the_password_to_libpq(tmp_path: Path) -> None:
    settings = f"""DATABASES = {{"default": {{{FIELDS}}}}}
DATABASES["default"].update({{"USER": "shop", "PASSWORD": ""}})"""
    config = loaded(tmp_path, {**django(settings), **DRIVER}).config
    assert {name for name in config.env if name.startswith("P")} == {
        "P_NAME",
        "P_HOST",
        "P_PORT",
        "PGPASSWORD",
    }
    assert config.services["postgres"].env == {"POSTGRES_USER": "shop"}


@pytest.mark.parametrize(
    ("source", "user", "word"),
    [
        ('json.loads(os.environ["DB_ACCOUNT"])', 'ACCOUNT.get("user", "x")', 'ACCOUNT.get("word")'),
        ('json.loads(os.getenv("DB_ACCOUNT", "{}"))', 'ACCOUNT["user"]', 'str(ACCOUNT["word"])'),
        ('env.json("DB_ACCOUNT")', 'ACCOUNT["user"]', 'ACCOUNT["word"]'),
        ('config("DB_ACCOUNT", cast=json.loads)', 'ACCOUNT["user"]', 'ACCOUNT["word"]'),
    ],
)
def test_a_variable_that_holds_an_object_gets_one(
    tmp_path: Path, source: str, user: str, word: str
) -> None:
    settings = f"""ACCOUNT = {source}
HOSTS = {{"main": os.environ["DB_HOST"]}}
DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "NAME": "shop", "HOST": HOSTS["main"],
    "PORT": 5432, "USER": {user}, "PASSWORD": {word}}}}}"""
    ci = workflow("python manage.py test", env="""{DB_ACCOUNT: '{"user": "ann", "more": 1}'}""")
    config = loaded(tmp_path, {**django(settings), **DRIVER, **ci}).config
    assert json.loads(config.env["DB_ACCOUNT"]) == {
        "user": "{postgres.user}",
        "word": "{postgres.password}",
        "more": 1,
    }
    assert config.env["DB_HOST"] == "{postgres.host}"
    assert config.services["postgres"].env == {"POSTGRES_DB": "shop"}


def test_an_object_may_contain_the_whole_address_below_another_key(tmp_path: Path) -> None:
    keys = {"NAME": "dbname", "USER": "user", "PASSWORD": "pass", "HOST": "host", "PORT": "port"}
    items = ", ".join(f"{key!r}: MAIN[{name!r}]" for key, name in keys.items())
    settings = f"""MAIN = json.loads(os.environ["SECRETS"])["main"]
DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", {items}}}}}"""
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert json.loads(found.config.env["SECRETS"]) == {
        "main": {
            "dbname": "{postgres.db}",
            "user": "{postgres.user}",
            "pass": "{postgres.password}",
            "host": "{postgres.host}",
            "port": "{postgres.port}",
        }
    }
    assert not found.warnings


def test_a_key_made_of_itself_comes_from_where_it_was(tmp_path: Path) -> None:
    settings = """DATABASES = {"default": dj_database_url.config()}
DATABASES["default"]["HOST"] = DATABASES["default"]["HOST"].replace("%3a", ":")"""
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert found.config.env["DATABASE_URL"] == "{postgres.url}"
    assert not any("hard-codes" in text for text in found.warnings)


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
        (
            'with env.prefixed("SHOP_"), env.prefixed("DB_"):\n    URL = env.db("URL")\nDATABASES = {"default": URL}',
            "SHOP_DB_URL",
        ),
        ('env.prefix = "SHOP_"\nDATABASES = {"default": env.db("URL")}', "SHOP_URL"),
        ('DATABASES = {"default": env.db("PG_URL", default="postgres:///x")}', "PG_URL"),
        (
            'DATABASES = {"default": env.db_url("DATABASE_URL", default="sqlite:///db.sqlite3")}',
            "DATABASE_URL",
        ),
        ('DATABASES = {"default": env.dj_db_url("DATABASE_URL")}', "DATABASE_URL"),
        ('DATABASES = {"default": {**env.db("X_URL"), "CONN_MAX_AGE": 60}}', "X_URL"),
        (f'DATABASES = {{"default": {{**env.db("X_URL"), "ENGINE": "{POSTGRES}"}}}}', "X_URL"),
        (f'DATABASES = {{"default": dict(env.db("X_URL"), ENGINE="{POSTGRES}")}}', "X_URL"),
        (f'DATABASES = {{"default": env.db("X_URL") | {{"ENGINE": "{POSTGRES}"}}}}', "X_URL"),
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
            """COPY = "copy"
DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL", default="sqlite:///db"))}
url = os.environ.get("COPY_URL")
if url:
    DATABASES[COPY] = dj_database_url.parse(url)""",
            "DATABASE_URL",
        ),
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


def test_a_variable_in_a_condition_keeps_the_value_of_the_ci(tmp_path: Path) -> None:
    engine = (
        '"django.db.backends." + ("mysql" if os.environ.get("DB") == "mysql" else "postgresql")'
    )
    settings = f'DATABASES = {{"default": {{"ENGINE": {engine}, "HOST": os.environ["DB_HOST"]}}}}'
    files = {
        **django(settings),
        **DRIVER,
        **workflow("DB=postgres DB_HOST=db python manage.py test"),
    }
    config = loaded(tmp_path, files).config
    assert (config.env["DB"], config.env["DB_HOST"]) == ("postgres", "{postgres.host}")


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


@pytest.mark.parametrize(
    "condition",
    [
        'config("LAMBDA", cast=bool, default=False)',
        'os.environ.get("LAMBDA", "0")',
        'env.bool("LAMBDA", default=False) and env.bool("LAMBDA_DB", default=True)',
        "ON_LAMBDA",
    ],
)
@pytest.mark.parametrize("variables", ["{}", '{LAMBDA: "false"}'])
def test_a_database_whose_switch_is_off_in_the_ci_is_not_taken(
    tmp_path: Path, condition: str, variables: str
) -> None:
    settings = f"""
        ON_LAMBDA = os.getenv("LAMBDA", "no")
        DATABASES = {{"default": dj_database_url.config(default="sqlite:///db")}}
        try:
            if {condition}:
                DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": secrets["host"]}}}}
        except ImportError:
            pass
    """
    job = f"jobs: {{t: {{env: {variables}, services: {{db: {{image: 'postgres:16'}}}}, steps: [{{run: pytest}}]}}}}"
    files = {**django(settings), **DRIVER, ".github/workflows/ci.yml": job}
    assert loaded(tmp_path, files).config.env["DATABASE_URL"] == "{postgres.url}"


def test_a_database_behind_a_variable_that_every_ci_sets_is_taken(tmp_path: Path) -> None:
    settings = f"""
        DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3"}}}}
        if os.environ.get("CI", False):
            DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": os.environ.get("DB_HOST")}}}}
    """
    job = (
        "jobs: {t: {services: {db: {image: 'postgres:16'}}, steps: [{run: python manage.py test}]}}"
    )
    found = loaded(tmp_path, {**django(settings), **DRIVER, ".github/workflows/ci.yml": job}).config
    assert (list(found.services), found.env["DB_HOST"]) == (["postgres"], "{postgres.host}")


def test_a_module_for_one_mode_overrides_the_database_that_it_imports(tmp_path: Path) -> None:
    settings = """
        MODE = os.getenv("SHOP_MODE", "dev").lower()
        if MODE == "dev":
            from .dev import *
        elif MODE == "prod":
            from .prod import *
    """
    common = f'DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": "db"}}}}\n'
    files = {
        **django(settings),
        **DRIVER,
        "mysite/common.py": common,
        "mysite/dev.py": f"from .common import *\n{SQLITE}",
        "mysite/prod.py": "from .common import *\n",
        ".github/workflows/ci.yml": "jobs: {t: {env: {SHOP_MODE: dev}, steps: [{run: python manage.py test}]}}",
    }
    found = loaded(tmp_path, files)
    assert (found.config.services, found.facts.vendor) == ({}, Vendor.SQLITE)


def test_of_several_databases_that_the_ci_switches_on_the_last_one_counts(tmp_path: Path) -> None:
    settings = f"""
        if os.environ.get("IN_FILE") == "1":
            {SQLITE.strip()}
        if os.environ.get("ON_SERVER") == "1":
            DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": "db"}}}}
    """
    env = "env: {ON_SERVER: '1', IN_FILE: '1'}, services: {db: {image: 'postgres:16'}}"
    job = f"jobs: {{t: {{{env}, steps: [{{run: python manage.py test}}]}}}}"
    found = loaded(tmp_path, {**django(settings), **DRIVER, ".github/workflows/ci.yml": job})
    assert found.facts.vendor is Vendor.POSTGRESQL


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


@pytest.mark.parametrize("value", ["shop1", None])
def test_one_variable_for_several_parts_of_the_account_gives_the_server_its_value(
    tmp_path: Path, value: str | None
) -> None:
    settings = f"""
import os
DATABASES = {{"default": {{
    "ENGINE": "{POSTGRES}", "HOST": os.environ["P_HOST"], "NAME": os.environ["ACCOUNT"],
    "USER": os.environ["ACCOUNT"], "PASSWORD": os.environ["ACCOUNT"],
}}}}
"""
    env = f"env: {{ACCOUNT: {value}}}" if value else ""
    lines = f"""
        on: push
        jobs: {{t: {{steps: [{{run: python manage.py test, {env}}}]}}}}
    """
    files = {**django(settings), **DRIVER, ".github/workflows/ci.yml": lines}
    config = loaded(tmp_path, files).config
    account = dict.fromkeys(
        ("POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"), value or "heroci"
    )
    assert config.services["postgres"].env == account
    assert (config.env["ACCOUNT"], config.env["P_HOST"]) == (value or "heroci", "{postgres.host}")


def test_of_two_databases_in_a_job_on_github_postgresql_is_taken(tmp_path: Path) -> None:
    """The job runs the same tests on each; GitHub itself sets the variable that the settings ask for."""
    settings = SQLITE + f"""
import os
if os.environ.get("GITHUB_WORKFLOW"):
    if os.environ.get("GITHUB_MYSQL"):
        DATABASES = {{"default": {{"ENGINE": "django.db.backends.mysql", "NAME": "mysql"}}}}
    else:
        DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "NAME": "shop", "PORT": "5432"}}}}
"""
    lines = """
        name: tests
        on: push
        jobs:
          t:
            services: {db: {image: postgres}, other: {image: mysql}}
            steps:
              - {run: python manage.py test shop, env: {GITHUB_MYSQL: 1}}
              - {run: python manage.py test shop}
    """
    files = {**django(settings), **DRIVER, ".github/workflows/ci.yml": lines}
    found = loaded(tmp_path, files)
    assert found.config.env["GITHUB_WORKFLOW"] == "tests"
    assert "GITHUB_MYSQL" not in found.config.env
    assert found.config.services["postgres"].port == 5432


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


@pytest.mark.parametrize(
    "name",
    [
        '"kinds/{0}.py".format(KIND)',
        'f"kinds/{KIND}.py"',
        "'kinds/' 'ci.py'",
    ],
)
def test_names_of_included_files_are_computed_with_the_variables_of_the_ci(
    tmp_path: Path, name: str
) -> None:
    files = {
        **django(),
        "mysite/settings/__init__.py": f"""
            from os import environ
            from split_settings.tools import include, optional
            KIND = environ.get("KIND") or "live"
            include("base.py", optional({name}))
        """,
        "mysite/settings/base.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}",
        "mysite/settings/kinds/live.py": "DATABASES['default']['USER'] = 'live'",
        "mysite/settings/kinds/ci.py": "DATABASES['default'].update({'USER': 'ci'})",
        ".github/workflows/ci.yml": """
            jobs: {t: {env: {KIND: ci}, steps: [{run: python manage.py test}]}}
        """,
    }
    del files["mysite/settings.py"]
    env = loaded(tmp_path, files).config.services["postgres"].env
    assert env == {"POSTGRES_USER": "ci"}


def test_settings_follow_their_imports_and_the_last_word_counts(tmp_path: Path) -> None:
    files = {
        **django("from .base import *\n"),
        "mysite/base.py": f'DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": os.getenv("PG")}}}}',
        **DRIVER,
    }
    assert loaded(tmp_path, files).config.env["PG"] == "{postgres.host}"
    files["mysite/settings.py"] = "from .base import *\n" + SQLITE
    assert loaded(tmp_path, files).config.services == {}


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
        (
            "KEYS = ['NAME', 'USER', 'PASSWORD', 'HOST', 'PORT']\n"
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}\n"
            " | {key: os.environ[f'P_{key}'] for key in KEYS}}"
        ),
        (
            "NAMES = dict(NAME='P_NAME', USER='P_USER', PASSWORD='P_PASSWORD', HOST='P_HOST', PORT='P_PORT')\n"
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql',\n"
            " **{key: os.getenv(name) for key, name in NAMES.items()}}}"
        ),
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


@pytest.mark.parametrize(
    ("imports", "known"),
    [
        ("from .base import *", True),
        ("from mysite.base import *", True),
        ("from .base import DEBUG", False),
        # Modules that import each other.
        ("from .other import *", True),
    ],
)
def test_an_alias_of_the_environment_comes_with_all_names_of_a_module(
    tmp_path: Path, imports: str, known: bool
) -> None:
    files = {
        "mysite/base.py": "from os import environ as os_environ\nDEBUG = True\n",
        "mysite/other.py": "from .base import *\nfrom .settings import *\n",
    }
    fields = FIELDS.replace("os.environ", "os_environ")
    settings = f"{imports}\nDATABASES = {{'default': {{{fields}}}}}\n"
    env = loaded(tmp_path, {**django(settings), **DRIVER, **files}).config.env
    assert env.get("P_HOST") == ("{postgres.host}" if known else None)


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
        (
            'DATABASES["default"] = {**DATABASES["default"], "ENGINE": "django_prometheus.db.backends.postgresql"}',
            {},
        ),
        (
            'DATABASES["default"] = dict(DATABASES["default"], HOST=os.environ["H"])',
            {"H": "{postgres.host}"},
        ),
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
        (
            "from dj_database_url import parse\nfrom decouple import config as setting\n"
            "DATABASES = {'default': setting('DATABASE_URL', cast=parse)}\n"
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
    class Attributes(Configuration):
        DB_HOST = v.Value("localhost")
        DB_PORT: int = v.IntegerValue(5432, environ_prefix="SHOP")
        @property
        def DATABASES(self):
            return {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": self.DB_HOST, "PORT": self.DB_PORT}}
"""


@pytest.mark.parametrize(
    ("configuration", "env"),
    [
        ("Test", {"HOST_OF_DB": "{postgres.host}", "SHOP_DB_USER": "{postgres.user}"}),
        ("Url", {"DATABASE_URL": "{postgres.url}"}),
        ("Dev", {}),
        (
            "Attributes",
            {"DJANGO_DB_HOST": "{postgres.host}", "SHOP_DB_PORT": "{postgres.port}"},
        ),
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
        **workflow("cp mysite/configuration.example.py mysite/configuration.py", "manage.py test"),
    }
    config = loaded(tmp_path, files).config
    assert config.env == {
        "SHOP_USER": "{postgres.user}",
        "PGPORT": "{postgres.port}",
        "PGPASSWORD": "{postgres.password}",
    }
    assert config.services["postgres"].env == {"POSTGRES_DB": "shop"}


def test_a_computed_name_of_the_database_is_left_out(tmp_path: Path) -> None:
    settings = """
        DATABASES = {"default": {
            "ENGINE": "django.db.backends.postgresql", "NAME": f"shop_{uuid1()}", "USER": "shop", "HOST": "localhost",
        }}
        """
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert found.config.services["postgres"].env == {"POSTGRES_USER": "shop"}
    assert any("computes the name of the database" in text for text in found.warnings)


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
        **workflow("cp ci/settings.py mysite/local.py", "manage.py test"),
    }
    assert "mysql" in loaded(tmp_path, files).config.services


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


def test_the_address_of_a_sqlite_database_in_the_ci_is_kept(tmp_path: Path) -> None:
    settings = 'import environ\nenv = environ.Env()\nDATABASES = {"default": env.db()}\n'
    address = "sqlite:///db.sqlite3"
    files = workflow("python manage.py test", env=f'{{DATABASE_URL: "{address}"}}')
    found = loaded(tmp_path, {**django(settings), **files}).config
    assert (found.services, found.env["DATABASE_URL"]) == ({}, address)


@pytest.mark.parametrize("name", ['"SHOP_" + key', 'f"SHOP_{key}"', '"SHOP" + "_" + key'])
def test_a_function_may_put_the_names_of_the_variables_together(tmp_path: Path, name: str) -> None:
    settings = f"""
        import os
        def read(key, default=""):
            return os.environ.get({name}, default)
        DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": read("HOST", "localhost"), "USER": read("USER")}}}}
    """
    env = loaded(tmp_path, {**django(settings), **DRIVER}).config.env
    assert (env["SHOP_HOST"], env["SHOP_USER"]) == ("{postgres.host}", "{postgres.user}")


@pytest.mark.parametrize("order", ["first", "last"])
def test_a_host_from_a_secret_is_not_taken_beside_one_from_a_variable(
    tmp_path: Path, order: str
) -> None:
    secret = (
        "    ACCOUNT = fetch_account()\n"
        f'    DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "HOST": ACCOUNT["host"]}}}}\n'
    )
    usual = f'    DATABASES = {{"default": {{{FIELDS}}}}}\n'
    one, other = (secret, usual) if order == "first" else (usual, secret)
    settings = f"import os\nif is_in_cloud():\n{one}else:\n{other}"
    found = loaded(tmp_path, {**django(settings), **DRIVER})
    assert found.config.env["P_HOST"] == "{postgres.host}"
    assert "PGHOST" not in found.config.env
    assert not any("was not understood" in text for text in found.warnings)


@pytest.mark.parametrize(
    "condition",
    [
        'DATABASES["default"]["ENGINE"] == "django.db.backends.mysql"',
        '"mysql" in DATABASES["default"]["ENGINE"]',
        'USE_METRICS and DATABASES["default"]["ENGINE"].endswith("mysql")',
    ],
)
@pytest.mark.parametrize("engine", ["django.db.backends.sqlite3", "django.db.backends.mysql"])
def test_an_engine_that_replaces_one_in_a_condition_does_not_replace_others(
    tmp_path: Path, condition: str, engine: str
) -> None:
    settings = f"""import os
DATABASES = {{"default": {{"ENGINE": os.environ.get("DB_ENGINE", "{engine}"), "NAME": os.environ.get("DB_NAME", "x")}}}}
if {condition}:
    DATABASES["default"]["ENGINE"] = "django_prometheus.db.backends.mysql"
"""
    files = workflow("python manage.py test", env=f"{{DB_ENGINE: {engine}}}")
    requirements = {"requirements.txt": "django\nmysqlclient\n"}
    found = loaded(tmp_path, {**django(settings), **requirements, **files}).config
    assert set(found.services) == ({"mysql"} if "mysql" in engine else set())


@pytest.mark.parametrize(
    "change",
    [
        'DATABASES["default"].update(dj_database_url.config(conn_max_age=600))',
        'DATABASES["default"] = {**DATABASES["default"], **dj_database_url.config()}',
    ],
)
def test_a_switch_that_the_ci_does_not_set_does_not_change_the_database(
    tmp_path: Path, change: str
) -> None:
    settings = f"""
        import os, dj_database_url
        ON_HEROKU = os.environ.get("ON_HEROKU", False)
        DEBUG = not ON_HEROKU
        DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}}}
        if ON_HEROKU:
            {change}
    """
    files = {**django(settings), **DRIVER, **workflow("python manage.py test")}
    found = loaded(tmp_path, files)
    assert ("ON_HEROKU" in found.config.env, found.config.services) == (False, {})
