"""Stages that `heroci init` proposes for further tests have their job's servers and no address of the CI."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from tests.unit.detection.projects import django, loaded

SETTINGS = "import environ\nenv = environ.Env()\nDATABASES = {'default': env.db()}\n"
REQUIREMENTS = "django\ndjango-environ\npsycopg\npytest-django\n"
POSTGRES = (
    "services: {db: {image: 'postgres:16', ports: ['5432:5432']}}, "
    "env: {DATABASE_URL: 'postgres://a:b@localhost/x'}"
)


def proposed(root: Path, job: str, line: str, **files: str) -> dict[str, Any]:
    ci = (
        f"on: push\njobs:\n  test: {{{POSTGRES}, steps: [{{run: pytest tests}}]}}\n"
        f"  e2e: {{{job}, steps: [{{run: {line}}}]}}\n"
    )
    tests = {"tests/test_a.py": "", "e2e/test_b.py": "", "requirements.txt": REQUIREMENTS}
    more = {name.replace("__", "."): text for name, text in files.items()}
    found = loaded(root, {**django(SETTINGS), **tests, ".github/workflows/t.yml": ci, **more})
    text = suggest_toml(found, Supported())
    lines = text.splitlines()
    return tomllib.loads("\n".join(each.removeprefix("# ") for each in lines))


def test_a_stage_has_the_servers_that_only_its_job_has(tmp_path: Path) -> None:
    job = (
        "services: {search: {image: 'elasticsearch:8.1', ports: ['9200:9200']}, redis: {image: 'redis:7'}}, "
        "env: {SEARCH_URL: 'http://localhost:9200', SHOP: a}"
    )
    found = proposed(tmp_path, job, "pytest e2e")
    assert found["stages"]["tests-2"] == {
        "steps": ["python -m pytest e2e"],
        "services": ["postgres", "search", "redis"],
        "env": {"SEARCH_URL": "http://{search.host}:{search.port}", "SHOP": "a"},
    }
    assert found["services"]["search"] == {"image": "elasticsearch:8.1", "port": 9200}
    assert {"postgres", "redis"} < set(found["services"])


def test_a_stage_keeps_the_plans_own_address_of_the_database(tmp_path: Path) -> None:
    job = "env: {DATABASE_URL: 'postgres://a:b@db/x', SHOP: a}"
    found = proposed(tmp_path, job, "pytest e2e")
    assert found["stages"]["tests-2"]["env"] == {"SHOP": "a"}


def test_a_stage_has_no_address_made_of_unset_variables(tmp_path: Path) -> None:
    url = "postgres://${DB_USER}:${DB_PASSWORD}@${DB_HOST}:${DB_PORT}/${DB_NAME}"
    compose = (
        f"services: {{web: {{image: python, environment: {{OTHER_URL: '{url}', SHOP: a}}}}}}\n"
    )
    found = proposed(tmp_path, "env: {}", "docker compose run web pytest e2e", compose__yml=compose)
    assert found["stages"]["tests-2"]["env"] == {"SHOP": "a"}
