"""Checks of the CI that the plan does not contain are named and suggested as stages; they do not prepare the tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

TOX = """
[testenv]
deps = -r requirements.txt
commands = python manage.py test
[testenv:lint]
commands = flake8 .
[testenv:docs]
deps = sphinx
commands =
    sphinx-build -W docs out
    python gen.py
"""
NOX = """
import nox
@nox.session
def tests(session):
    session.run("python", "manage.py", "test")
@nox.session
def docs(session):
    session.run("sphinx-build", "-W", "docs", "out")
    session.run("python", "gen.py")
"""


def project(root: Path, files: dict[str, str]) -> ProjectConfig:
    return loaded(root, {**django(), "requirements.txt": "django\n", **files})


def named(found: ProjectConfig) -> str:
    return "".join(text for text in found.warnings if "runs checks that the plan" in text)


@pytest.mark.parametrize(
    "files",
    [
        {**workflow("tox -e lint,docs,py312"), "tox.ini": TOX},
        {**workflow("tox -e py312,docs"), "tox.ini": TOX},
        {**workflow("nox -s docs tests"), "noxfile.py": NOX},
    ],
)
def test_another_environment_is_a_check_and_no_preparation(
    tmp_path: Path, files: dict[str, str]
) -> None:
    found = project(tmp_path, files)
    assert found.config.tests.before == ()
    reasons = {line.line: line.reason for line in found.facts.left_out}
    assert "environment of its own" in reasons["python gen.py"]
    assert "'sphinx-build -W docs out' (" in named(found)
    assert "'python gen.py' (" in named(found)
    proposed = suggest_toml(found, Supported())
    assert '# stages.docs = { steps = ["sphinx-build -W docs out", "python gen.py"] }' in proposed


def test_checks_of_other_jobs_are_named_but_not_what_the_plan_contains(tmp_path: Path) -> None:
    jobs = """
on: push
jobs:
  test:
    steps: [{run: python manage.py check}, {run: python manage.py test}, {run: coverage report}]
  lint:
    steps:
      - run: black .
      - run: flake8
      - run: bandit -r mysite
      - run: prospector -W pylint
      - run: python manage.py makemigrations --check
  licences:
    steps: [{run: python scripts/check_copyright.py "a b"}, {run: "true || python check_more.py"}]
  nightly:
    if: github.event_name == 'schedule'
    steps: [{run: python check_links.py}]
"""
    found = project(tmp_path, {".github/workflows/ci.yml": jobs})
    assert named(found).count("'") == 2  # one line in quotes
    assert "'python scripts/check_copyright.py" in named(found)
    proposed = suggest_toml(found, Supported())
    assert "stages.licences = { steps = [\"python scripts/check_copyright.py 'a b'\"] }" in proposed


@pytest.mark.parametrize(
    "line",
    [
        "gitlint --contrib x",
        "bpmnlint flow.bpmn",
        "node --no-warnings node_modules/jest/bin/jest.js",
        "./node_modules/.bin/jest",
        "dev pre-commit",
        "dev run-checks",
        "annotations find_models --lint",
        "git diff --exit-code schema.json",
        "diff schema.json new.json",
        "python manage.py check --fail-level WARNING",
        "python manage.py check --deploy --settings mysite.production",
        "python manage.py spectacular --file schema.yml --validate --fail-on-warn",
        "python manage.py lintmigrations",
        "python -m sphinx -b html docs out",
        "newman run api.json",
        "./scripts/validate-messages.py main..next",
    ],
)
def test_checks_are_known_by_their_arguments(tmp_path: Path, line: str) -> None:
    jobs = f"on: push\njobs:\n  a: {{steps: [{{run: python manage.py test}}]}}\n  b: {{steps: [{{run: {line}}}]}}\n"
    files = {".github/workflows/ci.yml": jobs, "scripts/validate-messages.py": "import sys\n"}
    assert f"{line!r} (" in named(project(tmp_path, files))


def test_a_package_that_npm_publishes_is_no_check(tmp_path: Path) -> None:
    jobs = """
on: push
jobs:
  test: {steps: [{run: python manage.py test}]}
  release: {steps: [{run: npm run build}, {run: npm publish --access=public}]}
"""
    files = {".github/workflows/ci.yml": jobs, "package.json": '{"scripts": {"build": "tool"}}'}
    assert not named(project(tmp_path, files))


def test_code_of_the_project_in_a_job_for_checks_is_a_check(tmp_path: Path) -> None:
    jobs = """
