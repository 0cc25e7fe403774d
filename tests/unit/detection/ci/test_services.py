"""The files of every service become jobs with commands, variables, images and one Python."""

from __future__ import annotations

from textwrap import indent

import pytest

from heroci_action.detection.ci.records import ROOT, UNKNOWN, Image, Trigger
from tests.unit.detection.ci.trees import ci_of, shown, suite_of, workflow

UP = "docker compose up --exit-code-from web"
MANAGE = {"manage.py": "from django.core.management import execute_from_command_line\n"}
GITHUB = {".github/workflows/ci.yml": """
        on:
          push:
          workflow_dispatch: {inputs: {labels: {}}}
        env:
          MODE: test
        defaults: {run: {working-directory: web}}
        jobs:
          test:
            name: Tests
            runs-on: ubuntu-latest
            strategy:
              matrix:
                python: ["3.10", "3.12", "3.15"]
                db: [{name: mysql, image: "mysql:8"}, {name: postgres, image: "postgres:16"}]
                exclude: [{python: "3.12", db: {name: mysql, image: "mysql:8"}}]
            container: "python:${{ matrix.python }}-slim"
            services:
              db: {image: "${{ matrix.db.image }}", env: {POSTGRES_USER: shop}}
            env:
              DATABASE: ${{ matrix.db.name }}
              KEY: ${{ secrets.KEY }}
              LABEL: ${{ env.MODE }}-${{ fromJSON('["one", "two",]')[1] }}
            steps:
              - uses: actions/checkout@v4
              - run: echo "EXTRA=${{ matrix.python }}" | tr -d . >> "$GITHUB_ENV"
              - id: pick
                run: echo "args=-x" >> $GITHUB_OUTPUT
              - if: runner.os == 'Windows'
                run: choco install x
              - if: ${{ github.event_name == 'pull_request' }}
                run: pr
              - if: github.ref == 'refs/heads/main'
                run: maybe
              - if: failure()
                run: never
              - parallel:
                  - run: /__w/shop/shop/bin/one /__w/shop/other
                  - run: two
              - run: pytest ${{ inputs.labels }} ${{ steps.pick.outputs.args }} ${{ needs.a.outputs.b }}
                working-directory: .
                env: {STEP: "2"}
    """}


def test_the_variables_of_a_called_workflow_may_be_json() -> None:
    called = """{"MOCK": "True", "TRIES": 3, "SLOW": false, "EMPTY": null,}"""
    (job,) = ci_of(
        {
            ".github/workflows/ci.yml": f"""
            on: push
            jobs:
              t: {{uses: ./.github/workflows/t.yml, with: {{env: '{called}'}}}}
        """,
            ".github/workflows/t.yml": """
            on: {workflow_call: {inputs: {env: {type: string}}}}
            jobs:
              t:
                env: ${{ fromJson(inputs.env) }}
                steps: [{run: pytest}]
        """,
        }
    ).jobs
    env = job.commands[0].env
    found = {name: env.get(name) for name in ("MOCK", "TRIES", "SLOW", "EMPTY")}
    assert found == {"MOCK": "True", "TRIES": "3", "SLOW": "false", "EMPTY": ""}


def test_a_workflow_is_read_in_its_best_leg() -> None:
    (job,) = ci_of(GITHUB).jobs
    assert shown(list(job.commands)) == [
        "web: pr",
        "web: maybe ?",
        "web: {root}/bin/one /__w/shop/other",
        "web: two",
        f"pytest -x {UNKNOWN}",
    ]
    assert job.python == "3.12"
    assert [(image.name, image.tag, image.alias) for image in job.services] == [
        ("postgres", "16", "db")
    ]
    assert ci_of(GITHUB).env == {
        "MODE": "test",
        "DATABASE": "postgres",
        "LABEL": "test-two",
        "EXTRA": "312",
        "STEP": "2",
    }


@pytest.mark.parametrize(
    ("on", "condition", "trigger"),
    [
        ("push", None, Trigger.CHANGE),
        ("[pull_request]", None, Trigger.CHANGE),
        ("{schedule: [{cron: x}]}", None, Trigger.SELDOM),
        ("workflow_dispatch", None, Trigger.SELDOM),
        ("{push: {tags: [v*]}}", None, Trigger.SELDOM),
        ("{push: {branches: [main]}}", None, Trigger.CONDITION),
        ("{push: {branches: ['**']}}", None, Trigger.CHANGE),
        ("{push: {branches: [main]}, pull_request: {}}", None, Trigger.CHANGE),
        ("push", "github.event_name == 'schedule'", None),
        ("push", "needs.changes.outputs.backend == 'true'", Trigger.CONDITION),
        ("push", "github.event_name != 'schedule' && !cancelled()", Trigger.CHANGE),
        ("workflow_call", None, None),
    ],
)
def test_a_job_of_github_starts_as_its_workflow_says(
    on: str, condition: str | None, trigger: Trigger | None
) -> None:
    line = f'if: "{condition}", ' if condition else ""
    text = f"on: {on}\njobs: {{t: {{{line}steps: [{{run: x}}]}}}}\n"
    jobs = ci_of({".github/workflows/x.yml": text}).jobs
    assert [job.trigger for job in jobs] == ([] if trigger is None else [trigger])


