from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from heroci_action.project import load
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded

PYTEST_ENV = """
[tool.pytest.ini_options]
addopts = ""
[tool.pytest_env]
SHOP_MODE = "fast"
SHOP_REGION = { value = "a", skip_if_set = true }
SHOP_HOME = { value = "{HOME}", transform = true }
"""


def env(root: Path, settings: str, **files: str) -> dict[str, str]:
    return dict(loaded(root, {**django(SQLITE + settings), **files}).config.env)


@pytest.mark.parametrize(
    "call",
    ['os.environ["K_SECRET_KEY"]', 'env("K_SECRET_KEY")', 'config("K_SECRET_KEY", default="x")'],
)
def test_the_secret_key_is_generated_whatever_its_variable_is_called(
    tmp_path: Path, call: str
) -> None:
    assert env(tmp_path, f"SECRET_KEY = {call}") == {"K_SECRET_KEY": "{secret_key}"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('DEBUG = env.bool("DEBUG", False)', {"DEBUG": "False"}),
        ('DEBUG = env.bool("DEBUG")', {"DEBUG": "False"}),
        ('DEBUG = int(os.environ.get("DEBUG", "0"))', {"DEBUG": "0"}),
        ('DEBUG = env.bool("DEBUG", default=True)', {}),
        ("DEBUG = True", {}),
    ],
)
def test_debug_is_switched_off_only_where_it_would_be_off_anyway(
    tmp_path: Path, settings: str, expected: dict[str, str]
) -> None:
    assert env(tmp_path, settings) == expected


def test_debug_is_left_alone_if_the_environment_of_the_ci_is_known(tmp_path: Path) -> None:
    workflow = "on: push\njobs: {t: {steps: [{run: manage.py test}]}}\n"
    files = {
        **django(SQLITE + 'DEBUG = env.bool("DEBUG", False)'),
        ".github/workflows/ci.yml": workflow,
    }
    assert loaded(tmp_path, files).config.env == {}


@pytest.mark.parametrize(
    ("settings", "expected", "missing"),
    [
        ('DEBUG = env.bool("DEBUG")', {"DEBUG": "False"}, ""),
        ('DEBUG = bool(int(os.environ["SHOP_DEBUG"]))', {"SHOP_DEBUG": "0"}, ""),
        ('DEBUG = os.environ["MODE"] != "production"', {}, "MODE"),
        ('ALLOWED_HOSTS = json.loads(os.environ["HOSTS"])', {"HOSTS": '["*"]'}, ""),
        ('ALLOWED_HOSTS = [os.environ["DOMAIN"]]', {}, "DOMAIN"),
        ('CSRF_TRUSTED_ORIGINS = env.list("ORIGINS")', {}, "ORIGINS"),
        ('ALLOWED_HOSTS = env.list("DOMAINS", default=[])', {}, ""),
    ],
)
def test_a_flag_that_the_settings_need_has_a_value_with_its_origin_or_is_named(
    tmp_path: Path, settings: str, expected: dict[str, str], missing: str
) -> None:
    workflow = "on: push\njobs: {t: {steps: [{run: manage.py test}]}}\n"
    text = f"import json, os, environ\nenv = environ.Env()\n{SQLITE}{settings}\n"
    found = loaded(tmp_path, {**django(text), ".github/workflows/ci.yml": workflow})
    assert found.config.env == expected
    named = [text for text in found.warnings if "have no value" in text]
    assert bool(named) is bool(missing)
    assert all(f"value: {missing} (" in text for text in named)
    assert all("in mysite/settings.py" in found.origins[f"env.{name}"] for name in expected)


@pytest.mark.parametrize(
    ("settings", "example", "expected", "warned"),
    [
        ('KEY = os.environ["API_KEY"]', "API_KEY=changeme", {"API_KEY": "changeme"}, True),
        ('KEY = os.environ["API_KEY"]', "API_KEY=", {"API_KEY": ""}, True),
        ('SECRET_KEY = env("SALT")', "SALT=", {"SALT": "{secret_key}"}, False),
        ('KEY = os.environ["API_KEY"]', "API_KEY=<your key>", {"API_KEY": "<your key>"}, True),
        ('KEY = os.environ["API_KEY"]', "API_KEY=local", {"API_KEY": "local"}, False),
        ('DSN = os.environ["SENTRY_DSN"]', "SENTRY_DSN=", {"SENTRY_DSN": ""}, False),
        ('MAX = int(os.environ["SHOP_MAX"])', "SHOP_MAX=3", {"SHOP_MAX": "3"}, False),
        ('MAX = env.int("SHOP_MAX")', "SHOP_MAX=<number>", {}, False),
        ('A = {"x": int(LIMIT), "y": env("SHOP_Y")}', "SHOP_Y=y", {"SHOP_Y": "y"}, False),
        ('SECRET_KEY = open(os.environ["SECRET_KEY_FILE"]).read()', "", {}, False),
    ],
)
def test_a_placeholder_of_an_example_is_named_if_the_environment_of_the_ci_is_known(
    tmp_path: Path, settings: str, example: str, expected: dict[str, str], warned: bool
) -> None:
    job = "on: push\njobs: {t: {steps: [{run: manage.py test}]}}\n"
    text = f"import os, environ\nenv = environ.Env()\n{SQLITE}{settings}\n"
    files = {**django(text), ".github/workflows/ci.yml": job, ".env.example": example}
    found = loaded(tmp_path / "known", files)
    assert found.config.env == expected
    guesses = [text for text in found.warnings if "look like placeholders" in text]
    assert bool(guesses) is warned
    assert all(example.partition("=")[0] in text for text in guesses)
    assert expected or any("have no value" in text for text in found.warnings)
    # The CI copies the example, or there is no CI.
    copy = job.replace("[{run:", "[{run: cp .env.example .env}, {run:")
    for name, ci in (("copied", copy), ("without", "")):
        other = loaded(tmp_path / name, {**files, ".github/workflows/ci.yml": ci})
        assert not any("look like placeholders" in text for text in other.warnings)


