from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.commands.plan import warn_of_fixed_addresses
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from tests.unit.detection.projects import SQLITE, django, loaded

ENGINE = '"ENGINE": "django.db.backends.postgresql"'
CACHE = (
    'CACHES = {"default": {"BACKEND": "x.RedisCache", "LOCATION": "redis://localhost:6379/0"}}\n'
)
JOB = "jobs: {test: {services: {redis: {image: redis}}, steps: [{run: ./manage.py test}]}}"


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
    warned = warn_of_fixed_addresses(project, build_plan(project, RunContext())).warnings
    new = warned[len(project.warnings) :]
    assert [name for text in new for name in named if f"listens on {name}" in text] == named
    assert len(new) == len(named)