def test_composite_actions_and_reusable_workflows_get_their_inputs() -> None:
    files = {
        ".github/workflows/a.yml": """
            on: push
            jobs:
              suite:
                strategy: {matrix: {version: ["3.11", "3.12"]}}
                uses: ./.github/workflows/b.yml
                with: {python: "${{ matrix.version }}"}
        """,
        ".github/workflows/b.yml": """
            on: {workflow_call: {inputs: {python: {type: string}, labels: {default: shop}}}}
            jobs:
              run:
                steps:
                  - uses: ./.github/actions/run
                    with: {labels: "${{ inputs.labels }}", python: "${{ inputs.python }}"}
        """,
        ".github/actions/run/action.yaml": """
            inputs: {labels: {}, python: {}, flags: {default: -x}}
            runs:
              using: composite
              steps:
                - uses: actions/setup-python@v5
                  with: {python-version: "${{ inputs.python }}"}
                - run: pytest ${{ inputs.flags }} ${{ inputs.labels }}
                  shell: bash
        """,
    }
    (job,) = ci_of(files).jobs
    assert (job.name, job.python, shown(list(job.commands))) == (
        "suite / run",
        "3.12",
        ["pytest -x shop"],
    )


@pytest.mark.parametrize("place", ["${{ github.action_path }}", "${GITHUB_ACTION_PATH}"])
def test_a_composite_action_runs_a_script_beside_it(place: str) -> None:
    files = {
        ".github/workflows/a.yml": "on: push\njobs: {t: {steps: [{uses: ./.github/actions/run}]}}",
        ".github/actions/run/action.yml": f"runs: {{using: composite, steps: [{{run: '{place}/run.sh shop'}}]}}",
        ".github/actions/run/run.sh": 'pytest -x "$@"\n',
    }
    (job,) = ci_of(files).jobs
    assert shown(list(job.commands)) == ["pytest -x shop"]


def test_expressions_see_the_variables_of_their_step_and_of_the_call_of_an_action() -> None:
    files = {
        ".github/workflows/a.yml": """
            on: push
            jobs:
              t:
                steps:
                  - uses: ./.github/actions/run
                    env: {LEVEL: all}
                  - run: pytest ${{ env.LABEL }}${{ env.LEVEL }}
                    env: {LABEL: shop}
        """,
        ".github/actions/run/action.yml": """
            inputs: {files: {default: a.txt b.txt}}
            runs:
              using: composite
              steps:
                - run: echo "MODE=new" >> $GITHUB_ENV
                - run: uv pip sync ${{ env.FILES }} ${{ env.LEVEL }} ${{ env.MODE }}
                  env: {FILES: "${{ inputs.files }}"}
        """,
    }
    (job,) = ci_of(files).jobs
    assert [shown([each])[0] for each in job.commands if each.call.name != "echo"] == [
        "uv pip sync a.txt b.txt all new",
        "pytest shop",
    ]
    assert "LEVEL" in job.commands[-2].env
    assert "LEVEL" not in job.commands[-1].env


def test_actions_stand_for_commands_and_servers() -> None:
    files = {".github/workflows/a.yml": """
            on: push
            jobs:
              t:
                steps:
                  - uses: awalsh128/cache-apt-pkgs-action@v1
                    with: {packages: gettext}
                  - uses: ikalnytskyi/action-setup-postgres@v7
                    with: {postgres-version: "16"}
                  - uses: actions/setup-java@v4
                    with: {java-version: "21"}
                  - uses: canastro/copy-file-action@v0.0.2
                    with: {source: .env.example, target: .env}
                  - uses: acme/setup-django@v1
                    with: {apt-packages: "gdal-bin  libmagic1"}
                  - run: sudo systemctl start redis-server.service
                  - uses: nick-fields/retry@v3
                    with: {timeout_minutes: 5, command: pytest shop}
        """}
    (job,) = ci_of(files).jobs
    packages = [line for line in shown(list(job.commands)) if line.startswith("apt-get install ")]
    names = ["gettext", "default-jre-headless", "gdal-bin libmagic1"]
    assert packages == [f"apt-get install {name}" for name in names]
    assert shown(list(job.commands))[-1] == "pytest shop"
    assert "cp .env.example .env" in shown(list(job.commands))
    assert [(image.name, image.tag) for image in job.services] == [
        ("postgres", "16"),
        ("redis", ""),
    ]
    assert [action.line for action in job.actions] == ["uses: acme/setup-django"]


@pytest.mark.parametrize(
    ("inputs", "lines"),
    [
        ("", ["npm ci", "npm run build"]),
        (
            "with: {npm-ci-flags: --legacy-peer-deps}",
            ["npm ci --legacy-peer-deps", "npm run build"],
        ),
        ('with: {setup-node: "no"}', []),
    ],
)
def test_an_action_that_sets_up_a_project_builds_its_assets(inputs: str, lines: list[str]) -> None:
    step = f"- uses: maykinmedia/setup-django-backend@v1.3\n  {inputs}\n- run: pytest\n"
    text = f"on: push\njobs:\n  t:\n    steps:\n{indent(step, '      ')}"
    (job,) = ci_of({".github/workflows/a.yml": text}).jobs
    found = shown(list(job.commands))
    assert [line for line in found if line.startswith("npm")] == lines
    assert "pip install -r requirements/ci.txt" in found