on: push
jobs:
  test: {steps: [{run: python manage.py test}]}
  build: {steps: [{run: python manage.py rebuild_schema}, {run: cp schema.yml public}]}
  checks:
    steps:
      - run: python manage.py collectstatic
      - run: python manage.py migrate
      - run: python manage.py update_schema
      - run: python -m mysite.translated
      - run: cp a.dist a.env
      - run: curl -sSL https://example.org/install.py | python - --yes
      - run: python -m build
      - run: git diff --stat
"""
    found = project(tmp_path, {".github/workflows/ci.yml": jobs, "mysite/translated.py": ""})
    lines = ("manage.py update_schema", "-m mysite.translated")
    assert named(found).count("'") == 2 * len(lines)
    assert all(f"'python {line}' (" in named(found) for line in lines)


def test_a_job_that_ends_with_commands_of_django_asks_whether_they_pass(tmp_path: Path) -> None:
    jobs = """
on: push
jobs:
  test: {steps: [{run: python manage.py test}]}
  i18n: {steps: [{run: pip install django}, {run: python manage.py compilemessages}]}
  start: {steps: [{run: python manage.py collectstatic}, {run: python manage.py check}]}
  deploy: {steps: [{run: python manage.py warm_caches}]}
  build: {steps: [{run: python manage.py compress}, {run: tar czf static.tgz static}]}
  words: {steps: [{run: python manage.py compress}, {uses: EndBug/add-and-commit@v9}]}
  pages: {steps: [{run: python manage.py load_pages}, {uses: cypress-io/github-action@v6}]}
  audit: {steps: [{run: cf run-task shop --command audit}]}
"""
    found = project(tmp_path, {".github/workflows/ci.yml": jobs})
    assert named(found).count("'") == 2 * 3
    assert "'uses: cypress-io/github-action'" in named(found)
    assert "'python manage.py compilemessages'" in named(found)
    assert "'python manage.py collectstatic'" in named(found)


@pytest.mark.parametrize(("variables", "times"), [("{}", 0), ("{SHOP: b}", 1)])
def test_a_line_that_the_plan_runs_before_the_tests_is_no_further_check(
    tmp_path: Path, variables: str, times: int
) -> None:
    jobs = f"""
on: push
jobs:
  test: {{steps: [{{run: python manage.py collectstatic}}, {{run: python manage.py test}}]}}
  quality:
    env: {variables}
    steps: [{{run: python manage.py collectstatic}}, {{run: python manage.py find_icons}}]
"""
    text = named(project(tmp_path, {".github/workflows/ci.yml": jobs}))
    assert "find_icons" in text
    assert text.count("collectstatic") == times


def test_migrations_that_must_pass_on_another_database_are_a_check(tmp_path: Path) -> None:
    jobs = """
on: push
jobs:
  test: {services: {db: postgres:16}, steps: [{run: python manage.py test}]}
  same: {services: {db: postgres:17}, steps: [{run: python manage.py migrate}]}
  other: {services: {db: mysql:8}, steps: [{run: python manage.py migrate --noinput}]}
  check-mariadb:
    services: {db: mariadb:11}
    steps: [{run: python manage.py migrate --plan}, {run: mysql -e "SHOW TABLES"}]
