"""Parts of the application that the CI starts beside its tests, such as a worker, are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

COMPOSE = """
    services:
      web: {build: ., depends_on: [worker, cache]}
      worker: {build: ., command: celery -A shop worker, depends_on: [cache]}
      beat: {build: ., command: celery -A shop beat}
      browser: {image: "node:22", depends_on: [web]}
      cache: {image: "redis:7"}
    """
TESTS = "docker compose run --rm web python manage.py test"


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ((TESTS,), {"worker"}),
        (("docker compose up -d", "docker compose exec -T web python manage.py test"), {"worker"}),
        (("docker compose up -d beat", TESTS), {"worker", "beat"}),
        (
            ("docker compose up -d web beat", "docker compose exec -T beat manage.py test"),
            {"web"},
        ),
        ((TESTS, "docker compose run --rm browser npm test"), {"worker"}),
        (("docker compose run --no-deps beat python manage.py test",), set()),
    ],
)
def test_a_worker_that_starts_with_the_tests_is_named(
    tmp_path: Path, lines: tuple[str, ...], named: set[str]
) -> None:
    dockerfile = "FROM python:3.12\nCOPY . /app\nWORKDIR /app\nRUN pip install django redis\n"
    files = {"compose.yml": COMPOSE, "Dockerfile": dockerfile, **workflow(*lines)}
    found = loaded(tmp_path, {**django(), "requirements.txt": "django\nredis\n", **files})
    warned = [text for text in found.warnings if "part of the application" in text]
    assert {text.split()[2] for text in warned} == named
    if "worker" in named:
        assert any(
            "starts worker (celery -A shop worker) with its tests" in text for text in warned
        )


@pytest.mark.parametrize(
    ("command", "is_part"),
    [
        ("celery -A shop worker", True),
        ("sh -c 'exec celery -A shop beat'", True),
        ("python manage.py runworker", True),
        ("dispatcher --queue all", False),
    ],
)
@pytest.mark.parametrize("image", ["acme/shop", "acme/worker"])
def test_a_worker_of_the_image_of_the_application_is_no_server_without_a_port(
    tmp_path: Path, image: str, command: str, *, is_part: bool
) -> None:
    compose = f"""
    services:
      web: {{image: acme/shop, depends_on: [worker]}}
      worker: {{image: {image}, command: "{command}"}}
    """
    files = {"compose.yml": compose, **workflow(TESTS)}
    found = loaded(tmp_path, {**django(), "requirements.txt": "django\n", **files})
    is_part = is_part or image == "acme/shop"
    assert any("part of the application" in text for text in found.warnings) is is_part
    assert any("its port is not known" in text for text in found.warnings) is not is_part
