"""Drone, Woodpecker and Bitbucket: their steps are containers."""

from __future__ import annotations

import pytest

from heroci_action.detection.ci.records import Job, Trigger
from tests.unit.detection.ci.trees import ci_of, shown

MAKEFILE = {"Makefile": "settings:\n\techo 'from .test import *' > shop/local.py\n"}
DRONE = """\
kind: pipeline
name: default
steps:
  - name: tests
    image: ours/base:python3.12
    environment: {DATABASE: database, TOKEN: {from_secret: token}}
    depends_on: [setup]
    commands: [python manage.py test --parallel]
  - name: setup
    commands: [make settings]
  - name: docs
    failure: ignore
    commands: [make -C docs html]
    depends_on: [tests]
services:
  - {name: database, image: "postgres:17", environment: {POSTGRES_USER: shop}}
---
kind: pipeline
name: deploy
trigger: {event: [tag]}
steps:
  - {name: ship, commands: [./deploy.sh]}
---
kind: secret
name: token
"""
WOODPECKER = """\
matrix: {PYTHON: ["3.11", "3.13"], DB: ["16", "17"]}
when: {event: [push, pull_request]}
steps:
  server:
    image: minio/minio:1
    detach: true
    commands: [minio server /data]
  lint:
    image: python:${PYTHON}
    commands: [ruff check .]
    when: {event: tag}
  tests:
    image: python:${PYTHON}
    environment: [MODE=test]
    commands: [mkdir -p out, pytest shop]
services:
  db: {image: "postgres:${DB}"}
"""
BITBUCKET = """\
image: {name: "python:3.12"}
definitions:
  services:
    db: {image: "postgres:16", variables: {POSTGRES_DB: shop}}
  steps:
    - step: &tests
        name: Tests
        script: [pip install -r requirements.txt, pytest shop]
        services: [docker, db]
pipelines:
  default:
    - parallel:
        - step: *tests
        - step: {name: Lint, image: "python:3.11", script: [ruff check .]}
  branches:
    main:
      - step: *tests
      - stage: {steps: [{step: {name: Ship, trigger: manual, script: [./deploy.sh]}}]}
  tags:
    "v*": [{step: {name: Publish, script: [./publish.sh]}}]
"""


def jobs_of(path: str, text: str) -> dict[str, Job]:
    return {job.name: job for job in ci_of({path: text, **MAKEFILE}).jobs}


def test_steps_of_drone_run_after_those_that_they_depend_on() -> None:
    jobs = jobs_of(".drone.yml", DRONE)
    assert list(jobs) == ["default", "deploy"]
    suite = jobs["default"]
    assert shown(list(suite.commands)) == [
        "echo from .test import *",
        "python manage.py test --parallel",
        "make -C docs html",
    ]
    assert [command.may_fail for command in suite.commands] == [False, False, True]
    assert suite.commands[1].env == {"CI": "true", "DRONE": "true", "DATABASE": "database"}
    assert suite.python == "3.12"
    (server,) = suite.services
    assert (server.alias, server.reference) == ("database", "postgres:17")
    assert server.env == {"POSTGRES_USER": "shop"}
    assert jobs["deploy"].trigger is Trigger.SELDOM


def test_a_workflow_of_woodpecker_is_read_in_its_best_leg() -> None:
    job, _ = ci_of({".woodpecker/tests.yaml": WOODPECKER}).jobs
    assert shown(list(job.commands)) == ["mkdir -p out", "pytest shop"]
    assert job.commands[-1].env == {"CI": "true", "MODE": "test", "PYTHON": "3.13", "DB": "16"}
    assert job.python == "3.13"
    assert {server.alias: server.reference for server in job.services} == {
        "db": "postgres:16",
        "server": "minio/minio:1",
    }


def test_each_step_of_bitbucket_is_a_job_with_the_services_that_it_names() -> None:
    jobs = jobs_of("bitbucket-pipelines.yml", BITBUCKET)
    assert {name: job.trigger for name, job in jobs.items()} == {
        "Tests": Trigger.CHANGE,
        "Lint": Trigger.CHANGE,
        "Ship": Trigger.SELDOM,
        "Publish": Trigger.SELDOM,
    }
    tests = jobs["Tests"]
    assert shown(list(tests.commands)) == ["pip install -r requirements.txt", "pytest shop"]
    assert (tests.python, jobs["Lint"].python) == ("3.12", "3.11")
    assert [server.reference for server in tests.services] == ["postgres:16"]


@pytest.mark.parametrize(
    "text",
    [
        "steps: [{name: a, depends_on: [b], commands: [pytest]}, {name: b, depends_on: [a], commands: [ls]}]",
        "kind: pipeline\nsteps: pytest\n---\n- one\n",
        "steps: {a: [pytest]}",
    ],
)
def test_a_pipeline_that_cannot_run_does_no_harm(text: str) -> None:
    assert all(job.source == ".drone.yml" for job in ci_of({".drone.yml": text}).jobs)


def test_a_pipeline_of_bitbucket_without_steps_does_no_harm() -> None:
    text = "pipelines: {default: [], branches: [a], custom: {x: [{step: pytest}, {parallel: 1}]}}"
    assert ci_of({"bitbucket-pipelines.yml": text}).suite is None


def test_steps_for_tags_are_no_part_of_the_suites_job() -> None:
    config = """
        steps:
          - {name: docs, image: alpine, when: {event: tag}, commands: [apk add graphviz]}
          - {name: tests, image: python:3.12, commands: [pytest]}
    """
    found = ci_of({".woodpecker.yml": config})
    assert shown(list(found.tests)) == ["pytest"]
    assert {job.trigger for job in found.jobs} == {Trigger.CHANGE, Trigger.SELDOM}


@pytest.mark.parametrize(
    "image", ["plugins/docker:20", "woodpeckerci/plugin-docker-buildx", "plugins/kaniko"]
)
def test_a_plugin_builds_an_image(image: str) -> None:
    config = f"""
        steps:
          - name: image
            image: {image}
            settings: {{repo: acme/shop, dockerfile: ops/web.Dockerfile, target: final}}
          - {{name: report, image: plugins/slack, settings: {{room: shop}}}}
    """
    (job,) = ci_of({".woodpecker.yml": config}).jobs
    assert shown(list(job.commands)) == ["docker build --file=ops/web.Dockerfile --target=final ."]
