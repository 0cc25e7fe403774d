"""Services of a stage: reached by name, started for real only, and honest when they do not start."""

from __future__ import annotations

import pytest

from heroci_action.engines.dagger import services
from heroci_action.engines.dagger.replay_cache import Entry, Ledger, new_salt
from heroci_action.plan.actions import Command
from heroci_action.plan.stages import Environment, Service, Stage, Step
from tests.integration.dagger.conftest import Repository

pytestmark = pytest.mark.dagger

# A database that fits into a test: it counts how often it was asked.
COUNTER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(Handler.asked).encode())
http.server.HTTPServer(("", 8000), Handler).serve_forever()
"""
ASK = (
    "python",
    "-c",
    "import urllib.request as u; print(u.urlopen('{counter.url}').read().decode())",
)


def counter(line: str | tuple[str, ...] = ("python", "-c", COUNTER)) -> Service:
    return Service(name="counter", image="python:3.13-slim", command=line, port=8000)


def asking(*more: Step, name: str = "work", service: str = "counter") -> Stage:
    steps = tuple(Step(name=f"ask {number}", action=Command(line=ASK)) for number in (1, 2))
    return Stage(name=name, steps=(*steps, *more), services=(service,))


def test_a_service_is_reached_by_its_name_and_remembers(repository: Repository) -> None:
    repository.with_plan(services={"counter": counter()})
    assert repository.run(asking()).text.split() == ["1", "2"]


def test_stages_do_not_share_a_service(repository: Repository) -> None:
    repository.with_plan(services={"counter": counter()})
    seen = repository.run(asking(name="one"), asking(name="two"))
    assert seen.text.split() == ["1", "2", "1", "2"]


def test_a_stage_that_passed_is_replayed_as_a_whole(repository: Repository) -> None:
    repository.with_plan(services={"counter": counter()})
    repository.run(asking())
    seen = repository.run(asking())
    assert all(outcome.cached for outcome in seen.outcomes.values())
    assert seen.text.split() == ["1", "2"]


def test_a_stage_that_is_not_replayed_runs_from_its_first_step(repository: Repository) -> None:
    """The state of a service is gone with the session, so its first half must not come from the cache."""
    repository.with_plan(services={"counter": counter()})
    flaky = Step(name="flaky", action=Command(line="exit 1"))
    repository.run(asking(flaky))
    seen = repository.run(asking(flaky))
    assert not any(outcome.cached for outcome in seen.outcomes.values())
    assert seen.text.split() == ["1", "2"]


def test_a_stage_of_which_the_engine_has_forgotten_a_part_runs_again_from_its_first_step(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def promises_too_much(*_: object) -> Entry:
        return Entry(salt=new_salt())

    monkeypatch.setattr(Ledger, "find", promises_too_much)
    repository.with_plan(services={"counter": counter()})
    seen = repository.run(asking())
    assert not any(outcome.cached for outcome in seen.outcomes.values())
    assert seen.text.split() == ["1", "2"]


def test_postgres_answers_the_first_query_and_its_password_is_masked(
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


def test_a_service_that_ends_is_an_error_with_its_last_words(repository: Repository) -> None:
    broken = counter(("sh", "-c", "echo no room >&2; exit 3"))
    repository.with_plan(services={"counter": broken})
    seen = repository.run(asking())
    assert "exit code 3" in seen.errors["ask 1"].cause
    assert "no room" in seen.log


def test_a_service_that_never_listens_is_given_up(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "READY_WITHIN", 3.0)
    repository.with_plan(services={"counter": counter(("sleep", "1000"))})
    seen = repository.run(asking())
    assert "did not listen within 3 s" in seen.errors["ask 1"].cause
    assert seen.errors["ask 1"].remedy