@pytest.mark.parametrize("name", ["coverageCommand", "test-command", "test_script", "runCmd"])
def test_the_command_of_an_action_that_reports_its_coverage_is_read(name: str) -> None:
    step = f"{{uses: acme/report-coverage@v2, with: {{{name}: pytest --cov shop}}}}"
    (job,) = ci_of({".github/workflows/a.yml": f"on: push\njobs: {{t: {{steps: [{step}]}}}}"}).jobs
    assert shown(list(job.commands)) == ["pytest --cov shop"]
    assert job.actions == ()


GITLAB = {
    ".gitlab-ci.yml": """
        include:
          - local: /ci/*.yml
        variables:
          MODE: {value: test, description: x}
        default:
          image: python:$PYTHON-slim
          before_script: [pip install -r requirements.txt]
        .common: &common
          variables: {EXTRA: "1"}
          services: ["postgres:16"]
        lint:
          script: flake8
          allow_failure: true
        unit:
          extends: [.base]
          <<: *common
          parallel:
            matrix:
              - PYTHON: ["3.11", "3.12"]
          script:
            - !reference [.shared, script]
            - - python manage.py test $LABELS
    """,
    "ci/base.yml": """
        spec:
          inputs:
            labels: {default: shop}
        ---
        .base:
          variables: {LABELS: "$[[ inputs.labels ]]"}
          services: [redis]
        .shared:
          script: [mkdir var]
    """,
}


def test_gitlabs_file_is_read_with_what_it_includes_and_extends() -> None:
    lint, unit = ci_of({**GITLAB, **MANAGE}).jobs
    assert (lint.may_fail, unit.may_fail) == (True, False)
    assert shown(list(unit.commands)) == [
        "pip install -r requirements.txt",
        "mkdir var",
        "python manage.py test shop",
    ]
    assert unit.python == "3.12"
    assert [(image.name, image.alias) for image in unit.services] == [("postgres", "postgres")]
    assert ci_of({**GITLAB, **MANAGE}).env == {
        "MODE": "test",
        "EXTRA": "1",
        "LABELS": "shop",
        "PYTHON": "3.12",
    }


@pytest.mark.parametrize(
    ("key", "trigger"),
    [
        ("", Trigger.CHANGE),
        ("only: [merge_requests, main]", Trigger.CHANGE),
        ("only: [schedules]", Trigger.SELDOM),
        ("only: [main]", Trigger.CONDITION),
        ("except: [schedules]", Trigger.CHANGE),
        ("when: manual", Trigger.SELDOM),
        ('rules: [{if: $CI_PIPELINE_SOURCE == "schedule"}]', Trigger.SELDOM),
        ('rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]', Trigger.CHANGE),
        ("rules: [{if: $CI_COMMIT_TAG, when: never}, {if: $CI_PIPELINE_SOURCE}]", Trigger.CHANGE),
        ("rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]", Trigger.CONDITION),
        ("rules: [{if: $CI_COMMIT_TAG =~ /^v/}]", Trigger.SELDOM),
        ("rules: [{changes: [a]}, {when: manual}]", Trigger.CONDITION),
        ('rules: [{if: ($NIGHT == "1" || $CI_COMMIT_TAG) && $X, when: never}, {when: always}]', Trigger.CONDITION),
    ],
)  # fmt: skip
def test_a_job_of_gitlab_starts_as_its_rules_say(key: str, trigger: Trigger) -> None:
    (job,) = ci_of({".gitlab-ci.yml": f"a:\n  script: x\n  {key}\n"}).jobs
    assert job.trigger is trigger


CIRCLECI = {".circleci/config.yml": """
        version: 2.1
        parameters: {fast: {type: boolean, default: true}}
        executors:
          python:
            parameters: {tag: {type: string}}
            docker:
              - image: cimg/python:<< parameters.tag >>
                environment: {MODE: test}
              - image: cimg/postgres:16.2
                environment: {POSTGRES_USER: shop}
        commands:
          setup:
            parameters: {file: {type: string, default: dev}}
            steps:
              - run: pip install -r requirements/<< parameters.file >>.txt
        jobs:
          test:
            parameters: {version: {type: string}, flags: {type: string, default: ""}}
            executor: {name: python, tag: << parameters.version >>}
            working_directory: ~/shop
            steps:
              - checkout
              - setup: {file: ci}
              - run: echo 'export EXTRA=1' >> $BASH_ENV
              - when: {condition: << pipeline.parameters.fast >>, steps: [{run: prepare}]}
              - unless: {condition: << pipeline.parameters.fast >>, steps: [{run: slow}]}
              - run:
                  command: pytest << parameters.flags >> shop
                  working_directory: ~/shop/web
                  environment: {STEP: "2"}
              - run: {command: report, when: on_fail}
          nightly:
            docker: [{image: "cimg/python:3.13"}]
            steps: [{run: pytest --slow}]
        workflows:
          all:
            jobs:
              - test: {matrix: {parameters: {version: ["3.11", "3.12"]}}}
          night:
            triggers: [{schedule: {cron: x}}]
            jobs: [nightly]
    """}


def test_circlecis_commands_executors_and_parameters_are_followed() -> None:
    test, nightly = ci_of(CIRCLECI).jobs
    assert shown(list(test.commands)) == [
        "pip install -r requirements/ci.txt",
        "prepare",
        "web: pytest shop",
    ]
    assert (test.python, nightly.trigger) == ("3.12", Trigger.SELDOM)
    assert [(image.name, image.tag, dict(image.env)) for image in test.services] == [
        ("cimg/postgres", "16.2", {"POSTGRES_USER": "shop"})
    ]
    assert ci_of(CIRCLECI).env == {"MODE": "test", "EXTRA": "1", "STEP": "2"}