"""
    found = project(tmp_path, {".github/workflows/ci.yml": jobs})
    assert "'python manage.py migrate --noinput'" in named(found)
    assert "'python manage.py migrate --plan'" in named(found)
    assert named(found).count("'") == 4


def test_strict_commands_of_django_in_the_job_of_the_tests(tmp_path: Path) -> None:
    lines = (
        "python manage.py check",
        "python manage.py build_schema --validate",
        "python manage.py check --fail-level WARNING",
        "python manage.py test",
        "python manage.py migrate --check",
        "python manage.py spectacular --validate",
    )
    found = project(tmp_path, workflow(*lines))
    assert [step.run for step in found.config.tests.before] == [lines[1]]
    assert named(found).count("'") == 4
    assert f"{lines[2]!r} (" in named(found)
    assert f"{lines[5]!r} (" in named(found)


def test_a_server_that_only_reads_its_configuration_is_a_check(tmp_path: Path) -> None:
    line = "gunicorn --check-config shop.wsgi"
    found = project(tmp_path, workflow("python manage.py test", line))
    assert f"{line!r} (" in named(found)


def test_checks_in_another_leg_of_a_matrix_are_named(tmp_path: Path) -> None:
    jobs = """
        on: push
        jobs:
          tox:
            strategy: {matrix: {env: [docs, py312]}}
            steps: [{run: "tox -e ${{ matrix.env }}"}]
    """
    found = project(tmp_path, {".github/workflows/ci.yml": jobs, "tox.ini": TOX})
    assert "'sphinx-build -W docs out' (" in named(found)


def test_a_task_with_the_tests_in_it_is_no_check_beside_them(tmp_path: Path) -> None:
    files = {
        **workflow("npm run all"),
        "package.json": '{"scripts": {"all": "vitest run && python manage.py test"}}',
    }
    assert "'vitest run' (" in named(project(tmp_path, files))


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (("./gen.sh", "git diff --quiet"), "git diff --quiet"),
        (("scripts/unchanged.sh ./gen.sh",), "git status --porcelain=v1"),
        (("scripts/unchanged.sh python gen.py",), "git status --porcelain=v1"),
        (('test -z "$(git status --porcelain)"',), "git status --porcelain"),
        (
            ("./gen.sh", "git diff-index --quiet HEAD -- static || (git diff; exit 1)"),
            "git diff-index --quiet HEAD -- static",
        ),
        (("git --no-pager -C shop diff --exit-code",), "git --no-pager -C shop diff --exit-code"),
        (("! git --no-pager grep -n fixme",), "! git --no-pager grep -n fixme"),
        (('! grep -rn "print(" mysite',), '! grep -rn "print(" mysite'),
        (("git --no-pager grep -n fixme | head",), None),
        (("if ! git grep -l x | grep -q y; then exit 1; fi",), None),
        (("if ! command -v npm >/dev/null 2>&1; then exit 1; fi",), None),
        (("./gen.sh", "git diff --quiet || true"), None),
        (("./gen.sh", "git diff --quiet", "git commit -am x"), None),
        (("git diff --name-only", "git status"), None),
    ],
)
def test_a_question_to_git_for_changes_is_a_check(
    tmp_path: Path, lines: tuple[str, ...], line: str | None
) -> None:
    steps = "".join(f"\n      - run: {each!r}" for each in lines)
    jobs = f"on: push\njobs:\n  a: {{steps: [{{run: python manage.py test}}]}}\n  b:\n    steps:{steps}\n"
    script = '#!/bin/bash\n"$@"\nif [ -n "$(git status --porcelain=v1)" ]; then\n  exit 1\nfi\n'
    files = {
        ".github/workflows/ci.yml": jobs,
        "gen.sh": "echo\n",
        "gen.py": "x = 1\n",
        "scripts/unchanged.sh": script,
    }
    text = named(project(tmp_path, files))
    assert f"{line!r} (" in text if line else not text


def test_a_file_that_another_environment_prepares_stays(tmp_path: Path) -> None:
    files = {
        **workflow("tox -e assets,py312"),
        "tox.ini": f"{TOX}[testenv:assets]\ncommands =\n    npm run build\n    python manage.py compress\n",
    }
    before = project(tmp_path, files).config.tests.before
    assert [step.run for step in before] == ["npm run build", "python manage.py compress"]


@pytest.mark.parametrize(
    ("uses", "is_named"),
    [
        ("acme/ci/.github/workflows/integration.yml@v1", True),
        ("acme/ci/.github/workflows/lint.yml@v1", True),
        ("acme/ci/.github/workflows/deploy.yml@v1", False),
        ("acme/heroci/.github/workflows/test.yml@v1", False),
    ],
)
def test_workflows_of_other_repositories_are_named_beside_a_known_suite(
    tmp_path: Path, uses: str, *, is_named: bool
) -> None:
    jobs = f"on: push\njobs:\n  a: {{steps: [{{run: python manage.py test}}]}}\n  b: {{uses: {uses}}}\n"
    warnings = project(tmp_path, {".github/workflows/ci.yml": jobs}).warnings
    assert any(uses in text for text in warnings) == is_named


def test_a_script_whose_syntax_is_checked_does_not_run(tmp_path: Path) -> None:
    found = project(
        tmp_path, {**workflow("pytest", "bash -n start.sh"), "start.sh": "python manage.py seed\n"}
    )
    assert [line.line for line in found.facts.left_out] == ["bash -n start.sh"]
    assert "'bash -n start.sh'" in named(found)


def test_scripts_that_a_linters_image_reads_do_not_run(tmp_path: Path) -> None:
    line = "docker run --rm -v .:/mnt koalaman/shellcheck:stable scripts/start.sh scripts/seed.sh"
    scripts = {
        "scripts/start.sh": 'python manage.py check --deploy\nexec "$@"\n',
        "scripts/seed.sh": "",
    }
    warning = named(project(tmp_path, {**workflow("pytest", line), **scripts}))
    assert "koalaman/shellcheck" in warning
    assert "check --deploy" not in warning


@pytest.mark.parametrize(
    "line",
    [
        "uv lock --check",
        "uv lock --locked",
        "poetry check --lock",
        "pip check",
        "uv pip check",
        "pdm lock --check",
        "pipenv verify",
    ],
)
def test_a_check_of_the_lock_file_is_no_installation(tmp_path: Path, line: str) -> None:
    found = project(tmp_path, workflow(line, "pip install -r requirements.txt", "pytest"))
    assert f"{line!r} (" in named(found)
    assert "pip install" not in named(found)


def test_unknown_programs_count_as_checks_in_jobs_for_checks(tmp_path: Path) -> None:
    jobs = """
        on: push
        jobs:
          lint:
            steps:
              - run: cspell README.md
              - run: mkdir -p out
              - run: chmod +x x.sh
              - run: npm ci
              - run: python -c 'x()' > local.py
              - run: sed s/x// runtime.txt | head > .python-version
          build:
            steps: [{run: assemble README.md}, {run: pytest}]
    """
    found = project(tmp_path, {".github/workflows/ci.yml": jobs})
    assert "'cspell README.md' (" in named(found)
    assert not any(word in named(found) for word in ("mkdir", "chmod", "npm", "assemble", " > "))


def test_programs_for_tests_in_other_jobs_are_named(tmp_path: Path) -> None:
    jobs = """
        on: push
        jobs:
          test: {steps: [{run: ./test_data.sh}, {run: pytest}]}
          client:
            steps:
              - run: git clone https://example.com/client.git
              - run: client/ci/run_testsuite.sh --all
              - run: ./latest.sh
          ui: {steps: [{run: e2e-runner chrome}, {run: smoketest || true}]}
    """
    text = named(project(tmp_path, {".github/workflows/ci.yml": jobs, "test_data.sh": "touch x\n"}))
    assert "'client/ci/run_testsuite.sh --all' (" in text
    assert "'e2e-runner chrome' (" in text
    assert not any(word in text for word in ("test_data", "latest", "git clone", "smoketest"))


def test_a_long_line_is_cut_in_a_warning(tmp_path: Path) -> None:
    names = " ".join(f"--ignore-name {number:04}_name" for number in range(40))
    line = f"python manage.py lintmigrations   {names}"
    text = named(project(tmp_path, workflow("pytest", line)))
    assert "'python manage.py lintmigrations --ignore-name 0000_name" in text
    assert "…' (.github" in text
    assert "0039_name" not in text


@pytest.mark.parametrize(
    "line",
    [
        "diff-cover coverage.xml --fail-under=100",
        "scan-lock . --fail-on high",
        "python3 -m doctest docs/reader.py",
        "npx karma start",
        "npx nx affected --target=test",
        "npx playwright test",
    ],
)
def test_a_gate_behind_the_tests_is_a_check(tmp_path: Path, line: str) -> None:
    found = project(tmp_path, workflow("pytest", line, "report-cover coverage.xml"))
    assert named(found).endswith(f"contain: {line!r} (.github/workflows/ci.yml)")


@pytest.mark.parametrize(
    ("line", "warned"), [("npm run browsers:install", False), ("npm run browsers:test", True)]
)
def test_a_task_that_installs_is_no_check(tmp_path: Path, line: str, warned: bool) -> None:
    package = {
        "scripts": {"browsers:install": "playwright install", "browsers:test": "playwright test"}
    }
    files = {**workflow("pytest", line), "package.json": json.dumps(package)}
    assert (line in named(project(tmp_path, files))) is warned


def test_a_script_behind_the_tests_that_fails_by_itself_is_a_check(tmp_path: Path) -> None:
    gives_up = 'if [ -n "$(ls */migrations/*_auto_*)" ]; then exit 1; fi\n'
    files = {
        **workflow("./scripts/test/all.sh", "./scripts/test/upload.sh", "./scripts/deploy.sh"),
        "scripts/test/all.sh": "python manage.py test\n./scripts/test/names.sh\n./scripts/test/lint.sh\nexit 1\n",
        "scripts/test/names.sh": gives_up,
        "scripts/test/lint.sh": f"flake8 . || exit 1\n{gives_up}",
        "scripts/test/upload.sh": "curl https://example.org\n",
        "scripts/deploy.sh": f"{gives_up}rsync . host:/srv\n",
    }
    warning = named(project(tmp_path, files))
    assert warning.endswith("contain: './scripts/test/names.sh' (scripts/test/all.sh)")


def test_a_script_in_front_of_the_tests_that_only_fails_is_a_check(tmp_path: Path) -> None:
    files = {
        **workflow(
            "./scripts/test/names.sh",
            "./scripts/test/found.sh",
            "./scripts/test/rm.sh",
            "./scripts/test/db.sh",
            "python manage.py test",
        ),
        "scripts/test/found.sh": 'T=$(mktemp)\nfind */migrations/*_auto_*.py >"$T"\n'
        'if [ $(cat "$T" | wc -l) -ne 0 ]; then cat "$T"; rm "$T"; exit 1; else rm "$T"; fi\n',
        "scripts/test/rm.sh": "rm -rf var || exit 1\n",
        "scripts/test/names.sh": 'found="$(ls shop/*_auto_*)"\nif [ -n "$found" ]; then echo no; exit 1; fi\n',
        "scripts/test/db.sh": "for i in 1 2; do nc -z db 5432 && exit 0; done\nexit 1\n",
    }
    warning = named(project(tmp_path, files))
    found = (
        f"'./scripts/test/{name}.sh' (.github/workflows/ci.yml)" for name in ("names", "found")
    )
    assert warning.endswith(f"contain: {', '.join(found)}")


@pytest.mark.parametrize(
    ("scripts", "task"),
    [
        ('{"test": "scripts/js.sh"}', "npm run test"),
        ('{"test:unit": "node ./run.js"}', "npm run test:unit"),
        ('{"test": "echo nothing"}', None),
        ('{"test": "python manage.py test"}', None),
    ],
)
def test_a_task_for_tests_whose_program_is_not_known_is_named(
    tmp_path: Path, scripts: str, task: str | None
) -> None:
    jobs = f"""
