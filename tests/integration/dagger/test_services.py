"""Services of a stage: reached by name, started only if the stage runs, and clear errors if they do not start."""

from __future__ import annotations

from dataclasses import replace

import dagger
import pytest

from heroci_action.engines.dagger import services
from heroci_action.engines.dagger.replay_cache import Entry, ReplayCache, new_salt
from heroci_action.plan.actions import Command
from heroci_action.plan.stages import Environment, Service, Stage, Step
from tests.integration.dagger.conftest import Repository

pytestmark = pytest.mark.dagger

# A small database: it counts its requests.
COUNTER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    requests = 0
    def do_GET(self):
        Handler.requests += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(Handler.requests).encode())
http.server.HTTPServer(("", 8000), Handler).serve_forever()
"""
REQUEST = (
    "python",
    "-c",
    "import urllib.request as u; print(u.urlopen('{counter.url}').read().decode())",
)


def counter(line: str | tuple[str, ...] = ("python", "-c", COUNTER)) -> Service:
    return Service(name="counter", image="python:3.13-slim", command=line, port=8000)


def requesting(*more: Step, name: str = "work", service: str = "counter") -> Stage:
    # The engine runs equal commands that start in the same files once.
    steps = tuple(
        Step(name=f"request {number}", action=Command(line=(*REQUEST, str(number))))
        for number in (1, 2)
    )
    return Stage(name=name, steps=(*steps, *more), services=(service,))


def test_a_service_keeps_its_state_during_the_stage(repository: Repository) -> None:
    repository.with_plan(services={"counter": counter()})
    assert repository.run(requesting()).text.split() == ["1", "2"]


def test_stages_do_not_share_a_service(repository: Repository) -> None:
    repository.with_plan(services={"counter": counter()})
    seen = repository.run(requesting(name="one"), requesting(name="two"))
    assert seen.text.split() == ["1", "2", "1", "2"]


def test_a_passed_stage_is_replayed_as_a_whole(repository: Repository) -> None:
    repository.with_plan(services={"counter": counter()})
    repository.run(requesting())
    seen = repository.run(requesting())
    assert all(outcome.cached for outcome in seen.outcomes.values())
    assert seen.text.split() == ["1", "2"]


def test_a_stage_that_is_not_replayed_starts_with_its_first_step(repository: Repository) -> None:
    """The state of a service ends with the session, so the first steps must not come from the cache."""
    repository.with_plan(services={"counter": counter()})
    flaky = Step(name="flaky", action=Command(line="exit 1"))
    repository.run(requesting(flaky))
    seen = repository.run(requesting(flaky))
    assert not any(outcome.cached for outcome in seen.outcomes.values())
    assert seen.text.split() == ["1", "2"]


@pytest.mark.parametrize("concurrent", [False, True])
def test_a_stage_runs_again_from_its_first_step_if_a_part_is_no_longer_cached(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, *, concurrent: bool
) -> None:
    original = ReplayCache.find
    lookups: list[str] = []

    async def find_a_lost_entry_first(
        cache: ReplayCache, container: dagger.Container, key: str
    ) -> Entry | None:
        lookups.append(key)
        lost = len(lookups) == 1
        return Entry(salt=new_salt()) if lost else await original(cache, container, key)

    monkeypatch.setattr(ReplayCache, "find", find_a_lost_entry_first)
    repository.with_plan(services={"counter": counter()})
    stage = requesting()
    if concurrent:
        stage = replace(stage, steps=tuple(replace(step, concurrent=True) for step in stage.steps))
    first = repository.run(stage)
    assert not any(outcome.cached for outcome in first.outcomes.values())
    assert sorted(first.text.split()) == ["1", "2"]
    # The entry cannot be replaced, but the pass is found all the same.
    lookups.clear()
    second = repository.run(stage)
    assert all(outcome.cached for outcome in second.outcomes.values())
    assert sorted(second.text.split()) == ["1", "2"]


def test_postgres_is_ready_for_the_first_query_and_its_password_is_masked(
    repository: Repository,
) -> None:
    repository.with_plan(
        services={"postgres": Service(name="postgres", version="17")},
        environment=Environment(python="3.13", packages=("psycopg[binary]",)),
    )
    line = (
        "import os, psycopg; c = psycopg.connect(os.environ['DATABASE_URL']);"
        "print(c.execute('select 40 + 2').fetchone()[0], c.execute('show fsync').fetchone());"
        "print(os.environ['DATABASE_URL'])"
    )
    work = Stage(
        name="work",
        steps=(Step(name="query", action=Command(line=("python", "-c", line))),),
        services=("postgres",),
        env={"DATABASE_URL": "{postgres.url}"},
    )
    seen = repository.run(work)
    assert seen.outcomes["query"].exit_code == 0, seen.text
    assert seen.text.startswith("42 ")
    assert "off" in seen.text
    assert "***" in seen.text
    assert repository.run(work).outcomes["query"].cached


SHOW_DATABASE = (
    "import os, psycopg; c = psycopg.connect(os.environ['DATABASE_URL'], client_encoding='utf8');"
    "name, started = c.execute('select current_database(), pg_postmaster_start_time()').fetchone();"
    "print(name if isinstance(name, str) else name.decode(), started)"
)


def test_stages_have_databases_of_their_own_on_one_server(repository: Repository) -> None:
    repository.with_plan(
        services={"postgres": Service(name="postgres", version="17")},
        environment=Environment(python="3.13", packages=("psycopg[binary]",)),
    )
    stages = [
        Stage(
            name=name,
            steps=(Step(name=name, action=Command(line=("python", "-c", SHOW_DATABASE))),),
            services=("postgres",),
            env={"DATABASE_URL": "{postgres.url}"},
        )
        for name in ("unit-tests", "image")
    ]
    seen = repository.run(*stages)
    first, second = (line.split(" ", 1) for line in seen.text.splitlines())
    assert [first[0], second[0]] == ["heroci_unit_tests", "heroci_image"]
    assert first[1] == second[1]
    # One of them alone is replayed as well.
    assert repository.run(stages[1]).outcomes["image"].cached


def test_a_database_that_the_configuration_names_is_used(repository: Repository) -> None:
    env = {"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "in-the-repository", "POSTGRES_DB": "shop"}
    repository.with_plan(
        services={"db": Service(name="db", image="postgres:17-alpine", env=env)},
        environment=Environment(python="3.13", packages=("psycopg[binary]",)),
    )
    stage = Stage(
        name="work",
        steps=(Step(name="query", action=Command(line=("python", "-c", SHOW_DATABASE))),),
        services=("db",),
        env={"DATABASE_URL": "postgres://{db.user}:{db.password}@{db.host}:{db.port}/{db.db}"},
    )
    seen = repository.run(stage)
    assert seen.outcomes["query"].exit_code == 0, seen.text
    assert seen.text.startswith("shop ")


def test_a_service_that_ends_is_an_error_and_its_output_is_shown(repository: Repository) -> None:
    broken = counter(("sh", "-c", "echo no room >&2; exit 3"))
    repository.with_plan(services={"counter": broken})
    seen = repository.run(requesting())
    assert "exited with code 3" in seen.errors["request 1"].cause
    assert "no room" in seen.log


def test_a_service_that_never_listens_is_an_error(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "READY_WITHIN", 3.0)
    repository.with_plan(services={"counter": counter(("sleep", "1000"))})
    seen = repository.run(requesting())
    assert "did not listen within 3 s" in seen.errors["request 1"].cause
    assert seen.errors["request 1"].remedy


def test_an_optional_service_that_cannot_be_started_is_left_out_with_a_warning(
    repository: Repository,
) -> None:
    missing = Service(name="queue", image="127.0.0.1:9/no/such:1", port=1, optional=True)
    repository.with_plan(services={"queue": missing})
    step = Step(name="work", action=Command(line=("echo", "{queue.port}")))
    seen = repository.run(Stage(name="work", steps=(step,), services=("queue",)))
    assert seen.text.split() == ["1"]
    (warning,) = seen.warnings
    assert "service 'queue' (127.0.0.1:9/no/such:1)" in warning
