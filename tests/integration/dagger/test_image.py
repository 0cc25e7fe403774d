"""The production image: built, measured, started, checked, and used for commands."""

from __future__ import annotations

from itertools import pairwise

import pytest

from heroci_action.plan.actions import BuildImage, Command, RunsIn, Serve
from heroci_action.plan.stages import Stage, Step
from tests.integration.dagger.conftest import Repository

pytestmark = pytest.mark.dagger

DOCKERFILE = """
FROM python:3.13-slim
ARG WHO=nobody
WORKDIR /srv
COPY . .
RUN echo "$WHO" >who && test ! -e secret.txt
USER 1000
CMD ["python", "-m", "http.server", "8000"]
"""
BUILD = Step(name="build", action=BuildImage(dockerfile="Dockerfile"))


def serve(**more: object) -> Step:
    action = Serve(runs_in=RunsIn.IMAGE, port=8000, **{"within": 20.0, **more})  # type: ignore[arg-type]
    return Step(name="start", action=action)


def inside(name: str, *line: str) -> Step:
    return Step(name=name, action=Command(line=line, runs_in=RunsIn.IMAGE))


def image(*steps: Step) -> Stage:
    return Stage(name="image", steps=steps)


def test_an_image_is_built_measured_started_and_run(repository: Repository) -> None:
    repository.write({"Dockerfile": DOCKERFILE, ".dockerignore": "secret.txt\n", "secret.txt": "x"})
    build = BuildImage(dockerfile="Dockerfile", build_args={"WHO": "me"})
    stage = image(
        Step(name="build", action=build),
        serve(health="/who"),
        inside("who", "cat", "who"),
        inside("user", "id", "-u"),
    )
    seen = repository.run(stage)
    assert {name: outcome.exit_code for name, outcome in seen.outcomes.items()} == {
        "build": 0,
        "start": 0,
        "who": 0,
        "user": 0,
    }
    assert float(seen.outcomes["build"].facts["image size"].split()[0]) > 50
    assert seen.outcomes["start"].facts["application"] == "GET /who returned 200"
    assert seen.text.splitlines()[-2:] == ["me", "1000"]
    again = repository.run(stage)
    assert all(outcome.cached for outcome in again.outcomes.values())
    assert again.outcomes["start"].facts == seen.outcomes["start"].facts


def test_measuring_an_image_takes_no_room_in_the_engine(repository: Repository) -> None:
    """An export of the image would take as much as the image in the engine, in every build."""
    unique = (repository.root / "unique.txt").read_text()
    fill = f"RUN head -c 300M /dev/urandom >/filler # {unique}"
    repository.write({"Dockerfile": f"FROM python:3.13-slim\n{fill}\nCOPY change.txt .\n"})
    used: list[int] = []
    for number in range(3):
        repository.write({"change.txt": str(number)})
        seen = repository.run(image(BUILD))
        assert float(seen.outcomes["build"].facts["image size"].split()[0]) > 300
        used.append(repository.disk_space())
    # Other programs use the engine too, but hardly between every two builds.
    assert min(after - before for before, after in pairwise(used)) < 50e6


def test_a_failing_build_fails_the_step_with_its_output(
    repository: Repository,
) -> None:
    repository.write({"Dockerfile": "FROM python:3.13-slim\nRUN echo the reason >&2; exit 9\n"})
    seen = repository.run(image(BUILD))
    assert seen.outcomes["build"].exit_code == 9
    assert "the reason" in seen.text


def test_a_dockerfile_with_a_syntax_error_fails_the_step(repository: Repository) -> None:
    repository.write({"Dockerfile": "FORM python:3.13-slim\n"})
    seen = repository.run(image(BUILD))
    assert seen.outcomes["build"].exit_code == 1
    assert "FORM" in seen.text


def test_the_output_of_an_application_that_ends_at_once_is_shown(repository: Repository) -> None:
    repository.write({"Dockerfile": DOCKERFILE})
    stage = image(BUILD, serve(command=("sh", "-c", "echo no settings >&2; exit 5")))
    seen = repository.run(stage)
    assert seen.outcomes["start"].exit_code == 1
    assert "exited with code 5" in (seen.outcomes["start"].cause or "")
    assert "no settings" in seen.text


def test_an_application_that_does_not_become_healthy_fails_the_step(repository: Repository) -> None:
    repository.write({"Dockerfile": DOCKERFILE})
    seen = repository.run(image(BUILD, serve(health="/missing", within=3.0)))
    assert seen.outcomes["start"].exit_code == 1
    assert "did not become healthy within 3 s (GET /missing returned 404)" in (
        seen.outcomes["start"].cause or ""
    )


def test_later_steps_reach_an_application_in_the_base_environment(
    repository: Repository,
) -> None:
    line = ("python", "-m", "http.server", "--bind", "{app.interface}", "{app.port}")
    request = "import os, urllib.request as u; print(u.urlopen(os.environ['HEROCI_BASE_URL'] + '/unique.txt').status)"
    seen = repository.run(
        Stage(
            name="integration",
            steps=(
                Step(name="start", action=Serve(runs_in=RunsIn.ENVIRONMENT, command=line)),
                Step(name="request", action=Command(line=("python", "-c", request))),
            ),
        )
    )
    assert seen.outcomes["start"].exit_code == 0, seen.outcomes["start"].cause
    assert seen.text.splitlines()[-1] == "200"


def test_without_the_cache_the_image_is_built_again(repository: Repository) -> None:
    run = f"RUN date +%N # {(repository.root / 'unique.txt').read_text()}"
    repository.write({"Dockerfile": f"FROM python:3.13-slim AS first\n{run}\nFROM first\n{run}\n"})
    cold, warm, fresh = (
        repository.run(image(BUILD), fresh=fresh) for fresh in (False, False, True)
    )
    assert [seen.outcomes["build"].cached for seen in (cold, warm, fresh)] == [False, True, False]