def test_hosts_are_opened_only_where_none_is_allowed_otherwise(tmp_path: Path) -> None:
    assert env(tmp_path / "a", 'ALLOWED_HOSTS = env.list("HOSTS")') == {"HOSTS": "*"}
    assert env(tmp_path / "b", 'ALLOWED_HOSTS = env.list("HOSTS", default=["localhost"])') == {}
    job = "jobs: {t: {steps: [{run: HOSTS=shop.test manage.py test}]}}"
    found = env(
        tmp_path / "c", 'ALLOWED_HOSTS = [env("HOSTS")]', **{".github/workflows/ci.yml": job}
    )
    assert found == {"HOSTS": "shop.test"}


def test_values_of_an_env_object_are_read_whatever_its_method(tmp_path: Path) -> None:
    settings = (
        'ENVIRONMENT = environ.Env()\nROLE = ENVIRONMENT.get_value("SYSTEM_ROLE", default="")\n'
    )
    job = "jobs: {t: {steps: [{run: SYSTEM_ROLE=x manage.py test}]}}"
    assert env(tmp_path, settings, **{".github/workflows/ci.yml": job}) == {"SYSTEM_ROLE": "x"}


def test_a_required_variable_gets_its_value_from_the_projects_ci_then_from_an_example(
    tmp_path: Path,
) -> None:
    workflow = (
        'jobs: {t: {steps: [{run: manage.py test, env: {A: from-ci, SECRET: "${{ secrets.X }}"}}]}}'
    )
    example = "# comment\nA=from-example\nexport B='from example' \nC=$HOME\n"
    found = loaded(
        tmp_path,
        {
            **django(SQLITE + 'x = [os.environ["A"], env("B"), config("C"), os.environ["SECRET"]]'),
            ".github/workflows/ci.yml": workflow,
            ".env.example": example,
            "requirements.txt": "django",
        },
    )
    assert found.config.env == {"A": "from-ci", "B": "from example"}
    (warning,) = found.warnings
    assert "no value: C, SECRET (read in mysite/settings.py)" in warning
    assert 'env = { C = "…" }' in warning


def test_what_is_optional_conditional_or_guarded_is_not_missed(tmp_path: Path) -> None:
    settings = """
import environ
env = environ.Env(FROM_SCHEME=(bool, False))
a = os.environ.get("OPTIONAL")
b = env("WITH_DEFAULT", default="x")
c = env("FROM_SCHEME")
if a and os.environ["BEHIND_AND"]:
    d = os.environ["CONDITIONAL"]
e = os.environ["GUARDED"] if "GUARDED" in os.environ else None
try:
    f = os.environ["CAUGHT"]
except KeyError:
    f = ""
def helper():
    return os.environ["IN_A_FUNCTION"]
"""
    found = loaded(tmp_path, {**django(SQLITE + settings), "requirements.txt": "django"})
    assert found.config.env == {}
    assert found.warnings == ()