on: push
jobs:
  test: {{steps: [{{run: python manage.py test}}]}}
  javascript: {{steps: [{{run: npm ci}}, {{run: {task or "npm run test"}}}, {{run: npm run build}}]}}
"""
    files = {
        ".github/workflows/ci.yml": jobs,
        "package.json": f'{{"scripts": {scripts}}}',
        "scripts/js.sh": 'CMD="node x"\neval "$CMD" 2> >(tee log)\n',
    }
    found = named(project(tmp_path, files))
    assert (f"{task!r} (.github/workflows/ci.yml)" in found) if task else not found


def test_a_script_in_a_job_for_checks_that_fails_by_itself_is_a_check(tmp_path: Path) -> None:
    jobs = """
on: push
jobs:
  tests: {steps: [{run: pytest}]}
  linters:
    steps: [{run: ./scripts/wait.sh}, {run: bash scripts/templatelint.sh}, {run: "./scripts/pylint.sh"}]
  build: {steps: [{run: ./scripts/check-tools.sh}]}
"""
    gives_up = "if grep -rn '{{x' templates; then exit 1; fi\n"
    files = {
        ".github/workflows/ci.yml": jobs,
        "scripts/wait.sh": gives_up,
        "scripts/templatelint.sh": gives_up,
        "scripts/pylint.sh": f"pylint mysite\n{gives_up}",
        "scripts/check-tools.sh": gives_up,
    }
    warning = named(project(tmp_path, files))
    assert warning.endswith("contain: 'bash scripts/templatelint.sh' (.github/workflows/ci.yml)")


def test_an_action_of_the_repository_in_an_image_of_its_own_is_named(tmp_path: Path) -> None:
    jobs = """
        on: push
        jobs:
          test: {steps: [{run: pytest}]}
          settings: {steps: [{uses: ./.github/actions/deploy-check}, {uses: ./.github/actions/publish}]}
    """
    image = "runs: {using: docker, image: Dockerfile}\n"
    files = {
        ".github/workflows/ci.yml": jobs,
        ".github/actions/deploy-check/action.yml": image,
        ".github/actions/publish/action.yml": image,
    }
    warning = named(project(tmp_path, files))
    assert warning.endswith(
        "contain: 'uses: ./.github/actions/deploy-check' (.github/workflows/ci.yml)"
    )


@pytest.mark.parametrize(
    ("jobs", "named"),
    [
        ("stack: {steps: [{run: docker compose up -d --wait}]}", True),
        ("stack: {steps: [{run: docker compose up -d}]}", False),
        ("stack: {steps: [{run: docker compose up -d --wait web}]}", True),
        ("stack: {steps: [{run: docker compose up -d --wait proxy}]}", True),
        ("cache: {steps: [{run: docker compose up -d --wait db}]}", False),
        ("deploy: {steps: [{run: docker compose up -d --wait}]}", False),
        ("pages: {steps: [{run: docker compose up -d --wait}, {run: npx playwright test}]}", False),
        ("more: {steps: [{run: docker compose up --wait db}, {run: flake8 .}]}", False),
    ],
)
def test_a_job_that_only_waits_for_healthy_containers_is_named(
    tmp_path: Path, jobs: str, *, named: bool
) -> None:
    ci = f"on: push\njobs:\n  test: {{steps: [{{run: python manage.py test}}]}}\n  {jobs}\n"
    compose = "services: {web: {build: .}, proxy: {image: nginx, depends_on: [web]}, db: {image: 'postgres:16'}}\n"
    files = {**django(), ".github/workflows/ci.yml": ci, "compose.yml": compose}
    warnings = loaded(tmp_path, files).warnings
    assert any("'docker compose up -d --wait" in text for text in warnings) is named


def test_a_check_with_an_unknown_value_is_proposed_as_the_call_of_its_script(
    tmp_path: Path,
) -> None:
    jobs = """
        on: push
        jobs:
          test: {steps: [{run: pytest}]}
          docs: {steps: [{run: pip install sphinx}, {run: ./scripts/docs.sh --all}, {run: linkchecker $X}]}
    """
    script = 'OUT=$(mktemp -d)\nsphinx-build -W docs "$OUT"\nlinkchecker "$OUT"\n'
    files = {".github/workflows/ci.yml": jobs, "scripts/docs.sh": script}
    found = project(tmp_path, files)
    assert "sphinx-build -W docs" in named(found)
    steps = 'stages.docs = { steps = ["pip install sphinx", "./scripts/docs.sh --all"] }'
    assert steps in suggest_toml(found, Supported())


def test_a_script_for_another_machine_is_no_check(tmp_path: Path) -> None:
    workflow_file = """
        on: push
        jobs:
          test: {steps: [{run: python manage.py test}]}
          deploy:
            steps:
              - uses: appleboy/ssh-action@v1
                with: {host: shop.example.org, script: "sudo nginx -t && sudo service nginx reload"}
    """
    found = project(tmp_path, {".github/workflows/ci.yml": workflow_file})
    assert not named(found)


@pytest.mark.parametrize(
    ("lines", "is_check"),
    [
        (("autopep8 --in-place -r mysite",), False),
        (("autopep8 -ri mysite",), False),
        (("yapf -i -r mysite",), False),
        (("npx prettier --write .",), False),
        (("autopep8 --diff --exit-code -r mysite",), True),
        (("autopep8 -ri --exit-code mysite",), True),
        (("yapf --diff -r mysite",), True),
        (("npx prettier --check .",), True),
        (("autopep8 -ri mysite", "git diff --exit-code"), True),
    ],
)
def test_a_formatter_that_changes_files_is_a_check_only_if_git_looks_for_changes(
    tmp_path: Path, lines: tuple[str, ...], *, is_check: bool
) -> None:
    steps = ", ".join(f"{{run: {line}}}" for line in lines)
    jobs = f"on: push\njobs:\n  lint: {{steps: [{steps}]}}\n  test: {{steps: [{{run: pytest}}]}}\n"
    found = project(tmp_path, {".github/workflows/ci.yml": jobs})
    assert any(lines[-1] in text for text in found.warnings) is is_check
    proposed = suggest_toml(found, Supported())
    assert all(line in proposed for line in lines) is is_check


@pytest.mark.parametrize(
    "line", ["prospector mysite", "django-upgrade mysite/settings.py", "yapf -ir ."]
)
def test_no_linter_prepares_the_tests(tmp_path: Path, line: str) -> None:
    found = project(tmp_path, workflow(line, "python manage.py test"))
    assert found.config.tests.before == ()


def test_a_test_script_that_lints_is_a_check(tmp_path: Path) -> None:
    files = {"runtests.py": "import pytest\npytest.main()\n"}
    lines = ("python runtests.py", "python runtests.py --lintonly")
    found = project(tmp_path, {**files, **workflow(*lines)})
    assert "'python runtests.py --lintonly' (" in named(found)
