"""Services of Compose whose command ends: what they do is done before the tests."""

from __future__ import annotations

import pytest

from tests.unit.detection.ci.trees import ci_of, shown, workflow

COMPOSE = """
    services:
      web:
        build: .
        depends_on: [init]
        volumes: [".:/srv"]
      init:
        build: .
        working_dir: /srv
        command: COMMAND
        volumes: [".:/srv"]
"""


@pytest.mark.parametrize(
    ("command", "ends"),
    [
        ("python manage.py compilemessages", True),
        ("sh -c 'python manage.py migrate && python manage.py loaddata demo'", True),
        ("npm run build", True),
        ("npm run watch", False),
        ("python manage.py runserver", False),
        ("sh -c 'python manage.py migrate && gunicorn shop.wsgi'", False),
        ("celery -A shop worker", False),
        ("sleep infinity", False),
        ("python manage.py process_events", False),
        ("./start.sh", False),
    ],
)
@pytest.mark.parametrize(
    "lines",
    [
        ("docker compose up -d", "docker compose exec -T web pytest"),
        ("docker compose up init", "docker compose run --no-deps web pytest"),
        ("docker compose run --rm web pytest",),
    ],
)
def test_a_container_that_ends_runs_its_command_before_the_tests(
    lines: tuple[str, ...], command: str, *, ends: bool
) -> None:
    files = {
        "Dockerfile": "FROM python:3.12\n",
        "manage.py": "",
        "compose.yml": COMPOSE.replace("COMMAND", command),
        **workflow(*lines),
    }
    found = " | ".join(shown(list(ci_of(files).tests)))
    assert (command.rpartition(" ")[2].rstrip("'") in found) is ends
