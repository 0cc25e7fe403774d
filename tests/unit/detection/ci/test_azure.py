"""Pipelines of Azure."""

from __future__ import annotations

import pytest

from heroci_action.detection.ci.records import Trigger
from tests.unit.detection.ci.trees import ci_of, shown, suite_of

STEPS = """
    parameters:
      - {name: labels, type: string, default: shop}
      - {name: apps, type: object, default: []}
      - {name: before, type: stepList, default: []}
    steps:
      - ${{ parameters.before }}
      - ${{ each app in parameters.apps }}:
          - script: mkdir -p var/${{ app }}
      - ${{ if eq(parameters.labels, 'nothing') }}:
          - script: "true"
      - ${{ elseif in(parameters.labels, 'shop', 'library') }}:
          - bash: pytest ${{ parameters.labels }}
      - ${{ else }}:
          - bash: pytest --all
"""


def test_a_step_has_a_directory_and_variables_of_its_own() -> None:
    config = """
        variables: {MODE: ci}
        steps:
          - {script: mkdir var, workingDirectory: web, env: {ONLY: "1"}}
          - {script: pytest, workingDirectory: $(Build.SourcesDirectory)/server, env: {DB: a-$(MODE)}}
    """
    found = ci_of({"azure-pipelines.yml": config})
    assert shown(list(found.tests)) == ["web: mkdir var", "server: pytest"]
    assert found.env == {"MODE": "ci", "DB": "a-ci"}


@pytest.mark.parametrize(
    ("condition", "lines"),
    [
        ("succeededOrFailed()", ["mkdir var", "pytest"]),
        ("and(succeeded(), ne(variables['Build.Reason'], 'Schedule'))", ["mkdir var", "pytest"]),
        ("eq(variables['Build.Reason'], 'Schedule')", ["pytest"]),
        ("eq(variables['mode'], 'other')", ["pytest"]),
        ("eq(variables['Build.SourceBranch'], 'refs/heads/main')", ["mkdir var ?", "pytest"]),
        ("failed()", ["pytest"]),
    ],
)
def test_a_condition_decides_whether_a_step_runs(condition: str, lines: list[str]) -> None:
    config = f"""
        variables: [{{name: mode, value: ci}}]
        steps:
          - {{script: mkdir var, condition: "{condition}"}}
          - script: pytest
    """
    assert shown(list(ci_of({"azure-pipelines.yml": config}).tests)) == lines


def test_a_job_that_never_runs_for_a_change_is_none() -> None:
    config = """
        jobs:
          - {job: night, condition: "eq(variables['Build.Reason'], 'Schedule')", steps: [{script: pytest -m night}]}
          - {job: main, condition: "eq(variables['Build.SourceBranchName'], 'main')", steps: [{script: pytest -m main}]}
          - {job: all, steps: [{script: pytest}]}
    """
    found = ci_of({"azure-pipelines.yml": config})
    assert [(job.name, job.trigger) for job in found.jobs] == [
        ("main", Trigger.CONDITION),
        ("all", Trigger.CHANGE),
    ]


def test_templates_are_read_where_they_are_used() -> None:
    config = """
        stages:
          - stage: verify
            variables: [{template: variables.yml}]
            jobs:
              - job: test
                steps:
                  - template: steps/tests.yml
                    parameters: {labels: library, apps: [a, b], before: [{script: mkdir var}]}
    """
    files = {
        ".azure-pipelines/ci.yml": config,
        ".azure-pipelines/steps/tests.yml": STEPS,
        ".azure-pipelines/variables.yml": "variables: {MODE: ci}",
    }
    found = ci_of(files)
    lines = ["mkdir var", "mkdir -p var/a", "mkdir -p var/b", "pytest library"]
    assert (len(found.jobs), shown(list(found.tests))) == (1, lines)
    assert found.env == {"MODE": "ci"}


def test_a_pipeline_may_extend_a_template() -> None:
    config = "extends: {template: ci/base.yml, parameters: {labels: library}}"
    files = {"azure-pipelines.yml": config, "ci/base.yml": STEPS}
    assert suite_of(files) == ["pytest library"]


