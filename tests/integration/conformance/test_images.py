"""The production image has the same results on both engines: built, started and checked."""

from __future__ import annotations

import pytest

from heroci_action.pipeline.run_context import RunContext
from heroci_action.results.records import Result, Status
from tests.end_to_end.projects import write
from tests.integration.conformance.running import on_both
from tests.integration.docker_daemon import needs_docker

pytestmark = [pytest.mark.dagger, pytest.mark.docker, needs_docker]

DOCKERFILE = """
    FROM python:3.13-slim
    WORKDIR /srv
    COPY requirements.txt .
    RUN pip install --quiet -r requirements.txt
    COPY . .
    USER 1000
    CMD ["gunicorn", "--bind", "0.0.0.0:8000", "site_.wsgi"]
    """
# The second one ends at once, with an error message.
BROKEN = DOCKERFILE.replace("site_.wsgi", "site_.nothing")


@pytest.fixture(scope="module", params=[DOCKERFILE, BROKEN], ids=["good", "broken"])
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Result, Result]:
    """The results of the host engine and of the Dagger engine."""
    files = {"Dockerfile": str(request.param)}
    root = write(tmp_path_factory.mktemp("conformance") / "project", files)
    found = on_both(root, RunContext())
    return found["host"], found["dagger"]


def outcomes(result: Result) -> dict[str, tuple[Status, int | None]]:
    """Return the outcome of each step in the stages with the image."""
    return {
        f"{stage.name}/{step.name}": (step.status, step.exit_code)
        for stage in result.stages
        if stage.name in ("image", "integration")
        for step in stage.steps
    }


def test_every_step_has_the_same_outcome(results: tuple[Result, Result]) -> None:
    host, dagger = map(outcomes, results)
    assert host == dagger
    assert host["image/build"] == (Status.PASSED, 0)


def test_the_verdict_is_the_same(
    results: tuple[Result, Result], request: pytest.FixtureRequest
) -> None:
    verdicts = {result.exit_code for result in results}
    assert verdicts == {1 if "broken" in request.node.name else 0}


def test_integration_runs_only_if_the_image_started(
    results: tuple[Result, Result], request: pytest.FixtureRequest
) -> None:
    wanted = Status.SKIPPED if "broken" in request.node.name else Status.PASSED
    for result in results:
        assert {stage.name: stage.status for stage in result.stages}["integration"] is wanted