def test_redis_is_started_where_ci_starts_it_with_the_numbers_of_the_settings(
    tmp_path: Path,
) -> None:
    settings = """
        CACHES = {"default": {"LOCATION": os.environ.get("CACHE_REDIS_URL", "redis://localhost:6379/3")}}
        BROKER = env("REDIS_HOST", default="localhost") + env("REDIS_PORT", default="6379")
    """
    files = {
        ".github/workflows/x.yml": "jobs: {t: {services: {r: {image: redis:7-alpine}}, steps: [{run: pytest}]}}"
    }
    found = loaded(tmp_path, {**django("\n" + settings), **files})
    assert found.config.services["redis"].version == "7"
    assert found.config.env["CACHE_REDIS_URL"] == "redis://{redis.host}:{redis.port}/3"
    assert found.config.env["REDIS_HOST"] == "{redis.host}"
    assert found.config.env["REDIS_PORT"] == "{redis.port}"


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("f'{env(\"REDIS_HOST\")}:{env(\"REDIS_PORT\", default=6379)}'", "redis://localhost", "redis://{redis.host}"),
        ("env('REDIS_HOST')", "redis://localhost:6379", "redis://{redis.host}:{redis.port}"),
        ("env('REDIS_HOST')", "redis://localhost:6379/2", "redis://{redis.host}:{redis.port}/2"),
        ("env('REDIS_HOST')", "localhost", "{redis.host}"),
    ],
)  # fmt: skip
def test_a_host_that_is_an_address_stays_one(
    tmp_path: Path, code: str, value: str, expected: str
) -> None:
    text = f"""
        jobs:
          test:
            services: {{redis: {{image: "redis:7", ports: ["6379:6379"]}}}}
            env: {{REDIS_HOST: "{value}"}}
            steps: [{{run: python manage.py test}}]
    """
    settings = SQLITE + f"import environ\nenv = environ.Env()\nLOCATION = {code}\n"
    found = loaded(tmp_path, {**django(settings), ".github/workflows/ci.yml": text})
    assert found.config.env["REDIS_HOST"] == expected


@pytest.mark.parametrize(
    ("image", "version", "kept"),
    [
        ("redis:7.2-alpine", "7", False),
        ("bitnami/redis:6.2", "6", False),
        ("valkey/valkey:8", None, False),
        ("redis/redis-stack", None, True),
        ("redis/redis-stack-server:6.2.6-v10", "6", True),
        ("valkey/valkey-bundle:8", None, True),
        ("redislabs/rejson:2.8.4", "2", True),
    ],
)
@pytest.mark.parametrize("read", ['os.environ.get("REDIS_URL", "redis://localhost")', "1"])
def test_an_image_with_more_than_redis_is_used_with_its_tag(
    tmp_path: Path, image: str, version: str | None, kept: bool, read: str
) -> None:
    job = f"""
        jobs:
          t:
            services: {{r: {{image: "{image}", ports: ["6379:6379"]}}}}
            env: {{REDIS_URL: "redis://localhost:6379/4"}}
            steps: [{{run: python manage.py test}}]
    """
    files = {**django(SQLITE + f"X = {read}"), ".github/workflows/x.yml": job}
    found = loaded(tmp_path, files).config.services["redis"]
    assert (found.version, found.image) == (version, image if kept else None)


@pytest.mark.parametrize(
    ("env", "settings"),
    [
        ("{CACHE_LOCATION: 'redis://localhost:6379/2'}", 'X = os.environ.get("CACHE_LOCATION")'),
        ("{}", "env = environ.Env(CACHE_URL=(str, 'redis://127.0.0.1:6379/2'))\nX = env.cache()"),
    ],
)
def test_the_address_of_redis_is_known_from_the_ci_or_a_scheme(
    tmp_path: Path, env: str, settings: str
) -> None:
    workflow = f"""
        jobs:
          test:
            services: {{r: {{image: redis:7, ports: ["6379:6379"]}}}}
            env: {env}
            steps: [{{run: python manage.py test}}]
    """
    files = {
        **django(SQLITE + f"import os, environ\n{settings}\n"),
        ".github/workflows/ci.yml": workflow,
    }
    found = loaded(tmp_path, files)
    assert [*found.config.env.values()] == ["redis://{redis.host}:{redis.port}/2"]
    assert found.config.services["redis"].port is None


def test_the_number_of_redis_is_that_of_the_ci(tmp_path: Path) -> None:
    settings = SQLITE + 'BROKER = os.environ.get("CELERY_BROKER_URL", None)'
    workflow = """
        jobs:
          t:
            services: {r: {image: redis:7}}
            env: {CELERY_BROKER_URL: "redis://localhost:6379/4"}
            steps: [{run: python manage.py test}]
    """
    found = loaded(tmp_path, {**django(settings), ".github/workflows/x.yml": workflow})
    assert found.config.env["CELERY_BROKER_URL"] == "redis://{redis.host}:{redis.port}/4"


def test_redis_is_not_started_for_a_variable_with_a_default_that_ci_does_without(
    tmp_path: Path,
) -> None:
    found = loaded(
        tmp_path,
        {
            **django(SQLITE + 'X = os.environ.get("REDIS_URL", "redis://localhost")'),
            ".github/workflows/x.yml": "jobs: {t: {steps: [{run: pytest}]}}",
        },
    )
    assert found.config.services == {}


