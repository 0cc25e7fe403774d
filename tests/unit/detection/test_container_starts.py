"""What a container of the tests runs by itself before them: its entry point, and the command of its service."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

ENTRY = """
    #!/bin/sh
    set -e
    while ! nc -z db 5432; do sleep 1; done
    python manage.py migrate
    python manage.py collectstatic --noinput
    if [ "$MODE" = full ]; then python manage.py compilemessages; fi
    ./mystery --all
    exec "$@"
"""
DOCKERFILE = "FROM python:3.13\nWORKDIR /app\nCOPY . /app\n"
IMAGE_ENTRY = 'ENTRYPOINT ["/app/entry.sh"]\nCMD ["gunicorn", "mysite"]\n'
COLLECT = "python manage.py collectstatic --noinput"
MESSAGES = "python manage.py compilemessages"


def project(tmp_path: Path, service: str, *lines: str, dockerfile: str = "") -> ProjectConfig:
    """Return a project with a service `web` that is built, and the start of its container."""
    files = {
        "compose.yml": f"services: {{web: {{build: ., volumes: ['.:/app']{service}}}}}\n",
        "Dockerfile": DOCKERFILE + dockerfile,
        "entry.sh": ENTRY,
        **workflow(*lines),
    }
    return loaded(tmp_path, {**django(), **files})


@pytest.mark.parametrize(
    ("service", "dockerfile", "lines"),
    [
        ("", IMAGE_ENTRY, ["docker compose run web pytest"]),
        ("", f"ARG TOOL=1\n{IMAGE_ENTRY}", ["docker compose run web pytest"]),
        ("", IMAGE_ENTRY, ["docker compose up -d", "docker compose exec -T web pytest"]),
        ("", IMAGE_ENTRY, ["docker build -t shop .", "docker run shop pytest"]),
        ("", IMAGE_ENTRY, ["docker compose run web sh -c 'cd . && pytest'"]),
        (", command: pytest", IMAGE_ENTRY, ["docker compose up --exit-code-from web"]),
        (", command: pytest", IMAGE_ENTRY, ["docker compose run web"]),
        (", entrypoint: /app/entry.sh", "", ["docker compose run web pytest"]),
        (
            ", entrypoint: ./entry.sh, command: ./manage.py runserver",
            "",
            ["docker compose up -d web", "docker compose exec web python manage.py test"],
        ),
        (
            ", command: sh -c './entry.sh true && python manage.py runserver'",
            "",
            ["docker compose up -d web", "docker compose exec web pytest"],
        ),
    ],
)
def test_the_lines_of_an_entry_point_prepare_the_tests_in_its_container(
    tmp_path: Path, service: str, dockerfile: str, lines: list[str]
) -> None:
    found = project(tmp_path, service, *lines, dockerfile=dockerfile)
    assert [step.run for step in found.config.tests.before] == [COLLECT, "./mystery --all"]
    reasons = {line.line: line.reason for line in found.facts.left_out if "entry" in line.source}
    assert reasons["python manage.py migrate"] == "it works on a database or another server"


@pytest.mark.parametrize(
    "server",
    ["./serve --reload", "watchmedo auto-restart -- ./serve", "python manage.py read_mail"],
)
def test_the_service_itself_is_no_line_before_the_tests(tmp_path: Path, server: str) -> None:
    command = f", command: sh -c 'python manage.py collectstatic --noinput && {server}'"
    lines = ["docker compose up -d", "docker compose exec web pytest"]
    found = project(tmp_path, command, *lines)
    assert [step.run for step in found.config.tests.before] == [COLLECT]
    assert server in {line.line for line in found.facts.left_out}


def test_a_line_of_an_entry_point_under_an_unknown_condition_is_named(tmp_path: Path) -> None:
    lines = ["MODE=$(date) docker compose run -e MODE web pytest"]
    found = project(tmp_path, "", *lines, dockerfile=IMAGE_ENTRY)
    (line,) = (line for line in found.facts.left_out if line.line == MESSAGES)
    assert line.reason == "it runs only under a condition"


@pytest.mark.parametrize(
    "lines",
    [
        ["docker compose run web python manage.py migrate", "pytest"],
        ["docker compose run --entrypoint '' web pytest"],
    ],
)
def test_an_entry_point_that_is_not_of_the_tests_prepares_nothing(
    tmp_path: Path, lines: list[str]
) -> None:
    found = project(tmp_path, "", *lines, dockerfile=IMAGE_ENTRY)
    assert found.config.tests.before == ()
