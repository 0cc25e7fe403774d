"""Semaphore's jobs with their prologues, variables and servers; Buildkite's steps with their plugins."""

from __future__ import annotations

from tests.unit.detection.ci.trees import ci_of, suite_of

SEMAPHORE = """
agent: {machine: {type: e1}, containers: [{name: main, image: "python:3.10"}, {name: db, image: "postgres:15"}]}
global_job_config:
  env_vars: [{name: MODE, value: all}]
  prologue: {commands: [checkout, sem-version python 3.11, sem-service start redis]}
blocks:
  - name: style
    task: {jobs: [{name: lint, commands: [flake8]}]}
  - name: tests
    task:
      env_vars: [{name: APP, value: test}]
      prologue: {commands: [mkdir logs]}
      jobs:
        - name: unit
          matrix: [{env_var: PYTHON, values: ["3.9", "3.12"]}]
          commands: [python manage.py test --parallel]
      epilogue: {always: {commands: [codecov]}}
"""
BUILDKITE = """
env: {MODE: all}
steps:
  - {label: lint, command: flake8, plugins: [{docker#v5: {image: "python:3.12"}}]}
  - wait
  - group: tests
    steps:
      - label: unit
        commands: [mkdir logs, pytest tests]
        env: {APP: test}
        plugins: [{docker#v5: {image: "python:3.11"}}]
      - {label: slow, command: pytest --slow, soft_fail: true}
"""


def test_the_jobs_of_semaphore_are_apart() -> None:
    ci = ci_of({".semaphore/semaphore.yml": SEMAPHORE, "manage.py": ""})
    assert [job.name for job in ci.jobs] == ["lint", "unit"]
    assert ci.suite is not None
    assert (ci.suite.job.name, ci.suite.job.python) == ("unit", "3.11")
    assert ci.env == {"MODE": "all", "APP": "test", "PYTHON": "3.12"}
    assert [image.reference for image in ci.services] == ["postgres:15", "redis"]
    lines = [command.line for command in ci.tests]
    assert "mkdir logs" in lines
    assert not {"checkout", "codecov", "flake8"} & set(lines)


def test_the_steps_of_buildkite_are_apart() -> None:
    ci = ci_of({".buildkite/pipeline.yml": BUILDKITE})
    assert [job.name for job in ci.jobs] == ["lint", "unit", "slow"]
    assert ci.suite is not None
    assert (ci.suite.job.name, ci.suite.job.python) == ("unit", "3.11")
    assert ci.env == {"MODE": "all", "APP": "test"}
    assert [command.line for command in ci.tests] == ["mkdir logs", "pytest tests"]


def test_a_pipeline_of_buildkite_that_is_uploaded_is_read() -> None:
    upload = "steps: [{command: buildkite-agent pipeline upload .buildkite/tests.yml}]\n"
    files = {
        ".buildkite/pipeline.yml": upload,
        ".buildkite/tests.yml": "steps: [{command: pytest a}]\n",
    }
    assert suite_of(files) == ["pytest a"]


def test_the_service_of_a_compose_file_has_the_tests_of_buildkite() -> None:
    plugin = "{docker-compose#v5: {run: web, config: ci.yml}}"
    compose = 'services: {web: {image: app, environment: {A: b}, depends_on: [db]}, db: {image: "postgres:16"}}\n'
    files = {
        ".buildkite/pipeline.yml": f"steps: [{{command: pytest a, plugins: [{plugin}]}}]\n",
        "ci.yml": compose,
    }
    assert suite_of(files) == ["pytest a"]
    ci = ci_of(files)
    assert ci.env["A"] == "b"
    assert [image.reference for image in ci.services] == ["postgres:16"]