def test_a_configuration_of_circleci_that_a_job_generates_is_named() -> None:
    config = """
        setup: true
        jobs:
          setup:
            docker: [{image: "cimg/base:current"}]
            steps:
              - continuation/continue:
                  configuration_path: .circleci/made.yml
    """
    ci = ci_of({".circleci/config.yml": config, ".circleci/base.yml": "version: 2.1\n"})
    assert [line.line for line in ci.not_followed] == ["configuration_path: .circleci/made.yml"]


def test_the_checkout_of_circleci_may_be_above_the_directory_of_the_job() -> None:
    job = """
        jobs:
          test:
            docker: [{image: "cimg/python:3.12"}]
            working_directory: ~/shop/src
            steps:
              - checkout: {path: ~/shop}
              - run: pytest
              - run: {command: report, working_directory: ~/shop/docs}
    """
    (test,) = ci_of({".circleci/config.yml": job}).jobs
    assert shown(list(test.commands)) == ["src: pytest", "docs: report"]


TRAVIS = {".travis.yml": """
        language: python
        python: ["3.11", "3.12", "3.13-dev"]
        services: [postgresql, redis-server]
        addons: {postgresql: "15", apt: {packages: gettext graphviz}}
        env:
          global: ["MODE=test NAME='a b'"]
          jobs: ["DB=mysql", "DB=postgres"]
        before_script:
          - if [ "$DB" = postgres ]; then createdb shop; fi
        script: python manage.py test
        jobs:
          allow_failures: [{python: "3.13-dev"}]
          include:
            - name: lint
              script: flake8
    """}


def test_a_workflow_of_another_repository_is_named_and_an_empty_variable_is_empty() -> None:
    files = {".github/workflows/ci.yml": """
            jobs:
              far: {uses: acme/shared/.github/workflows/tests.yml@main}
              near: {env: {EMPTY: null, GIVEN: 1}, steps: [{run: pytest}]}
        """}
    ci = ci_of(files)
    assert ci.env == {"EMPTY": "", "GIVEN": "1"}
    assert [line.line for line in ci.not_followed] == [
        "uses: acme/shared/.github/workflows/tests.yml@main"
    ]


def test_circleci_lets_lines_name_the_checkout_and_escapes_the_mark_of_parameters() -> None:
    config = r"""
        jobs:
          test:
            steps:
              - run: |
                  while read name; do echo $name > /dev/null; done \<< EOF
                  API_KEY
                  EOF
              - run: |
                  cd ~/project/
                  cp a.example a.ini
                  deptry ~/project/src /home/circleci/project/lib ~/projects ~/other
              - run: {command: pytest, working_directory: ~/project/src}
    """
    (test,) = ci_of({".circleci/config.yml": config, "a.example": ""}).jobs
    lines = [line for line in shown(list(test.commands)) if "echo" not in line]
    assert lines == [
        "cp a.example a.ini",
        "deptry {root}/src {root}/lib ~/projects ~/other",
        "src: pytest",
    ]


def test_a_setup_of_circleci_continues_with_another_file() -> None:
    files = {
        ".circleci/config.yml": """
            setup: true
            workflows: {all: {jobs: [path-filtering/filter: {config-path: .circleci/more.yml}]}}
        """,
        ".circleci/more.yml": "jobs: {test: {steps: [{run: pytest}]}}",
        ".circleci/other.yml": "jobs: {test: {steps: [{run: pytest other}]}}",
    }
    suite = ci_of(files).suite
    assert suite is not None
    assert (suite.job.source, suite.main.arguments) == (".circleci/more.yml", ())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("redis-server --requirepass 'a b'", ("redis-server", "--requirepass", "a b")),
        ("redis-server --requirepass it's", ("redis-server", "--requirepass", "it's")),
    ],
)
def test_the_command_of_a_server_may_be_one_text(command: str, words: tuple[str, ...]) -> None:
    circleci = f"""
        jobs:
          test:
            docker: [{{image: "cimg/python:3.12"}}, {{image: "redis:7", command: "{command}"}}]
            steps: [{{run: pytest}}]
    """
    compose = f"""
        services:
          redis: {{image: "redis:7", command: "{command}"}}
          web: {{build: ., command: pytest, depends_on: [redis]}}
    """
    (job,) = ci_of({".circleci/config.yml": circleci}).jobs
    assert [image.arguments for image in job.services] == [words]
    ci = ci_of({"compose.yaml": compose, "Dockerfile": "FROM python:3.13\n", **workflow(UP)})
    assert [image.arguments for image in ci.services if image.name == "redis"] == [words]


def test_traviss_matrix_is_read_in_its_best_leg() -> None:
    test, lint = ci_of({**TRAVIS, **MANAGE, "requirements.txt": ""}).jobs
    assert shown(list(test.commands)) == [
        "apt-get install gettext graphviz",
        "pip install -r requirements.txt",
        "createdb shop",
        "python manage.py test",
    ]
    assert (test.python, lint.name) == ("3.12", "lint")
    assert [(image.name, image.tag) for image in test.services] == [
        ("postgres", "15"),
        ("redis", ""),
    ]
    assert ci_of({**TRAVIS, **MANAGE}).env == {"MODE": "test", "NAME": "a b", "DB": "postgres"}


