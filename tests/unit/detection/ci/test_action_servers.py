from __future__ import annotations

import json

import pytest

from tests.unit.detection.ci.trees import ci_of


def servers(uses: str, **inputs: str) -> dict[str, dict[str, str]]:
    step = {"uses": uses, "with": inputs}
    job = {"steps": [step, {"run": "python manage.py test"}]}
    ci = ci_of({".github/workflows/ci.yml": json.dumps({"on": "push", "jobs": {"t": job}})})
    return {image.reference: dict(image.env) for image in ci.services}


@pytest.mark.parametrize(
    ("uses", "inputs", "found"),
    [
        ("acme/setup-postgres@v1", {"postgres-version": "15"}, ["postgres:15"]),
        ("acme/postgis@v1", {"postgresql_version": "16"}, ["postgis/postgis:16-3.5"]),
        ("acme/postgis@v1", {"postgresql version": "11"}, ["postgis/postgis:11-3.3"]),
        ("acme/postgis@v1", {}, ["postgis/postgis:17-3.5"]),
        ("acme/elasticsearch@v1", {"stack-version": "8.1.0"}, ["elasticsearch:8.1.0"]),
        ("acme/actions-memcached@v1", {}, ["memcached"]),
        (
            "acme/setup@v1",
            {
                "python-version": "3.12",
                "redis-version": "7",
                "mysql version": "8.0",
                "version": "1",
            },
            ["redis:7", "mysql:8.0"],
        ),
        ("acme/redis@v1", {"python-version": "3.12"}, ["redis"]),
        ("acme/wait-for-postgres@v1", {"postgres-version": "15"}, []),
        ("acme/setup@v1", {"redis-version": "false"}, []),
    ],
)
def test_servers_come_from_the_names_of_actions_and_of_their_inputs(
    uses: str, inputs: dict[str, str], found: list[str]
) -> None:
    assert [*servers(uses, **inputs)] == found


@pytest.mark.parametrize(
    ("uses", "inputs", "found"),
    [
        ("elastic/elastic-github-actions/elasticsearch@v1", {"elasticsearch_password": "pw"}, "pw"),
        ("acme/elasticsearch@v1", {"security-enabled": "true"}, "changeme"),
        ("elastic/elastic-github-actions/elasticsearch@v1", {"security-enabled": "false"}, None),
        ("elastic/elastic-github-actions/elasticsearch@v1", {"stack-version": "7.17.0"}, None),
        ("acme/elasticsearch@v1", {}, None),
    ],
)
def test_elasticsearch_with_security_has_its_password(
    uses: str, inputs: dict[str, str], found: str | None
) -> None:
    (env,) = servers(uses, **{"stack-version": "8.11.0", **inputs}).values()
    security = {"xpack.security.enabled": "false"} if found is None else {"ELASTIC_PASSWORD": found}
    assert env == {"discovery.type": "single-node", **security}


def test_plugins_of_a_server_are_left_out_with_a_reason() -> None:
    step = {"uses": "acme/elasticsearch@v1", "with": {"version": "8.1.0", "plugins": "icu"}}
    job = {"steps": [step, {"run": "python manage.py test"}]}
    ci = ci_of({".github/workflows/ci.yml": json.dumps({"on": "push", "jobs": {"t": job}})})
    assert ci.suite is not None
    (line,) = ci.suite.job.actions
    assert (line.line, line.reason) == (
        "uses: acme/elasticsearch icu",
        "HeroCI starts the server without these plugins",
    )


def test_the_account_of_a_server_is_among_the_inputs() -> None:
    inputs = {"username": "me", "postgresql password": "pw", "database": "shop", "port": "5432"}
    assert servers("acme/setup-postgres@v1", **inputs) == {
        "postgres": {"POSTGRES_USER": "me", "POSTGRES_PASSWORD": "pw", "POSTGRES_DB": "shop"}
    }
