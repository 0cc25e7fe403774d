"""Variables that the settings read in their own functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded

REDIS = """
    import os
    def address():
        host = os.getenv("REDIS_HOST")
        return "redis://:" + os.getenv("REDIS_PASSWORD") + "@" + host + ":" + os.getenv("REDIS_PORT")
    def cache():
        return {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": address()}
    CACHES = {"default": cache()}
"""
COMPOSE = """
    services:
      web:
        build: .
        environment: {REDIS_HOST: cache, REDIS_PORT: 6379, REDIS_PASSWORD: guess}
        depends_on: [cache]
      cache: {build: cache, environment: {REDIS_PASSWORD: guess}}
"""


def test_the_address_of_redis_may_be_read_in_functions(tmp_path: Path) -> None:
    files = {
        **django(SQLITE + REDIS.replace("\n    ", "\n")),
        **workflow("docker compose run web python manage.py test"),
        "docker-compose.yml": COMPOSE,
        "Dockerfile": "FROM python:3.12\nCOPY . /app\nWORKDIR /app\n",
        "cache/Dockerfile": "FROM redis:6.2\nCOPY redis.conf /\n",
        "requirements.txt": "django\ndjango-redis\n",
    }
    found = loaded(tmp_path, files).config
    assert {name: value for name, value in found.env.items() if "REDIS" in name} == {
        "REDIS_HOST": "{redis.host}",
        "REDIS_PORT": "{redis.port}",
        "REDIS_PASSWORD": "guess",
    }
    assert found.services["redis"].env == {"REDIS_PASSWORD": "guess"}


def project(root: Path, body: str, *, env: str = "{}") -> ProjectConfig:
    settings = f"import os\ndef token():\n{body}\nMARK = token()\n{SQLITE}"
    return loaded(root, {**django(settings), **workflow("python manage.py test", env=env)})


@pytest.mark.parametrize(
    ("body", "needed"),
    [
        ('    return os.environ["SHOP_MARK"]', True),
        (
            '    if os.path.exists("x"):\n        return ""\n    return os.environ["SHOP_MARK"]',
            False,
        ),
        (
            '    try:\n        return os.environ["SHOP_MARK"]\n    except KeyError:\n        pass',
            False,
        ),
        ('    return os.environ.get("SHOP_MARK", "x")', False),
    ],
)
def test_a_variable_without_a_value_is_named_if_it_is_read_whatever_holds(
    tmp_path: Path, body: str, *, needed: bool
) -> None:
    warnings = project(tmp_path, body).warnings
    assert any("SHOP_MARK" in text for text in warnings) is needed


def test_a_variable_of_the_ci_that_a_function_reads_has_its_value(tmp_path: Path) -> None:
    body = '    return os.environ.get("SHOP_MARK")'
    assert project(tmp_path, body, env="{SHOP_MARK: abc}").config.env["SHOP_MARK"] == "abc"