def test_githubs_file_wins_over_one_of_another_service() -> None:
    files = {
        ".gitlab-ci.yml": "a: {script: pytest old}",
        ".github/workflows/x.yml": "jobs: {t: {steps: [{run: pytest new}]}}",
    }
    assert suite_of(files) == ["pytest new"]
    files[".github/workflows/x.yml"] = "jobs: {t: {steps: [{run: flake8}]}}"
    assert suite_of(files) == ["pytest old"]


@pytest.mark.parametrize(
    ("readme", "suite"),
    [
        ("[![CI](https://circleci.com/gh/acme/shop.svg?style=svg)](…)", ["pytest circle"]),
        (
            "![](https://dl.circleci.com/status-badge/img/gh/acme/shop/tree/main.svg)",
            ["pytest circle"],
        ),
        ("![](https://gitlab.com/acme/shop/badges/main/pipeline.svg)", ["pytest lab"]),
        (
            "![](https://gitlab.com/acme/shop/badges/main/pipeline.svg) https://circleci.com/gh/acme/shop",
            ["pytest lab"],
        ),
        ("A shop.", ["pytest lab"]),
    ],
)
def test_the_badge_tells_circleci_from_a_gitlab_that_only_deploys(
    readme: str, suite: list[str]
) -> None:
    circle = "jobs: {t: {docker: [{image: 'cimg/python:3.12'}], steps: [{run: pytest circle}]}}"
    files = {".gitlab-ci.yml": "a: {script: pytest lab}", ".circleci/config.yml": circle}
    assert suite_of({**files, "README.md": readme}) == suite
    github = {".github/workflows/x.yml": "jobs: {t: {steps: [{run: pytest new}]}}"}
    assert suite_of({**files, **github, "README.md": readme}) == ["pytest new"]


def test_an_entry_of_traviss_matrix_has_the_usual_python() -> None:
    config = """
        language: python
        python: ["3.9"]
        script: tox -e $TOXENV
        matrix:
          include:
            - env: TOXENV=flake8
            - env: TOXENV=unit
    """
    tox = "[tox]\nskipsdist = true\n[testenv:flake8]\ncommands = flake8\n[testenv:unit]\ncommands = pytest\n"
    suite = ci_of({".travis.yml": config, "tox.ini": tox}).suite
    assert suite is not None
    assert (suite.main.command.line, suite.job.python) == ("pytest", "3.9")


def test_what_the_steps_of_actions_bring_is_named() -> None:
    content = """
        jobs:
          t:
            steps:
              - uses: actions/checkout@v4
              - {uses: actions/checkout@v4, with: {repository: shop/samples, path: samples}}
              - {uses: actions/checkout@v4, with: {repository: "${{ github.repository }}"}}
              - {uses: actions/download-artifact@v4, with: {name: assets}}
              - {uses: someone/setup-mysql@v1, with: {"mysql version": "8.0"}}
              - {uses: someone/elastic@v1}
              - {uses: someone/setup-conda@v1, with: {environment-file: tools.yml}}
              - {uses: someone/setup-conda@v1}
              - run: pytest
    """
    (job,) = ci_of({".github/workflows/ci.yml": content}).jobs
    assert [(left.line, left.reason) for left in job.actions] == [
        ("uses: actions/checkout shop/samples", "HeroCI checks out no other repository"),
        ("uses: actions/download-artifact assets", "another job hands over these files"),
        ("uses: someone/elastic", "HeroCI does not run actions of the marketplace"),
        ("uses: someone/setup-conda tools.yml", "HeroCI does not use conda"),
    ]
    assert [image.reference for image in job.services] == ["mysql:8.0"]


@pytest.mark.parametrize(
    ("path", "needs", "line", "named"),
    [
        ("web/mail", "[mails]", "pytest", True),
        ("web/mail", "mails", "pytest", True),
        ("web/mail", "[]", "pytest", False),
        ("web/node_modules", "[mails]", "pytest", False),
        ("~/.cache/pip", "[mails]", "pytest", False),
        ("web/mail", "[mails]", "pytest ${{ steps.m.outputs.cache-hit }}", False),
    ],
)
def test_a_cache_that_a_needed_job_fills_is_named(
    path: str, needs: str, line: str, named: bool
) -> None:
    cache = f"{{uses: actions/cache@v4, id: m, with: {{path: {path}, key: \"m-${{{{ hashFiles('m') }}}}\"}}}}"
    content = f"""
        jobs:
          mails: {{steps: [{cache}, {{run: yarn build}}]}}
          t: {{needs: {needs}, steps: [{cache}, {{run: "{line}"}}]}}
    """
    _, job = ci_of({".github/workflows/ci.yml": content}).jobs
    found = [(left.line, left.reason) for left in job.actions]
    expected = [(f"uses: actions/cache {path}", "another job hands over these files")]
    assert found == (expected if named else [])


@pytest.mark.parametrize(("mark", "words"), [("", "pytest"), ("slow", "pytest -m slow")])
def test_a_section_of_circleci_stays_if_its_parameter_is_set(mark: str, words: str) -> None:
    config = f"""
        jobs:
          test:
            parameters: {{mark: {{type: string, default: "{mark}"}}}}
            steps: [{{run: "pytest <<# parameters.mark >>-m << parameters.mark >><</ parameters.mark >>"}}]
    """
    assert shown(list(ci_of({".circleci/config.yml": config}).tests)) == [words]


