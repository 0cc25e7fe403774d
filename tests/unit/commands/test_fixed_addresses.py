from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from heroci_action.commands.unmet_needs import warn_of_fixed_addresses
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from heroci_action.project import ProjectConfig
from tests.unit.detection.projects import SQLITE, django, loaded

ENGINE = '"ENGINE": "django.db.backends.postgresql"'
CACHE = (
    'CACHES = {"default": {"BACKEND": "x.RedisCache", "LOCATION": "redis://localhost:6379/0"}}\n'
)
JOB = "jobs: {test: {services: {redis: {image: redis}}, steps: [{run: ./manage.py test}]}}"


COMPOSE = {
    "compose.yml": "services: {web: {image: python}, redis: {image: redis}, queue: {image: rabbitmq}}",
    ".github/workflows/ci.yml": """
        jobs: {test: {steps: [
          {run: docker compose up -d redis queue}, {run: docker compose run web ./manage.py test}]}}""",
}


def _warnings(project: ProjectConfig, *, in_containers: bool) -> tuple[str, ...]:
    plan = build_plan(project, RunContext())
    warned = warn_of_fixed_addresses(project, plan, in_containers=in_containers).warnings
    return warned[len(project.warnings) :]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (
            f'DATABASES = {{"default": {{{ENGINE}, "HOST": "localhost", "PORT": "5432"}}}}',
            ["postgres:5432"],
        ),
        (
            f'import os\nDATABASES = {{"default": {{{ENGINE}, "HOST": os.environ["H"], "PORT": "5432"}}}}',
            [],
        ),
        (f"{CACHE}{SQLITE}", ["redis:6379"]),
    ],
)
def test_services_that_a_container_does_not_find_on_localhost_are_named(
    tmp_path: Path, settings: str, named: list[str]
) -> None:
    files = {**django(settings), "requirements.txt": "django\npsycopg\nredis\n"}
    if "redis" in settings:
        files[".github/workflows/ci.yml"] = JOB
    project = loaded(tmp_path, files)
    new = _warnings(project, in_containers=True)
    assert [name for text in new for name in named if f"listens on {name}" in text] == named
    assert len(new) == len(named)


@pytest.mark.parametrize(
    ("value", "service"),
    [
        ('{"hosts": [("redis", 6379)]}', "redis"),
        ('"redis://:secret@redis:6379/0"', "redis"),
        ('"redis://redis/0"', "redis"),
        ('"amqp://queue:5672"', "queue"),
        ('"queue:5672"', "queue"),
        ('os.environ.get("X", "redis://redis:6379/0")', None),
        ('os.environ.get("X") or "redis://redis:6379/0"', None),
        ('"redis"', None),
        ('"redis://other:6379/0"', None),
    ],
)
def test_a_host_of_the_network_of_containers_in_the_settings_is_named(
    tmp_path: Path, value: str, service: str | None
) -> None:
    settings = f"import os\n{SQLITE}\nREDIS = os.environ['REDIS_URL']\nOTHER = {value}\n"
    project = loaded(tmp_path, {**django(settings), **COMPOSE})
    assert _warnings(project, in_containers=True) == ()
    expected = f"the tests look for {service} on {service} (hard-coded in mysite/settings.py), but on this machine"
    found = _warnings(project, in_containers=False)
    assert [text.startswith(expected) for text in found] == [True] * (service is not None)


def test_a_host_that_the_tests_overwrite_or_that_the_machine_does_not_know_is_not_named(
    tmp_path: Path,
) -> None:
    fixed, own = 'OTHER = "redis://redis:6379/0"\n', 'OTHER = "memory://"\n'
    overwritten = loaded(tmp_path / "a", {**django(f"{SQLITE}\n{fixed}{own}"), **COMPOSE})
    on_machine = loaded(
        tmp_path / "b", {**django(f"{SQLITE}\n{fixed}"), ".github/workflows/ci.yml": JOB}
    )
    for project in (overwritten, on_machine):
        assert not any("on redis" in text for text in _warnings(project, in_containers=False))


def test_a_host_of_the_network_of_containers_in_the_tests_is_named(tmp_path: Path) -> None:
    test = "class Case:\n    def test(self): Remote(executor='http://queue:5672/hub')\n"
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    project = loaded(tmp_path, {**django(SQLITE), **COMPOSE, "shop/tests/test_page.py": test})
    (found,) = _warnings(project, in_containers=False)
    assert "queue on queue (hard-coded in shop/tests/test_page.py)" in found