def test_variables_of_the_test_job_are_kept_even_if_only_a_library_reads_them(
    tmp_path: Path,
) -> None:
    job = """
        on: push
        env: {LANGUAGE_DATA: data, UV_CACHE_DIR: /tmp/uv, NODE_VERSION: "22", CODECOV_TOKEN: x, POSTGRES_USER: shop}
        jobs: {t: {steps: [{run: manage.py test, env: {SEARCH_MODE: memory, PGPASSWORD: x, PYTHONUNBUFFERED: "1"}}]}}
        """
    assert env(tmp_path, "", **{".github/workflows/ci.yml": job}) == {
        "LANGUAGE_DATA": "data",
        "SEARCH_MODE": "memory",
    }


def test_a_variable_that_the_code_reads_is_kept_whatever_its_name_says(tmp_path: Path) -> None:
    reader = {"mysite/client.py": 'import os\nTOKEN = os.environ["SHOP_TOKEN"]\n'}
    job = workflow("SHOP_TOKEN=x CODECOV_TOKEN=y manage.py test")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert env(tmp_path, "", **reader, **job) == {"SHOP_TOKEN": "x"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\nenv =\n    SHOP_MODE=fast\n    D:SHOP_REGION=a\n    SHOP_HOME={HOME}/x\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\nenv = ["SHOP_MODE=fast", "D:SHOP_REGION=a"]\n'),
        ("pyproject.toml", PYTEST_ENV),
    ],
)  # fmt: skip
def test_variables_that_pytest_sets_are_those_of_the_other_steps(
    tmp_path: Path, name: str, text: str
) -> None:
    settings = 'import os\nMODE = os.environ["SHOP_MODE"]\n'
    job = workflow("SHOP_REGION=b SHOP_MODE=slow pytest")
    assert env(tmp_path, settings, **{name: text}, **job) == {
        "SHOP_MODE": "fast",
        "SHOP_REGION": "b",
    }


def test_the_tests_have_the_variables_of_the_ci_if_no_settings_are_found(tmp_path: Path) -> None:
    conftest = "from django.conf import settings\nsettings.configure(INSTALLED_APPS=[])\n"
    files = {"setup.py": "# django", "conftest.py": conftest, **workflow("SHOP_MODE=fast pytest")}
    assert loaded(tmp_path, files).config.env == {"SHOP_MODE": "fast"}


@pytest.mark.parametrize(
    ("line", "found"), [("CI=True pytest", {"CI": "True"}), ("CI=true pytest", {}), ("pytest", {})]
)
def test_the_variable_of_every_ci_is_set_only_if_the_project_gives_it_another_value(
    tmp_path: Path, line: str, found: dict[str, str]
) -> None:
    files = {**workflow(line), ".env.example": "CI=1"}
    assert env(tmp_path, 'DEBUG = "CI" in os.environ', **files) == found


def test_names_that_only_the_expressions_of_a_workflow_can_read_are_no_variables(
    tmp_path: Path,
) -> None:
    job = """
        on: push
        env: {python-series: "3.12", mode: "1"}
        jobs: {t: {steps: [{run: "MODE=${{ env.python-series }} manage.py test"}]}}
        """
    assert env(tmp_path, "", **{".github/workflows/ci.yml": job}) == {"mode": "1", "MODE": "3.12"}


def test_a_prefix_for_test_databases_is_set_where_it_is_read(tmp_path: Path) -> None:
    assert env(tmp_path, 'P = os.environ.get("TEST_DATABASE_PREFIX", "test_")') == {
        "TEST_DATABASE_PREFIX": "test_heroci_"
    }


def test_the_output_of_a_command_in_a_makefile_is_no_value_of_a_variable(tmp_path: Path) -> None:
    makefile = """
        export SHOP_COMMIT ?= $(shell git rev-parse HEAD)
        export SHOP_MODE = test
        test:
        \tpython manage.py test
        """
    job = "jobs: {t: {steps: [{run: make test}]}}"
    files = {**django(), "Makefile": dedent(makefile), ".github/workflows/ci.yml": job}
    assert loaded(tmp_path, files).config.env == {"SHOP_MODE": "test"}


def test_a_file_that_the_ci_writes_counts_more_than_an_example(tmp_path: Path) -> None:
    files = {
        **django('import os\nSTORE = os.environ["STORE"]\nMAIL = os.environ["MAIL"]\n'),
        **workflow(
            "cp ci.env .env", "sed -i 's/^STORE=.*/STORE=disk/' .env", "python manage.py test"
        ),
        "ci.env": "STORE=cloud\n",
        ".env.example": "STORE=other\nMAIL=console\n",
    }
    env = loaded(tmp_path, files).config.env
    assert (env["STORE"], env["MAIL"]) == ("disk", "console")


def test_the_service_of_the_application_has_the_values_that_nothing_else_has(
    tmp_path: Path,
) -> None:
    compose = """
        services:
          web: {build: ., environment: {CACHE_FILE: data/cache, MAIL: compose, IDLE: "1"}}
          db: {image: postgres, environment: {TOKEN: other}}
        """
    files = {
        "docker-compose.yml": compose,
        "Dockerfile": "FROM python:3.13\n",
        ".env.example": "MAIL=example\n",
    }
    settings = "import os\n" + "".join(
        f'{name} = os.environ["{name}"]\n' for name in ("CACHE_FILE", "MAIL", "TOKEN")
    )
    found = loaded(tmp_path, {**django(settings), **files})
    assert found.config.env == {"CACHE_FILE": "data/cache", "MAIL": "example"}
    assert "no value: TOKEN" in "".join(found.warnings)