def test_an_executor_of_circlecis_python_orb_is_its_image() -> None:
    config = """
        orbs: {python: circleci/python@2, other: acme/python@1}
        jobs:
          a: {executor: {name: python/default, tag: "3.12"}, steps: [{run: pytest}]}
          b: {executor: {name: other/default, tag: "3.12"}, steps: [{run: pytest}]}
    """
    assert [job.python for job in ci_of({".circleci/config.yml": config}).jobs] == ["3.12", None]


def test_the_jobs_of_azure_are_read_in_their_best_leg() -> None:
    config = """
        variables: {MODE: ci}
        jobs:
          - job: lint
            variables: {LINT: "1"}
            steps: [{script: ruff check .}]
          - job: test
            strategy:
              matrix:
                Old: {python.version: "3.11", PART: all}
                New: {python.version: "3.12", PART: shop}
            steps:
              - {task: UsePythonVersion@0, inputs: {versionSpec: $(python.version)}}
              - {script: pytest $(PART)}
    """
    found = ci_of({"azure-pipelines.yml": config})
    assert found.suite is not None
    assert (found.suite.job.python, shown(list(found.tests))) == ("3.12", ["pytest shop"])
    assert found.env == {"MODE": "ci", "PYTHON_VERSION": "3.12", "PART": "shop"}


@pytest.mark.parametrize("path", [".azure-pipelines/ci-cd.yml", ".azuredevops/tests.yaml"])
def test_files_of_azure_may_have_any_name_in_its_folders(path: str) -> None:
    assert suite_of({path: "steps: [{script: pytest shop}]"}) == ["pytest shop"]


def test_an_orb_that_is_written_in_the_file_has_commands() -> None:
    config = """
        orbs:
          suite: {commands: {run: {parameters: {p: {default: shop}}, steps: [{run: pytest << parameters.p >>}]}}}
        jobs: {t: {steps: [suite/run]}}
        workflows: {w: {jobs: [t]}}
    """
    assert suite_of({".circleci/config.yml": config}) == ["pytest shop"]


@pytest.mark.parametrize(
    ("pythons", "scripts", "names"),
    [
        ("'3.12'", "", {"unit", "lint"}),
        ("['3.12', '3.11']", "", {"", "unit", "lint"}),
        ("'3.12'", ", script: deploy", {""}),
    ],
)
def test_one_python_beside_traviss_included_legs_is_no_leg(
    pythons: str, scripts: str, names: set[str]
) -> None:
    config = f"""
        python: {pythons}
        script: pytest $PART
        jobs: {{include: [{{env: PART=unit{scripts}}}, {{env: PART=lint{scripts}}}]}}
    """
    legs = [leg for job in ci_of({".travis.yml": config}).jobs for leg in (job, *job.similar())]
    runs = [command for leg in legs for command in leg.commands if command.words[0] == "pytest"]
    assert {command.env.get("PART", "") for command in runs} == names


def test_a_leg_that_travis_excludes_does_not_run() -> None:
    config = """
        python: ["3.12", "3.13"]
        env: [A=1, A=2]
        jobs: {exclude: [{python: "3.13"}, {python: "3.12", env: A=1}]}
        script: pytest
    """
    (job,) = ci_of({".travis.yml": config}).jobs
    assert (job.python, job.commands[0].env["A"], job.similar()) == ("3.12", "2", ())


def test_a_leg_with_another_task_counts_whatever_its_python_is() -> None:
    config = """
        on: push
        jobs:
          checks:
            strategy:
              matrix:
                include:
                  - {python: "3.13", run: pytest}
                  - {python: "3.9", run: flake8 shop}
                  - {python: "3.12", run: pytest shop}
            steps: [{run: "${{ matrix.run }}"}]
    """
    (job,) = ci_of({".github/workflows/ci.yml": config}).jobs
    assert [leg.commands[0].line for leg in (job, *job.similar())] == ["pytest", "flake8 shop"]


def test_a_job_of_gitlab_takes_some_of_the_defaults_and_refers_to_whole_keys() -> None:
    config = """
        default: {image: "python:3.12", before_script: [mkdir never]}
        .pg: {services: ["postgres:15"], variables: {A: b}}
        test:
          inherit: {default: [image]}
          services: !reference [.pg, services]
          variables: !reference [.pg, variables]
          script: pytest
    """
    ci = ci_of({".gitlab-ci.yml": config})
    assert shown(list(ci.commands)) == ["pytest"]
    assert [image.reference for image in ci.services] == ["postgres:15"]
    assert (ci.jobs[0].python, ci.env) == ("3.12", {"A": "b"})


@pytest.mark.parametrize(
    ("inherit", "env"), [("false", {"A": "own"}), ("[B]", {"B": "2", "A": "own"})]
)
def test_a_job_of_gitlab_may_refuse_the_variables_of_all_jobs(
    inherit: str, env: dict[str, str]
) -> None:
    job = f"{{inherit: {{variables: {inherit}}}, variables: {{A: own}}, script: pytest}}"
    config = f"variables: {{A: '1', B: '2', C: '3'}}\ntest: {job}\n"
    assert ci_of({".gitlab-ci.yml": config}).env == env