def test_a_template_of_another_repository_is_named() -> None:
    config = "jobs: [{template: tests.yml@common}, {job: a, steps: [{script: pytest}]}]"
    line, *_ = ci_of({"azure-pipelines.yml": config}).not_followed
    assert (line.line, "another repository" in line.reason) == ("template: tests.yml@common", True)


def test_servers_are_containers_among_the_resources() -> None:
    config = """
        resources:
          containers:
            - {container: pg, image: "postgres:$(version)", env: {POSTGRES_PASSWORD: x}}
        variables: {version: "15", server: pg}
        services: {database: "$[ variables['server'] ]"}
        container: python:3.12
        steps: [{script: pytest}]
    """
    (job,) = ci_of({"azure-pipelines.yml": config}).jobs
    (server,) = job.services
    assert (server.name, server.tag, server.alias) == ("postgres", "15", "database")
    assert (server.env, job.python) == ({"POSTGRES_PASSWORD": "x"}, "3.12")


def test_a_script_sets_variables_for_later_ones() -> None:
    config = """
        steps:
          - bash: echo "##vso[task.setvariable variable=SHOP_MODE]unit"
          - bash: pytest $(SHOP_MODE)
    """
    found = ci_of({"azure-pipelines.yml": config})
    assert (found.env, found.suite and found.suite.main.arguments) == (
        {"SHOP_MODE": "unit"},
        ("unit",),
    )


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("{task: Bash@3, inputs: {targetType: inline, script: pytest}}", "pytest"),
        ("{task: CmdLine@2, inputs: {script: pytest, workingDirectory: web}}", "web: pytest"),
        ("{task: Bash@3, inputs: {filePath: ci/t.sh, arguments: shop}}", "pytest shop"),
        (
            "{task: Docker@2, inputs: {command: build, Dockerfile: ops/D}}",
            "docker build -f ops/D .",
        ),
    ],
)
def test_tasks_run_commands(step: str, line: str) -> None:
    files = {"azure-pipelines.yml": f"steps: [{step}]", "ci/t.sh": 'pytest "$1"\n'}
    assert shown(list(ci_of(files).commands)) == [line]


def test_a_job_on_another_system_is_not_the_suite() -> None:
    config = """
        jobs:
          - {job: w, pool: {vmImage: windows-latest}, steps: [{script: pytest w}]}
          - {job: u, pool: {vmImage: ubuntu-latest}, steps: [{script: pytest u}]}
    """
    assert suite_of({"azure-pipelines.yml": config}) == ["pytest u"]


def test_loops_and_conditions_in_a_table_make_the_legs_of_a_matrix() -> None:
    template = """
        parameters: {name: "", suites: {}, quick: false}
        jobs:
          - job: ${{ parameters.name }}
            strategy:
              matrix:
                ${{ each suite in parameters.suites }}:
                  ${{ suite.key }}:
                    line: ${{ suite.value }}
                ${{ if eq(parameters.quick, true) }}:
                  quick: {line: pytest -m quick}
            steps:
              - script: $(line)
    """
    config = """
        jobs:
          - template: ci/job.yml
            parameters: {name: unit, suites: {all: pytest shop}}
          - template: ci/job.yml
            parameters: {name: style, suites: {all: ruff check}}
    """
    ci = ci_of({"azure-pipelines.yml": config, "ci/job.yml": template})
    assert [(job.name, *shown(list(job.commands))) for job in ci.jobs] == [
        ("unit", "pytest shop"),
        ("style", "ruff check"),
    ]
    assert ci.suite is not None
    assert ci.suite.job.similar() == ()


def test_of_pipelines_that_are_alike_the_one_with_the_usual_name_counts() -> None:
    paths = ("azure-pipelines-prod.yml", "azure-pipelines.yml")
    files = {path: f"steps: [{{script: pytest, env: {{FROM: {path}}}}}]" for path in paths}
    assert ci_of(files).env == {"FROM": "azure-pipelines.yml"}