def test_an_address_in_a_file_that_the_ci_writes_is_that_of_the_server(tmp_path: Path) -> None:
    settings = (
        'import os\nREDIS = os.environ.get("REDIS_BASE_URL")\nLEVEL = os.environ.get("LEVEL")\n'
    )
    job = """
        jobs:
          t:
            services: {redis: {image: redis}}
            steps: [{run: cp ci.env .env}, {run: LEVEL=high python manage.py test}]
        """
    found = env(tmp_path, settings, **{".github/workflows/ci.yml": job}, **{
        "ci.env": "REDIS_BASE_URL=redis://localhost:6379\nLEVEL=low\n",
        ".env.example": "REDIS_BASE_URL=redis://cache\n",
    })  # fmt: skip
    # The settings may append the number of the database, which `{redis.url}` contains.
    assert found == {"REDIS_BASE_URL": "redis://{redis.host}:{redis.port}", "LEVEL": "high"}


def test_a_file_that_the_ci_writes_beside_the_settings_that_read_it_counts(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    settings = """
        import environ
        environ.Env.read_env()
        env = environ.Env()
        QUEUE = env("QUEUE_ADDRESS", default=None)
        LEVEL = env("LEVEL", default=None)
    """
    job = """
        jobs:
          t:
            services: {redis: {image: redis}}
            steps: [{run: cp sample_env mysite/.env}, {run: cp sample_env ui/.env}, {run: python manage.py test}]
        """
    files = {
        ".github/workflows/ci.yml": job,
        "ui/index.js": "",
        "sample_env": "LEVEL=low\nQUEUE_ADDRESS=redis://redis:6379\n",
    }
    found = loaded(tmp_path, {**django(dedent(settings)), **files})
    assert found.config.env["QUEUE_ADDRESS"] == "redis://{redis.host}:{redis.port}"
    assert found.config.env["LEVEL"] == "low"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CACHE", "{redis.host}"),
        ("EVENTS_HOST", "{redis.host}"),
        ("CACHE_BACKEND", "cache"),
    ],
)
def test_a_host_name_of_the_ci_becomes_the_address_of_the_server(
    tmp_path: Path, name: str, value: str
) -> None:
    job = f"container: python\n    services: {{cache: {{image: redis:7}}}}\n    env: {{{name}: cache}}"
    text = f"on: push\njobs:\n  t:\n    {job}\n    steps: [{{run: manage.py test}}]\n"
    found = env(tmp_path, f'X = os.environ["{name}"]', **{".github/workflows/ci.yml": text})
    assert found[name] == value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("REDIS_URL", "redis://bad-host:6379/1", "redis://bad-host:6379/1"),
        ("REDIS_URL", "redis://localhost:6379/1", "redis://{redis.host}:{redis.port}/1"),
        ("REDIS_URL", "redis://queue/1", "redis://{redis.host}:{redis.port}/1"),
        ("REDIS_HOST", "bad-host", "bad-host"),
        ("REDIS_HOST", "queue", "{redis.host}"),
        ("MIRROR", "redis://bad-host:6379/1", "redis://bad-host:6379/1"),
        ("MIRROR", "postgres://me@bad-host/shop", "postgres://me@bad-host/shop"),
        ("MIRROR", "redis://127.0.0.1:6379/1", "redis://{redis.host}:{redis.port}/1"),
    ],
)
def test_an_address_of_no_server_of_the_ci_stays(
    tmp_path: Path, name: str, value: str, expected: str
) -> None:
    settings = f"import os\nVALUE = os.environ.get({name!r})\n{SQLITE}"
    job = f"services: {{queue: {{image: 'redis:7'}}}}, env: {{{name}: '{value}'}}, steps: [{{run: ./manage.py test}}]"
    files = {**django(settings), ".github/workflows/ci.yml": f"jobs: {{t: {{{job}}}}}"}
    assert loaded(tmp_path, files).config.env[name] == expected