def test_variables_and_parameters_of_azure_are_filled() -> None:
    config = """
        parameters: [{name: labels, type: string, default: shop}]
        variables: [{group: secrets}, {name: marker, value: not slow}, {name: version, value: "3.12"}]
        jobs:
          - job: test
            steps:
              - {task: UsePythonVersion@0, inputs: {versionSpec: $(version)}}
              - script: pytest -m "$(marker)" ${{ parameters.labels }} $(pwd)
    """
    found = ci_of({"azure-pipelines.yml": config})
    assert found.suite is not None
    assert (found.suite.job.python, found.suite.main.arguments) == (
        "3.12",
        ("-m", "not slow", "shop", ROOT),
    )


def test_each_document_of_a_signed_drone_file_is_read() -> None:
    config = """
        kind: pipeline
        steps:
          - {name: lint, image: python:3.12, commands: [ruff check .]}
        ---
        kind: pipeline
        steps:
          - {name: tests, image: python:3.12, commands: [pytest shop]}
        ---
        kind: signature
        hmac: abc
    """
    found = ci_of({".drone.yml": config})
    assert shown(list(found.tests)) == ["pytest shop"]
    assert "ruff" in {command.call.name for command in found.commands}


def test_steps_of_other_services_may_fail() -> None:
    config = """
        steps:
          - {script: cd shop && pytest}
          - {script: mypy ., continueOnError: true}
          - {script: ruff check ., continueOnError: false}
    """
    commands = ci_of({"azure-pipelines.yml": config}).commands
    assert {command.call.name: command.may_fail for command in commands} == {
        "pytest": False,
        "mypy": True,
        "ruff": False,
    }


def test_commands_of_a_job_that_may_fail_may_fail() -> None:
    config = "lint: {script: ruff check ., allow_failure: true}\ntest: {script: pytest}\n"
    commands = ci_of({".gitlab-ci.yml": config}).commands
    assert {command.words[0]: command.may_fail for command in commands} == {
        "ruff": True,
        "pytest": False,
    }


@pytest.mark.parametrize(
    ("image", "python"),
    [
        ("python:3.12-slim", "3.12"),
        ("registry.example.org/ci/python:3.11", "3.11"),
        ("mcr.microsoft.com/devcontainers/python:1-3.12-bookworm", "3.12"),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", "3.12"),
        ("ghcr.io/astral-sh/uv:0.5.1-python3.13-alpine", "3.13"),
        ("ghcr.io/acme/pythonbox:jammy-3.10", "3.10"),
        ("acme/python-ci:3.11-slim", "3.11"),
        ("acme/python-ci:3.4.1", None),
        ("acme/box:jammy-3.10", None),
        ("postgres:16", None),
        ("pypy:3.10", None),
        ("node:3.12", None),
    ],
)
def test_the_tag_of_an_image_names_its_python(image: str, python: str | None) -> None:
    assert Image.parse(image, source="").python == python


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("docker.io/library/postgres:16", "postgres:16"),
        ("library/postgres:16@sha256:00", "postgres:16"),
        ("docker.io/pgvector/pgvector:pg16", "pgvector/pgvector:pg16"),
        ("example.org/docker.io/library/postgres", "example.org/docker.io/library/postgres"),
    ],
)
def test_docker_s_own_registry_is_no_part_of_a_name(image: str, reference: str) -> None:
    assert Image.parse(image, source="").reference == reference


@pytest.mark.parametrize("own", ["B=2 C=3", '["B=2", "C=3"]', "{B: 2, C: 3}"])
def test_an_included_job_of_travis_has_its_own_variables_and_the_global_ones(own: str) -> None:
    config = f"""
        env: {{global: [A=1, B=1]}}
        jobs: {{include: [{{python: "3.12", env: {own}, script: pytest}}]}}
    """
    assert ci_of({".travis.yml": config}).env == {"A": "1", "B": "2", "C": "3"}


@pytest.mark.parametrize(
    ("include", "named"),
    [
        ("{project: acme/ci, file: /django.yml}", ["include: project: acme/ci /django.yml"]),
        ("[https://example.org/ci.yml]", ["include: remote: https://example.org/ci.yml"]),
        ("{component: gitlab.com/a/b@1}", ["include: component: gitlab.com/a/b@1"]),
        ("[{template: Jobs/SAST.gitlab-ci.yml}, ci/local.yml, {local: ci/local.yml}]", []),
    ],
)
def test_files_that_gitlab_includes_from_elsewhere_are_named(
    include: str, named: list[str]
) -> None:
    files = {".gitlab-ci.yml": f"include: {include}\n", "ci/local.yml": "a: {script: x}\n"}
    assert [line.line for line in ci_of(files).not_followed] == named


def test_the_container_of_a_job_of_github_has_variables() -> None:
    env = "{A: 1, B: 1}"
    container = f"{{image: 'python:3.12', env: {env}}}"
    assert ci_of(workflow("pytest", container=container, env="{B: 2}")).env == {"A": "1", "B": "2"}


def test_a_service_of_github_with_an_empty_image_is_not_started() -> None:
    content = """
        jobs:
          t:
            strategy: {matrix: {db: [mysql, postgres]}}
            services:
              mysql: {image: "${{ matrix.db == 'mysql' && 'mysql:8' || '' }}"}
              postgres: {image: "${{ matrix.db == 'postgres' && 'postgres:16' || '' }}"}
            steps: [{run: pytest}]
    """
    (job,) = ci_of({".github/workflows/ci.yml": content}).jobs
    assert [image.reference for image in job.services] == ["postgres:16"]


def test_a_checkout_below_the_workspace_is_the_repository() -> None:
    workflow = """
        on: push
        jobs:
          test:
            steps:
              - uses: actions/checkout@v6
                with: {path: shop}
              - uses: actions/checkout@v6
                with: {path: base, ref: main}
              - uses: ./shop/.github/actions/setup
              - run: cp a.env .env
                working-directory: shop/
              - run: cd shop && ./manage.py check
              - run: python shop/manage.py test shop.cart --keepdb
              - run: ls ${{ github.workspace }}/shop/web
                working-directory: shop/web
    """
    files = {
        ".github/workflows/ci.yml": workflow,
        ".github/actions/setup/action.yml": "runs: {using: composite, steps: [{run: pip install -r all.txt}]}",
        "web/a.txt": "",
    }
    (job,) = ci_of(files).jobs
    assert shown(list(job.commands)) == [
        "pip install -r all.txt",
        "cp a.env .env",
        "./manage.py check",
        "python ./manage.py test shop.cart --keepdb",
        "web: ls {root}/web",
    ]


def test_a_phase_of_travis_may_be_left_out() -> None:
    files = {".travis.yml": "install: skip\nscript: [pytest]\n", "requirements.txt": ""}
    assert shown(list(ci_of(files).tests)) == ["pytest"]


def test_a_job_of_circleci_continues_in_the_workspace_of_the_jobs_before_it() -> None:
    workspace = """
        version: 2.1
        commands:
          keep: {steps: [{persist_to_workspace: {root: ., paths: [.env]}}]}
        jobs:
          sources: {steps: [checkout, {run: touch a.txt}, keep]}
          build: {steps: [{attach_workspace: {at: .}}, {run: "grep -o '^[^#]*' ci.env > .env"}, keep]}
          other: {steps: [{run: make other}]}
          unit: {steps: [{attach_workspace: {at: .}}, {run: ". .env; export $(cut -d= -f1 < .env)\\npytest"}, keep]}
          report: {steps: [{attach_workspace: {at: .}}, {run: coverage xml}]}
        workflows:
          all:
            jobs:
              - sources
              - other
              - build: {requires: [sources]}
              - unit: {requires: [build, other]}
              - report: {requires: [unit]}
    """
    files = {".circleci/config.yml": workspace, "ci.env": "# of the CI\nMODE=fast\n"}
    jobs = {job.name: job for job in ci_of(files).jobs}
    assert shown(list(jobs["unit"].commands)) == [
        "touch a.txt",
        "grep -o ^[^#]* ci.env",
        "pytest",
    ]
    assert jobs["unit"].commands[-1].env["MODE"] == "fast"
    assert shown(list(jobs["report"].commands)) == ["coverage xml"]


@pytest.mark.parametrize("line", ["pyenv global 3.12.4", "pyenv local 3.12", "uv python pin 3.12"])
def test_a_line_may_choose_the_python_of_a_machine(line: str) -> None:
    config = f"""
        jobs:
          test:
            machine: true
            steps: [{{run: pyenv install -s 3.12}}, {{run: {line}}}, {{run: pytest}}]
    """
    assert ci_of({".circleci/config.yml": config}).jobs[0].python == "3.12"


def test_a_container_of_an_image_that_the_job_builds_is_on_its_base() -> None:
    compose = """
        services:
          web: {image: shop, depends_on: [worker, db]}
          worker: {image: shop, entrypoint: ./worker.sh}
          db: {image: shop-db}
    """
    files = {
        "compose.yml": compose,
        "Dockerfile": "FROM python:3.12\nCOPY . .\n",
        "db/Dockerfile": "FROM postgis/postgis:16-3.4\n",
        **workflow(
            "docker build -t shop .",
            "docker build -t shop-db db",
            "docker compose run web python manage.py test",
        ),
        **MANAGE,
    }
    (job,) = ci_of(files).jobs
    assert {each.alias: (each.reference, each.built) for each in job.services} == {
        "worker": ("python:3.12", True),
        "db": ("postgis/postgis:16-3.4", True),
    }


@pytest.mark.parametrize(
    ("agent", "image", "services"),
    [
        ("agent { docker { alwaysPull true\n image 'acme/tools:2' } }", "acme/tools:2", []),
        ("node { docker.image('acme/tools:2').inside { sh 'ls' } }", "acme/tools:2", []),
        ("docker.image('postgres:16').withRun { c -> sh 'ls' }", None, ["postgres:16"]),
        (
            "agent { docker { image 'acme/a' } } stage('x') { agent { docker { image 'acme/b' } } }",
            None,
            [],
        ),
    ],
)
def test_the_agent_of_jenkins_is_the_image_of_the_job(
    agent: str, image: str | None, services: list[str]
) -> None:
    (job,) = ci_of({"Jenkinsfile": f"pipeline {{ {agent} sh 'pytest' }}"}).jobs
    assert (job.image.reference if job.image else None) == image
    assert [each.reference for each in job.services] == services


def test_an_action_that_writes_variables_to_a_file_is_a_command() -> None:
    text = """
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: mkdir config
      - uses: SpicyPizza/create-envfile@v2
        with: {envkey_SHOP_MODE: two words, envkey_DEBUG: 'false', directory: config, file_name: .env.ci}
      - run: pytest
"""
    (job,) = ci_of({".github/workflows/ci.yml": text}).jobs

    assert dict(job.created) == {"config/.env.ci": "SHOP_MODE=two words\nDEBUG=false\n"}