@pytest.mark.parametrize(
    ("service", "password"),
    [
        ("{image: 'redis:7', command: redis-server --requirepass secret}", "secret"),
        (
            "{image: 'redis:7', command: [sh, -c, 'redis-server --requirepass \"$$P\"'], environment: {P: x}}",
            "x",
        ),
        ("{image: 'bitnami/redis:7.2', environment: {REDIS_PASSWORD: secret}}", "secret"),
        # The official image does not know the variable.
        ("{image: 'redis:7', environment: {REDIS_PASSWORD: secret}}", None),
    ],
)
def test_the_password_of_redis_is_the_cis(
    tmp_path: Path, service: str, password: str | None
) -> None:
    settings = f"import os\nQUEUE_URL = os.environ['QUEUE_URL']\n{SQLITE}"
    lines = ("docker compose up -d", "QUEUE_URL=redis://:p@localhost:6379/3 python manage.py test")
    files = {
        "compose.yml": f"services: {{redis: {service}}}",
        **django(settings),
        **workflow(*lines),
    }
    config = loaded(tmp_path, files).config
    login = ":{redis.password}@" if password else ""
    assert config.services["redis"].env.get("REDIS_PASSWORD") == password
    assert config.env["QUEUE_URL"] == f"redis://{login}{{redis.host}}:{{redis.port}}/3"


def test_redis_is_not_started_for_a_variable_that_is_read_only_if_it_is_set(
    tmp_path: Path,
) -> None:
    settings = """
if env("BROKER_URL", default=""):
    CELERY_BROKER_URL = env("BROKER_URL")
"""
    compose = "services: {queue: {image: redis:7}}"
    files = {**django(SQLITE + settings), "compose.yaml": compose, **workflow("pytest")}
    found = loaded(tmp_path, files).config
    assert "redis" not in found.services
    assert "BROKER_URL" not in found.env


def test_optional_variables_beside_the_database_keep_the_values_of_the_ci(tmp_path: Path) -> None:
    settings = """
env = environ.Env(DEBUG=(bool, False))
DEBUG = env.bool("DEBUG", default=False)
DATABASES = {"default": env.db(default="postgres://localhost/shop")}
DATABASES["events"] = {"ENGINE": "events.backend", "NAME": env.str("EVENTS_NAME", default=None)}
"""
    services, variables = "{db: {image: postgres:16}}", "{DEBUG: '1', EVENTS_NAME: clicks}"
    job = workflow("pytest", services=services, env=variables)
    found = loaded(tmp_path, {**django(settings), **job}).config.env
    assert found["DEBUG"] == "1"
    assert found["EVENTS_NAME"] == "clicks"


def test_a_variable_is_not_missing_if_the_function_that_reads_it_has_a_default(
    tmp_path: Path,
) -> None:
    settings = """
import os

def get_env_variable(name, cast=str, default=""):
    return cast(os.environ.get(name, default))

def get_env_value(name, default=None):
    if default is None:
        return os.environ[name]

TOKEN = get_env_variable("SHOP_TOKEN")
KEY = get_env_value("SHOP_KEY")
REDIS_URL = get_env_variable("REDIS_URL")
"""
    files = {"compose.yaml": "services: {queue: {image: redis:7}}", **workflow("pytest")}
    found = loaded(tmp_path, {**django(SQLITE + settings), **files})
    assert "redis" not in found.config.services
    (warning,) = (text for text in found.warnings if "have no value" in text)
    assert "no value: SHOP_KEY (" in warning


def test_a_variable_that_only_decides_about_the_key_keeps_the_value_of_the_ci(
    tmp_path: Path,
) -> None:
    settings = """
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default=("" if not DEBUG else "xxx"))
"""
    job = workflow("pytest", env="{DEBUG: '1'}")
    found = loaded(tmp_path, {**django(SQLITE + settings), **job}).config.env
    assert found == {"SECRET_KEY": "{secret_key}", "DEBUG": "1"}


@pytest.mark.parametrize(
    ("given", "files", "expected"),
    [
        ("{SHOP_KEY: stated}", {}, {"SHOP_KEY": "stated"}),
        ("{SHOP_KEY: '${{ secrets.KEY }}'}", {}, {"SHOP_KEY": "{secret_key}"}),
        ("{}", {".env": "SHOP_KEY=stated\n"}, {"SHOP_KEY": "stated"}),
        ("{}", {".env": "SHOP_KEY=\n"}, {"SHOP_KEY": "{secret_key}"}),
    ],
)
def test_a_secret_key_that_the_repository_states_is_kept(
    tmp_path: Path, given: str, files: dict[str, str], expected: dict[str, str]
) -> None:
    settings = f"""{SQLITE}
import os
from dotenv import load_dotenv
load_dotenv(os.path.join(os.path.dirname(__file__), os.pardir, ".env"))
SECRET_KEY = os.environ["SHOP_KEY"]
"""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    tree = {**django(settings), **workflow("python manage.py test", env=given), **files}
    assert loaded(tmp_path, tree).config.env == expected


def test_other_variables_that_the_reader_of_the_key_declares_are_no_keys(tmp_path: Path) -> None:
    settings = """
import environ, os
env = environ.Env(MAX_KEYS=(int, os.getenv("MAX_KEYS")), MAIL_KEY=(str, os.getenv("MAIL_KEY")))
SECRET_KEY = env("SECRET_KEY")
"""
    found = loaded(tmp_path, django(SQLITE + settings)).config.env
    assert found == {"SECRET_KEY": "{secret_key}"}


UNKNOWN_VALUES = """
    jobs:
      t:
        env: {MAIL_KEY: "${{ secrets.MAIL_KEY }}", TOKEN: "${{ secrets.TOKEN }}", APP_KEY: "${{ secrets.KEY }}"}
        steps:
          - run: |
              export DATA="$(mktemp -d)"
              export SITE="$(hostname)"
              SITE=shop ./test.sh
"""
READS = """
import os
SECRET_KEY = os.environ.get("APP_KEY")
MAIL_KEY = os.environ.get("MAIL_KEY", "")
DATA = os.environ.get("DATA", "/tmp")
SITE = os.environ.get("SITE", "")
NEEDED = os.environ["NEEDED"]
"""


def test_an_optional_variable_that_only_the_ci_knows_is_named(tmp_path: Path) -> None:
    files = {
        **django(SQLITE + READS),
        ".github/workflows/t.yml": dedent(UNKNOWN_VALUES),
        "test.sh": "python manage.py test\n",
    }
    found = loaded(tmp_path, files)
    named = [line for line in found.facts.left_out if "only the CI knows" in line.reason]
    assert [line.line for line in named] == ["MAIL_KEY=…", "DATA=…"]
    assert {line.source for line in named} == {".github/workflows/t.yml"}
    assert not any(line.harmless for line in named)


CIRCLE = """
version: 2.1
jobs:
  test:
    docker: [{image: "cimg/python:3.12"}]
    steps: [checkout, {run: python manage.py test}]
"""
TRAVIS = "language: python\npython: '3.12'\nscript: python manage.py test\n"
IN_CONTAINER = {
    "compose.yml": "services: {web: {build: .}}\n",
    "Dockerfile": "FROM python:3.12\nWORKDIR /app\nCOPY . /app\n",
    **workflow("docker compose run web python manage.py test"),
}


@pytest.mark.parametrize(
    ("code", "ci", "expected"),
    [
        ('if "CIRCLECI" in os.environ:\n    CACHES = {}', {".circleci/config.yml": CIRCLE}, {"CIRCLECI": "true"}),
        ('QUICK = os.getenv("TRAVIS")', {".travis.yml": TRAVIS}, {"TRAVIS": "true"}),
        ('QUICK = env.bool("CI", False)', workflow("python manage.py test"), {"CI": "true"}),
        # Another CI, a country, no question, and runs that do not get the variables.
        ('QUICK = os.getenv("TRAVIS")', workflow("python manage.py test"), {}),
        ('COUNTRIES = ["CI", "GH"]', workflow("python manage.py test"), {}),
        ("QUICK = True", workflow("python manage.py test"), {}),
        ('QUICK = os.getenv("CI")', IN_CONTAINER, {}),
        ('QUICK = os.getenv("CI")', {}, {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["settings", "tests"])
def test_code_that_asks_in_which_ci_it_runs_gets_the_answer_of_the_projects_ci(
    tmp_path: Path, file: str, code: str, ci: dict[str, str], expected: dict[str, str]
) -> None:
    files = {**django(SQLITE + (code if file == "settings" else "")), **ci}
    files["shop/tests.py"] = f"import os\n{code}\n" if file == "tests" else ""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert loaded(tmp_path, files).config.env == expected


@pytest.mark.parametrize(
    "settings",
    [
        # The project's own function.
        "import os\ndef env(key, default=None):\n    return os.environ.get(key, default)\nA = env('SHOP_TOKEN')\n",
        # A scheme in a dictionary, in a subclass of django-environ's class.
        (
            "class OwnEnv(Env): pass\nSCHEME: dict[str, object] = {'SHOP_TOKEN': (str, 'x')}\n"
            "env = OwnEnv(**SCHEME)\nA = env('SHOP_TOKEN')\n"
        ),
        "class OurEnv2(SmartEnv): pass\nenv = OurEnv2(**{'SHOP_TOKEN': (str, 'x', '')})\nA = env('SHOP_TOKEN')\n",
        # Several dictionaries; a table that contains itself ends.
        (
            "A = {**A, 'OTHER': (str, '')}\nB = {'SHOP_TOKEN': (str, 'x')}\n"
            "env = OwnEnv(**{**A, **B})\nC = env('SHOP_TOKEN')\n"
        ),
        "A = {}\nB = {'SHOP_TOKEN': (str, 'x')}\nenv = Env(**(A | B))\nC = env('SHOP_TOKEN')\n",
    ],
)
def test_a_default_elsewhere_counts(tmp_path: Path, settings: str) -> None:
    found = loaded(tmp_path, {**django(settings), "requirements.txt": "django\n"})
    assert not [text for text in found.warnings if "have no value" in text]


def test_a_function_that_fails_without_a_value_has_no_default(tmp_path: Path) -> None:
    settings = (
        "import os\ndef env(key, default=None):\n    if key not in os.environ and default is None:\n"
        "        raise KeyError(key)\n    return os.environ.get(key, default)\nA = env('SHOP_TOKEN')\n"
    )
    found = loaded(tmp_path, {**django(settings), "requirements.txt": "django\n"})
    assert [text for text in found.warnings if "have no value: SHOP_TOKEN" in text]


def test_settings_with_syntax_of_a_newer_python_are_read(tmp_path: Path) -> None:
    settings = "import os\ntype Scheme = dict[str, object]\nA = os.environ['SHOP_TOKEN']\n"
    found = loaded(tmp_path, {**django(settings), "requirements.txt": "django\n"})
    assert [text for text in found.warnings if "have no value: SHOP_TOKEN" in text]


def test_the_variable_of_a_redis_that_no_file_of_the_ci_sets_is_proposed(tmp_path: Path) -> None:
    settings = f"{SQLITE}import os\nBROKER = os.environ.get('REDIS_URL')\n"
    job = "jobs: {t: {services: {redis: {image: 'redis:7'}}, steps: [{run: manage.py test}]}}\n"
    files = {**django(settings), "requirements.txt": "django\n", ".github/workflows/t.yml": job}
    found = loaded(tmp_path, files)
    assert "REDIS_URL" not in found.config.env
    (proposal,) = (each for each in found.facts.suggestions if "no file of the CI sets" in each.why)
    assert proposal.lines == ('env.REDIS_URL = "{redis.url}"',)
    (tmp_path / "heroci.toml").write_text(proposal.lines[0])
    taken = load(tmp_path)
    assert taken.config.env["REDIS_URL"] == "{redis.url}"
    assert not [text for text in taken.warnings if "no file of the CI sets" in text]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("docker compose run --rm web python manage.py test", False),
        ("docker compose up -d queue && python manage.py test", True),
    ],
)
def test_tests_in_a_container_do_not_look_for_redis_on_the_machine(
    tmp_path: Path, line: str, named: bool
) -> None:
    compose = """
        services:
          queue: {image: "redis:7", ports: ["6379:6379"]}
          web: {build: ., depends_on: [queue], volumes: [".:/app"]}
    """
    files = {
        **django(),
        "compose.yml": compose,
        "Dockerfile": "FROM python:3.13\nWORKDIR /app\n",
        **workflow(line),
    }
    found = loaded(tmp_path, files)
    assert "redis" in found.config.services
    assert any(each.service == "redis" for each in found.facts.fixed_addresses) is named


def test_nested_variables_of_a_server_are_pointed_at_it(tmp_path: Path) -> None:
    settings = """
        env = nested(os.environ)
        DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", **env["MAIN_DB"]}}
        OTHER = env["GRAPH_DB"]
    """
    ci = """
        on: push
        jobs:
          t:
            services: {data: {image: "postgres:16"}}
            container: python:3.12
            env: {MAIN_DB__HOST: data, MAIN_DB__PORT: 5432, MAIN_DB__USER: me, MAIN_DB__NAME: shop, GRAPH_DB__HOST: g}
            steps: [{run: python manage.py test}]
    """
    files = {**django(dedent(settings)), ".github/workflows/ci.yml": dedent(ci)}
    project = loaded(tmp_path, files)
    assert dict(project.config.env) == {
        **{name: value for name, value in project.config.env.items() if "__" not in name},
        "MAIN_DB__HOST": "{postgres.host}",
        "MAIN_DB__PORT": "{postgres.port}",
        "MAIN_DB__USER": "{postgres.user}",
        "MAIN_DB__NAME": "shop",
        "GRAPH_DB__HOST": "g",
    }
    assert not any("no value" in warning for warning in project.warnings)


def test_a_variable_with_the_host_of_redis_contains_its_address(tmp_path: Path) -> None:
    settings = """
        CACHE = os.environ.get("CACHE") or "127.0.0.1"
        CACHES = {"default": {"LOCATION": f"redis://{CACHE}:6379/0"}}
    """
    ci = """
        services: [{name: cache, image: redis}]
        steps: [{name: a, image: "python:3.12", environment: {CACHE: cache}, commands: [python manage.py test]}]
    """
    found = loaded(tmp_path, {**django(SQLITE + dedent(settings)), ".drone.yml": dedent(ci)})
    assert found.config.env["CACHE"] == "{redis.host}"
    assert not any("redis" in warning for warning in found.warnings)


def test_a_variable_of_drone_is_set_if_the_settings_ask_for_it(tmp_path: Path) -> None:
    ci = 'steps: [{name: a, image: "python:3.12", commands: [python manage.py test]}]\n'
    settings = 'if "DRONE" not in os.environ:\n    MIGRATION_MODULES = {}\n'
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    found = loaded(tmp_path, {**django(SQLITE + settings), ".drone.yml": ci})
    assert found.config.env["DRONE"] == "true"
