"""What is known of a project becomes a plan: a test for each rule, on configuration loaded from real files."""

from __future__ import annotations

import json
import subprocess
import warnings
from pathlib import Path

import pytest

from heroci_action.errors import ConfigurationError
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from heroci_action.plan.actions import (
    BuildImage,
    CollectReports,
    Command,
    Customise,
    ExportImage,
    InstallDependencies,
    InstallSystemPackages,
    PublishImage,
    RunsIn,
    Serve,
)
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.sharding import Shard
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded, manage

POSTGRES = """
import os
import dj_database_url
DATABASES = {"default": dj_database_url.config(default="postgres://localhost/x")}
"""
SQLITE_URL = POSTGRES.replace("postgres://localhost/x", "sqlite:///db.sqlite3")
SERVED = {
    "requirements.txt": "django\npsycopg\ngunicorn\n",
    "mysite/wsgi.py": "application = get_wsgi_application()\n",
    "mysite/urls.py": 'urlpatterns = [path("health/", views.health)]\n',
}
DOCKERFILE = {"Dockerfile": "FROM python:3.13\nCOPY . .\nEXPOSE 8000\nCMD gunicorn mysite.wsgi\n"}


def plan(root: Path, files: dict[str, str], *, docker: bool = True) -> Plan:
    place = RunContext(no_image=None if docker else "no Docker daemon answers")
    return build_plan(loaded(root, files), place)


def project(settings: str = SQLITE, *parts: dict[str, str], toml: str = "") -> dict[str, str]:
    files = django(settings)
    for part in parts:
        files |= part
    return files | ({"heroci.toml": toml} if toml else {})


def step(stage: Stage, name: str) -> Step:
    return next(step for step in stage.steps if step.name == name)


def line(stage: Stage, name: str) -> tuple[str, ...] | str:
    action = step(stage, name).action
    assert isinstance(action, Command)
    return action.line


def names(stage: Stage) -> list[str]:
    return [step.name for step in stage.steps]


# base


def test_the_base_stage_installs_what_the_project_depends_on(tmp_path: Path) -> None:
    made = plan(tmp_path, project(SQLITE, {"requirements.txt": "django\n"}))
    assert [step.action for step in made.stage("base").steps] == [InstallDependencies()]
    assert made.environment.requirements == ("requirements.txt",)
    assert made.environment.overlay == ("coverage",)


@pytest.mark.parametrize(
    ("part", "required"),
    [({"heroci.toml": 'apt = ["libpq-dev"]\n'}, True), ({"requirements.txt": "psycopg2\n"}, False)],
)
def test_system_packages_are_required_where_somebody_wrote_them_down(
    tmp_path: Path, part: dict[str, str], required: bool
) -> None:
    action = plan(tmp_path, project(SQLITE, part)).stage("base").steps[0].action
    assert isinstance(action, InstallSystemPackages)
    assert (action.required, "libpq-dev" in action.packages) == (required, True)


def test_metadata_is_installed_where_no_requirements_file_stands_for_it(tmp_path: Path) -> None:
    pyproject = {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["django"]\n'}
    both = plan(tmp_path / "a", project(SQLITE, pyproject, {"requirements.txt": "django"}))
    alone = plan(tmp_path / "b", project(SQLITE, pyproject))
    assert both.environment.project is None
    assert (alone.environment.project, alone.environment.metadata) == (".", "pyproject.toml")


def test_without_coverage_nothing_is_laid_over_the_projects_packages(tmp_path: Path) -> None:
    made = plan(tmp_path, project(toml="tests.coverage = false\n"))
    assert made.environment.overlay == ()
    assert names(made.stage("tests")) == ["check", "migrations", "tests"]
    assert line(made.stage("tests"), "tests")[:3] == ("python", "manage.py", "test")


def test_each_tool_is_installed_once_in_the_projects_version(tmp_path: Path) -> None:
    files = project(
        toml='lint = ["ruff", "ruff-format", "black"]\n',
    ) | {"requirements.txt": "ruff==0.9.1\n"}
    tools = plan(tmp_path, files).environment.tools
    assert (tools[0], tools[1].startswith("black"), len(tools)) == ("ruff==0.9.1", True, 2)


# lint


def test_every_lint_tool_is_a_step_beside_the_others_and_is_read(tmp_path: Path) -> None:
    stage = plan(tmp_path, project(toml='lint = ["black", "flake8"]\n')).stage("lint")
    assert (stage.parallel, stage.needs, names(stage)) == (True, ("base",), ["black", "flake8"])
    assert [report.kind for step in stage.steps for report in step.reports] == [
        "black",
        "flake8",
    ]


def test_tools_keep_their_caches_outside_of_the_checkout(tmp_path: Path) -> None:
    lint = plan(tmp_path, project(toml='lint = ["black", "ruff", "mypy", "isort"]')).stage("lint")
    assert lint.caches == ("{caches}",)
    assert [dict(each.env) for each in lint.steps] == [
        {"BLACK_CACHE_DIR": "{caches}/black"},
        {"RUFF_CACHE_DIR": "{caches}/ruff"},
        {"MYPY_CACHE_DIR": "{caches}/mypy"},
        {},
    ]


def test_black_answers_from_its_cache_and_shows_a_diff_only_of_a_failure(tmp_path: Path) -> None:
    lint = plan(tmp_path, project(toml='lint = ["black"]')).stage("lint")
    action = step(lint, "black").action
    assert isinstance(action, Command)
    assert "--diff" not in action.line
    assert action.explain
    assert set(action.explain) - set(action.line) == {"--diff"}


def test_flake8_is_planned_as_it_is_called_after_a_look_at_what_has_changed(tmp_path: Path) -> None:
    lint = plan(tmp_path, project(toml='lint = ["flake8"]')).stage("lint")
    action = step(lint, "flake8").action
    assert isinstance(action, Command)
    assert action.line[0] == "flake8"
    assert action.quick == ("python", "{probes}/heroci_flake8.py", *action.line[1:])


def test_a_program_that_rewrites_files_runs_on_copies(tmp_path: Path) -> None:
    toml = 'lint.pyupgrade.command = ["pyupgrade", "--py311-plus", "a.py"]\n'
    action = step(plan(tmp_path, project(toml=toml)).stage("lint"), "pyupgrade").action
    assert isinstance(action, Command)
    assert str(action) == "pyupgrade --py311-plus a.py"
    assert action.through == ("python", "{probes}/heroci_unchanged.py")


def test_a_hooks_tool_runs_in_the_version_of_the_hook(tmp_path: Path) -> None:
    pre_commit = """
        repos:
        - {repo: black, rev: 23.3.0, hooks: [{id: black}]}
        - {repo: mypy, rev: v1.17.0, hooks: [{id: mypy, language: system}]}
        - {repo: pyupgrade, rev: v3.9.0, hooks: [{id: pyupgrade}]}
        - {repo: https://github.com/pre-commit/pre-commit-hooks, rev: v2.3.0, hooks: [{id: flake8}]}
    """
    files = {
        ".pre-commit-config.yaml": pre_commit,
        "requirements.txt": "black==25.1.0\nflake8==7.1.2\nmypy==1.1.1\nisort==5.13.2\npyupgrade==3.19.1\n",
    }
    calls = workflow("pre-commit run -a", "isort --check .", "python manage.py test")
    built = plan(tmp_path, project(SQLITE, files, calls))
    assert {"black==23.3.0", "isort==5.13.2", "pyupgrade==3.9.0"} < set(built.environment.tools)
    actions = {step.name: step.action for step in built.stage("lint").steps}
    led = {name: action.through for name, action in actions.items() if isinstance(action, Command)}
    assert led["flake8"] == led["mypy"] == led["isort"] == ()
    assert "flake8==7.1.2" in built.environment.tools
    assert led["black"][:2] == ("sh", "-c")
    assert "{tools}/bin:$PATH" in led["black"][2]
    assert led["pyupgrade"] == (*led["black"], "python", "{probes}/heroci_unchanged.py")


def test_a_tool_of_the_projects_own_runs_as_written(tmp_path: Path) -> None:
    toml = 'lint.types = { command = "mypy src", format = "mypy" }\nlint.spell = "codespell"\n'
    stage = plan(tmp_path, project(toml=toml)).stage("lint")
    assert (line(stage, "types"), line(stage, "spell")) == ("mypy src", "codespell")
    assert step(stage, "types").reports[0].kind == "mypy"
    assert step(stage, "spell").reports == ()


def test_no_lint_tools_skip_the_stage(tmp_path: Path) -> None:
    assert plan(tmp_path, project(toml="lint = []\n")).stage("lint").skip


# tests


def test_django_checks_and_migrates_at_the_same_time_before_the_tests(tmp_path: Path) -> None:
    stage = plan(tmp_path, project(POSTGRES, SERVED)).stage("tests")
    assert names(stage) == [
        "coverage settings",
        "check",
        "migrations",
        "migrate",
        "tests",
        "coverage",
    ]
    assert [step.name for step in stage.steps if step.concurrent] == [
        "check",
        "migrations",
        "migrate",
    ]
    assert (stage.services, stage.env["DATABASE_URL"]) == (("postgres",), "{postgres.url}")
    assert line(stage, "migrations") == ("python", "{probes}/heroci_migrations.py", "manage.py")


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        (POSTGRES, ["coverage settings", "migrations", "migrate", "check", "tests", "coverage"]),
        (SQLITE, ["coverage settings", "migrations", "tests", "coverage"]),
    ],
)
def test_the_checks_wait_for_the_tables_if_an_import_queries_the_database(
    tmp_path: Path, settings: str, steps: list[str]
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    query = "CHOICES = [(shop.pk, shop) for shop in Shop.objects.all()]\n"
    forms = {"mysite/forms.py": query, "mysite/urls.py": "from mysite.forms import CHOICES\n"}
    stage = plan(tmp_path, project(settings, SERVED, forms)).stage("tests")
    assert names(stage) == steps
    assert [step.name for step in stage.steps if step.concurrent] == [
        name for name in steps if name.startswith("migrat")
    ]


def test_without_a_server_nothing_is_migrated_before_the_tests(tmp_path: Path) -> None:
    assert "migrate" not in names(plan(tmp_path, project()).stage("tests"))


def test_a_database_whose_name_only_a_process_knows_is_not_migrated_before_the_tests(
    tmp_path: Path,
) -> None:
    settings = """
        DATABASES = {"default": {
            "ENGINE": "django.db.backends.postgresql", "NAME": f"shop_{uuid1()}", "HOST": os.environ["H"],
        }}
        """
    stage = plan(tmp_path, project(settings, SERVED)).stage("tests")
    assert "migrate" not in names(stage)
    assert "HEROCI_SCHEMA" not in step(stage, "tests").env


@pytest.mark.parametrize("shared", [True, False])
def test_the_tests_copy_the_migrated_database_unless_it_is_switched_off(
    tmp_path: Path, *, shared: bool
) -> None:
    toml = f"tests.share-schema = {str(shared).lower()}\n"
    stage = plan(tmp_path, project(POSTGRES, SERVED, toml=toml)).stage("tests")
    assert ("{probes}/heroci_migrate.py" in line(stage, "migrate")) is shared
    assert ("HEROCI_SCHEMA" in step(stage, "tests").env) is shared


def test_the_check_of_migrations_can_be_switched_off(tmp_path: Path) -> None:
    stage = plan(tmp_path, project(toml="tests.check-migrations = false\n")).stage("tests")
    assert "migrations" not in names(stage)


@pytest.mark.parametrize(("runner", "blocking"), [("django", True), ("pytest", False)])
def test_djangos_check_stops_only_the_runner_that_asks_the_same(
    tmp_path: Path, runner: str, blocking: bool
) -> None:
    stage = plan(tmp_path, project(POSTGRES, toml=f'tests.runner = "{runner}"\n')).stage("tests")
    assert step(stage, "check").blocking is blocking
    assert not any(step(stage, name).blocking for name in ("migrations", "migrate", "tests"))


ASKING = 'import sys\nTESTING = "test" in sys.argv or "pytest" in sys.modules\n'


@pytest.mark.parametrize("runner", ["django", "pytest"])
def test_where_the_settings_ask_who_loads_them_the_steps_before_the_tests_have_the_same_ones(
    tmp_path: Path, runner: str
) -> None:
    toml = f'tests.runner = "{runner}"\ntests.check-migrations = "warn"\n'
    stage = plan(tmp_path, project(POSTGRES + ASKING, SERVED, toml=toml)).stage("tests")
    as_tests = "{probes}/heroci_as_tests.py"
    assert line(stage, "check") == ("python", as_tests, "manage.py", "check")
    assert line(stage, "migrations")[2:] == ("--warn", as_tests, "manage.py")
    steps = [step(stage, name) for name in ("check", "migrations", "migrate")]
    assert {each.env["HEROCI_AS_TESTS"] for each in steps} == {runner}


@pytest.mark.parametrize(("call", "plain"), [("check", True), ("check --deploy || true", False)])
def test_a_check_of_the_ci_has_the_settings_that_it_has_there(
    tmp_path: Path, call: str, plain: bool
) -> None:
    ci = workflow(f"python manage.py {call}", "python manage.py test")
    stage = plan(tmp_path, project(POSTGRES + ASKING, {**SERVED, **ci})).stage("tests")
    assert (line(stage, "check") == ("python", "manage.py", "check")) == plain


def test_a_required_check_of_migrations_has_the_settings_of_the_projects_own(
    tmp_path: Path,
) -> None:
    stage = plan(tmp_path, project(POSTGRES + ASKING, SERVED)).stage("tests")
    assert line(stage, "migrations") == ("python", "{probes}/heroci_migrations.py", "manage.py")


def test_the_check_of_migrations_names_the_apps_that_the_ci_names(tmp_path: Path) -> None:
    ci = workflow("python manage.py makemigrations --check shop blog", "python manage.py test")
    stage = plan(tmp_path, project(POSTGRES, ci)).stage("tests")
    probe = ("python", "{probes}/heroci_migrations.py", "--apps=shop,blog", "manage.py")
    assert line(stage, "migrations") == probe


def test_a_package_without_manage_py_is_not_asked_for_checks(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "x"\ndependencies = ["django"]\n',
        "tests/settings.py": SQLITE,
        "x/__init__.py": "",
    }
    stage = plan(tmp_path, files).stage("tests")
    assert names(stage) == ["coverage settings", "tests", "coverage"]
    assert "-m django test" in str(step(stage, "tests").action)


@pytest.mark.parametrize(
    ("part", "blocking"),
    [
        ({"heroci.toml": 'tests.before = ["make assets"]\n'}, True),
        (
            {".github/workflows/t.yml": "jobs: {t: {steps: [{run: npm ci}, {run: ./manage.py test}]}}"},
            False,
        ),
    ],
)  # fmt: skip
def test_a_preparation_stops_the_tests_where_somebody_wrote_it_down(
    tmp_path: Path, part: dict[str, str], blocking: bool
) -> None:
    first = plan(tmp_path, project(SQLITE, part)).stage("tests").steps[0]
    assert (first.name in {"make assets", "npm ci"}, first.blocking) == (True, blocking)


def test_djangos_runner_is_recorded_and_keeps_the_projects_arguments(tmp_path: Path) -> None:
    toml = 'tests.args = ["shop", "--tag", "fast"]\n'
    found = step(plan(tmp_path, project(toml=toml)).stage("tests"), "tests")
    assert "--testrunner heroci_django_runner.Runner shop --tag fast" in str(found.action)
    assert [report.kind for report in found.reports] == ["django-record"]
    assert found.must_report
    assert found.env["HEROCI_RECORD"] == "{reports}/record-1"


@pytest.mark.parametrize(
    "toml", ['env.PYTEST_PLUGINS = "own"', 'stages.tests.env.PYTEST_PLUGINS = "own"']
)
def test_any_pytest_is_recorded_next_to_the_projects_own_plugins(tmp_path: Path, toml: str) -> None:
    found = step(plan(tmp_path, project(toml=f"{toml}\n")).stage("tests"), "tests")
    assert found.env["PYTEST_PLUGINS"] == "own,heroci_pytest_plugin"


def test_pytest_is_recorded_without_a_word_against_its_options(tmp_path: Path) -> None:
    toml = 'tests.runner = "pytest"\ntests.args = ["-m", "not slow"]\n'
    found = step(plan(tmp_path, project(toml=toml)).stage("tests"), "tests")
    assert str(found.action).endswith("-o junit_family=xunit1 -m 'not slow'")
    assert "--no-cov" not in str(found.action)
    assert found.env["PYTEST_PLUGINS"] == "heroci_pytest_plugin"
    assert [report.kind for report in found.reports] == ["junit", "database-record"]


def test_pytest_cov_gives_way_where_the_project_switches_it_on(tmp_path: Path) -> None:
    ini = "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\naddopts = --cov=mysite\n"
    on = plan(tmp_path / "a", project(SQLITE, {"pytest.ini": ini})).stage("tests")
    files = project(SQLITE, {"pytest.ini": ini}, toml="tests.coverage = false\n")
    off = plan(tmp_path / "b", files).stage("tests")
    assert "--no-cov" in line(on, "tests")
    assert "--no-cov" not in line(off, "tests")


@pytest.mark.parametrize(
    ("runner", "parallel", "words"),
    [
        ("django", "true", "test --parallel --noinput"),
        ("django", "3", "test --parallel 3 --noinput"),
        ("django", "1", "test --noinput"),
        ("django", "false", "test --noinput"),
        ("pytest", "true", "junit_family=xunit1 -n auto"),
        ("pytest", "2", "junit_family=xunit1 -n 2"),
    ],
)
def test_test_processes_are_what_the_runner_calls_them(
    tmp_path: Path, runner: str, parallel: str, words: str
) -> None:
    toml = f'tests.runner = "{runner}"\ntests.parallel = {parallel}\n'
    assert words in str(step(plan(tmp_path, project(toml=toml)).stage("tests"), "tests").action)


def test_several_runs_are_steps_with_reports_of_their_own_and_one_coverage(tmp_path: Path) -> None:
    toml = 'tests.args = [["--tag", "a"], ["--tag", "b"]]\n'
    stage = plan(tmp_path, project(toml=toml)).stage("tests")
    assert names(stage)[-3:] == ["tests", "tests 2", "coverage"]
    assert [step(stage, name).reports[0].path for name in ("tests", "tests 2")] == [
        "{reports}/record-1/*",
        "{reports}/record-2/*",
    ]


def test_coverage_is_collected_also_when_tests_fail_but_not_when_none_ran(tmp_path: Path) -> None:
    found = step(plan(tmp_path, project()).stage("tests"), "coverage")
    assert (found.always, found.belongs_to) == (True, "tests")
    assert found.reports[0].kind == "coverage-json"


def test_modules_below_another_directory_are_on_the_path(tmp_path: Path) -> None:
    files = {
        "src/manage.py": manage(),
        "src/mysite/settings.py": SQLITE,
        "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\npythonpath = src\n",
    }
    made = plan(tmp_path, files)
    assert made.directory == "."
    assert made.stage("tests").env["PYTHONPATH"] == "{probes}:{root}/src"
    assert line(made.stage("tests"), "check") == ("python", "src/manage.py", "check")


def test_a_project_in_a_subfolder_runs_there(tmp_path: Path) -> None:
    files = {"web/manage.py": manage(), "web/mysite/settings.py": SQLITE}
    made = plan(tmp_path, files)
    assert made.directory == "web"
    assert line(made.stage("tests"), "check") == ("python", "manage.py", "check")


# environment


def test_variables_of_a_service_reach_only_stages_that_have_it(tmp_path: Path) -> None:
    made = plan(tmp_path, project(POSTGRES, SERVED, toml='env = { A = "1" }\n'))
    assert "DATABASE_URL" not in made.stage("lint").env
    assert made.stage("lint").env["A"] == "1"
    assert made.stage("tests").env["DJANGO_SETTINGS_MODULE"] == "mysite.settings"


def test_the_server_has_its_own_settings(tmp_path: Path) -> None:
    wsgi = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.production")\n'
    ini = "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n"
    parts = {
        "mysite/wsgi.py": wsgi + "application = get_wsgi_application()\n",
        "mysite/production.py": "",
        "pytest.ini": ini,
    }
    made = plan(tmp_path, project(POSTGRES, SERVED, parts), docker=False)
    assert made.stage("tests").env["DJANGO_SETTINGS_MODULE"] == "mysite.settings"
    assert made.stage("integration").env["DJANGO_SETTINGS_MODULE"] == "mysite.production"


# image


def test_the_image_is_built_migrated_started_and_checked_inside(tmp_path: Path) -> None:
    stage = plan(tmp_path, project(POSTGRES, SERVED, DOCKERFILE)).stage("image")
    assert names(stage) == ["build", "migrate", "start", "check --deploy"]
    assert isinstance(step(stage, "build").action, BuildImage)
    places = {
        step.action.runs_in for step in stage.steps if isinstance(step.action, Command | Serve)
    }
    assert places == {RunsIn.IMAGE}
    serve = step(stage, "start").action
    assert isinstance(serve, Serve)
    assert (serve.port, serve.health, serve.command) == (8000, "/health/", None)


@pytest.mark.parametrize(
    ("parts", "toml", "docker", "reason"),
    [
        ({}, "", True, "no Dockerfile"),
        (DOCKERFILE, "image = false\n", True, "disabled by"),
        (DOCKERFILE, "", False, "no Docker daemon answers"),
    ],
)
def test_an_image_stage_without_work_says_why(
    tmp_path: Path, parts: dict[str, str], toml: str, docker: bool, reason: str
) -> None:
    stage = plan(tmp_path, project(SQLITE, parts, toml=toml), docker=docker).stage("image")
    assert reason in (stage.skip or "")


# integration


def test_the_image_is_asked_where_there_is_one_else_the_server_of_the_environment(
    tmp_path: Path,
) -> None:
    files = project(POSTGRES, SERVED, DOCKERFILE)
    with_image = plan(tmp_path, files).stage("integration")
    without = plan(tmp_path, files, docker=False).stage("integration")
    assert (with_image.needs, without.needs) == (("base", "image"), ("base",))
    for stage, runs_in in ((with_image, RunsIn.IMAGE), (without, RunsIn.ENVIRONMENT)):
        assert stage.skip is None
        assert names(stage) == ["migrate", "start"]
        serve = step(stage, "start").action
        assert isinstance(serve, Serve)
        assert (serve.runs_in, serve.health) == (runs_in, "/health/")


@pytest.mark.parametrize(
    ("toml", "image", "integration"),
    [
        ("", True, True),
        ("stages.image.env = { A = '1' }\n", True, True),
        ("stages.image.steps = ['./scan.sh']\n", False, True),
        ("stages.integration.outputs = ['traces']\n", True, False),
        ("integration.command = 'pytest e2e'\n", True, False),
    ],
)
def test_stages_that_run_only_the_image_are_confined_to_it(
    tmp_path: Path, toml: str, image: bool, integration: bool
) -> None:
    made = plan(tmp_path, project(POSTGRES, SERVED, DOCKERFILE, toml=toml))
    confined = [made.stage(name).confined_to for name in ("image", "integration")]
    build = step(made.stage("image"), "build").action
    assert confined == [build if image else None, build if integration else None]
    assert made.stage("tests").confined_to is None


def test_steps_that_are_added_to_the_image_wait_for_their_environment(tmp_path: Path) -> None:
    files = project(POSTGRES, SERVED, DOCKERFILE)
    scanned = project(POSTGRES, SERVED, DOCKERFILE, toml="stages.image.steps = ['x']\n")
    assert plan(tmp_path / "a", files).stage("image").needs == ()
    assert plan(tmp_path / "b", scanned).stage("image").needs == ("base",)


def test_without_an_image_the_checks_see_the_whole_repository(tmp_path: Path) -> None:
    files = project(POSTGRES, SERVED, DOCKERFILE)
    assert plan(tmp_path, files, docker=False).stage("integration").confined_to is None


def test_checks_are_one_step_with_a_report_and_the_own_tests_another(tmp_path: Path) -> None:
    toml = 'integration = { checks = ["/", {path = "/x", status = 404}], command = "pytest e2e" }\n'
    stage = plan(tmp_path, project(POSTGRES, SERVED, toml=toml), docker=False).stage("integration")
    assert names(stage)[-2:] == ["checks", "end-to-end tests"]
    checks = json.loads(line(stage, "checks")[2])
    assert [(check["path"], check["status"]) for check in checks] == [("/", 200), ("/x", 404)]
    assert step(stage, "checks").reports[0].kind == "junit"
    assert line(stage, "end-to-end tests") == "pytest e2e"


@pytest.mark.parametrize(
    ("settings", "parts", "toml", "reason"),
    [
        (POSTGRES, SERVED, "integration.enabled = false\n", "disabled by"),
        (POSTGRES, {}, "", "no health endpoint was found"),
        (POSTGRES, {**SERVED, "requirements.txt": "django\npsycopg\n"}, "", "no production server"),
        (SQLITE, SERVED, "", "SQLite file of the checkout"),
    ],
)
def test_an_integration_stage_without_work_says_why(
    tmp_path: Path, settings: str, parts: dict[str, str], toml: str, reason: str
) -> None:
    stage = plan(tmp_path, project(settings, parts, toml=toml), docker=False).stage("integration")
    assert reason in (stage.skip or "")


def test_an_application_on_sqlite_gets_a_file_of_the_runs_own_and_it_is_migrated(
    tmp_path: Path,
) -> None:
    served = {**SERVED, "requirements.txt": "django\ngunicorn\n"}
    stage = plan(tmp_path, project(SQLITE_URL, served), docker=False).stage("integration")
    assert stage.skip is None
    assert stage.env["DATABASE_URL"] == "sqlite:///{reports}/integration.sqlite3"
    assert names(stage) == ["migrate", "start"]


@pytest.mark.parametrize(
    ("toml", "optional"),
    [("", True), ('integration.checks = ["/"]\n', False), ("integration.enabled = true\n", False)],
)
def test_asking_an_endpoint_that_was_only_found_does_not_fail_the_run(
    tmp_path: Path, toml: str, optional: bool
) -> None:
    stage = plan(tmp_path, project(POSTGRES, SERVED, toml=toml), docker=False).stage("integration")
    assert (stage.skip, stage.optional) == (None, optional)


def test_a_database_that_the_user_names_is_left_as_it_is(tmp_path: Path) -> None:
    served = {**SERVED, "requirements.txt": "django\ngunicorn\n"}
    toml = 'env = { DATABASE_URL = "sqlite:///mine.db" }\nintegration.enabled = true\n'
    files = project(SQLITE_URL, served, toml=toml)
    stage = plan(tmp_path, files, docker=False).stage("integration")
    assert (stage.skip, stage.env["DATABASE_URL"]) == (None, "sqlite:///mine.db")
    assert names(stage) == ["start"]


# stages of the project's own, and changes to the built-in ones


def test_a_stage_of_the_projects_own_stands_behind_base(tmp_path: Path) -> None:
    toml = """
        [stages.audit]
        steps = ["pip-audit", { name = "licenses", run = ["liccheck", "-s", "x"] }]
        reports = { sarif = "audit.sarif" }
        optional = true
        timeout = "2m"
    """
    stage = plan(tmp_path, project(toml=toml)).stage("audit")
    assert (stage.needs, stage.optional, stage.timeout) == (("base",), True, 120)
    assert names(stage) == ["pip-audit", "licenses", "reports"]
    assert (step(stage, "reports").action, step(stage, "reports").always) == (
        CollectReports(),
        True,
    )


def test_a_built_in_stage_takes_changes_and_keeps_the_rest(tmp_path: Path) -> None:
    toml = """
        [stages.tests]
        needs = ["base", "lint"]
        env = { LANG = "C" }
        timeout = 60
        steps = ["./after.sh"]
    """
    stage = plan(tmp_path, project(toml=toml)).stage("tests")
    assert (stage.needs, stage.env["LANG"], stage.timeout) == (("base", "lint"), "C", 60)
    assert names(stage)[-2:] == ["coverage", "./after.sh"]
    assert stage.env["DJANGO_SETTINGS_MODULE"] == "mysite.settings"


def test_options_of_the_run_and_services_reach_the_plan(tmp_path: Path) -> None:
    toml = """
        fail-fast = true
        max-parallel = 2
        timeout = "1h"
        [services.postgres]
        version = "16"
        env = { POSTGRES_DB = "shop" }
    """
    made = plan(tmp_path, project(POSTGRES, toml=toml))
    assert (made.fail_fast, made.max_parallel, made.timeout) == (True, 2, 3600)
    service = made.services["postgres"]
    assert (service.name, service.version, service.env) == (
        "postgres",
        "16",
        {"POSTGRES_DB": "shop"},
    )


def test_stages_that_do_not_fit_together_are_a_problem_of_the_configuration(tmp_path: Path) -> None:
    toml = '[stages.a]\nsteps = ["true"]\nneeds = ["nothing"]\n'
    with pytest.raises(ConfigurationError, match="nothing"):
        plan(tmp_path, project(toml=toml))


def test_the_configuration_serialises_without_a_warning(tmp_path: Path) -> None:
    toml = 'tests.args = [["a"], ["b"]]\nimage = false\nlint = ["black"]\n'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for files in (project(toml=toml), project()):
            loaded(tmp_path, files).config.model_dump(mode="json", by_alias=True)


def test_an_image_that_passed_is_exported_last(tmp_path: Path) -> None:
    toml = '[image]\nexport = "shop:ci"\nsecrets = ["INDEX_TOKEN"]\n'
    stage = plan(tmp_path, project(POSTGRES, SERVED, DOCKERFILE, toml=toml)).stage("image")
    assert stage.steps[-1].action == ExportImage(name="shop:ci")
    build = step(stage, "build").action
    assert isinstance(build, BuildImage)
    assert build.secrets == ("INDEX_TOKEN",)


PUBLISH = (
    '[publish]\naddress = "registry.example.com/shop:1"\nusername = "me"\npassword = "TOKEN"\n'
)


def test_publishing_waits_for_all_that_runs_and_is_dry(tmp_path: Path) -> None:
    stage = plan(tmp_path, project(POSTGRES, SERVED, DOCKERFILE, toml=PUBLISH)).stage("publish")
    assert stage.needs == ("base", "tests", "image")
    assert stage.secrets == ()
    (only,) = stage.steps
    assert only.action == PublishImage(
        address="registry.example.com/shop:1", username="me", password="TOKEN", push=False
    )


def test_a_push_needs_its_password(tmp_path: Path) -> None:
    toml = f"{PUBLISH}push = true\n"
    stage = plan(tmp_path, project(POSTGRES, SERVED, DOCKERFILE, toml=toml)).stage("publish")
    assert stage.secrets == ("TOKEN",)


def test_without_publish_there_is_no_such_stage(tmp_path: Path) -> None:
    assert "publish" not in [stage.name for stage in plan(tmp_path, project()).stages]


def test_a_stage_in_its_own_image_is_skipped_where_there_are_no_containers(tmp_path: Path) -> None:
    toml = (
        '[stages.assets]\nsteps = ["npm ci"]\nimage = "node:22-slim"\ncaches = ["~/.npm"]\n'
        'secrets = ["NPM_TOKEN"]\n'
    )
    files = loaded(tmp_path, project(toml=toml))
    stage = build_plan(files, RunContext()).stage("assets")
    assert (stage.image, stage.caches, stage.secrets) == (
        "node:22-slim",
        ("~/.npm",),
        ("NPM_TOKEN",),
    )
    assert dict(stage.env) == {**stage.env, "NPM_TOKEN": "{env.NPM_TOKEN}"}
    assert stage.skip is None
    without = build_plan(files, RunContext(no_containers="no containers here")).stage("assets")
    assert without.skip == "no containers here"


def test_a_hook_is_the_last_step_of_the_base_and_the_base_image_its_place(tmp_path: Path) -> None:
    toml = 'hook = "ci/hook.py:customise"\nbase-image = "python:3.13-bookworm"\n'
    made = plan(tmp_path, project(SQLITE, {"ci/hook.py": ""}, toml=toml))
    assert made.stage("base").steps[-1].action == Customise(function="ci/hook.py:customise")
    assert made.environment.image == "python:3.13-bookworm"


# shards


def sharded(root: Path, toml: str = "", **place: object) -> Stage:
    shard = RunContext(shard=Shard(number=2, total=5), **place)  # type: ignore[arg-type]
    return build_plan(loaded(root, project(toml=toml)), shard).stage("tests")


@pytest.mark.parametrize("runner", ["django", "pytest"])
def test_the_probes_of_a_shard_are_told_which_and_by_what_times(
    tmp_path: Path, runner: str
) -> None:
    toml = f'tests.runner = "{runner}"\ntests.args = [["a"], ["b"]]\n'
    made = sharded(tmp_path, toml, times={"shop.tests.Cart": (1.5, 3)})
    for name in ("tests", "tests 2"):
        found = step(made, name)
        assert found.env["HEROCI_SHARD"] == "2/5"
        assert found.env["HEROCI_TIMES"] == "{reports}/times.json"
        assert found.sharded
    assert json.loads(made.files["times.json"]) == {"shop.tests.Cart": [1.5, 3]}
    assert not any(other.sharded for other in made.steps if not other.name.startswith("tests"))


def test_without_times_a_shard_has_no_file_of_them(tmp_path: Path) -> None:
    made = sharded(tmp_path)
    assert not made.files
    assert "HEROCI_TIMES" not in step(made, "tests").env


def test_without_a_shard_nothing_is_split(tmp_path: Path) -> None:
    made = plan(tmp_path, project()).stage("tests")
    assert not step(made, "tests").sharded
    assert "HEROCI_SHARD" not in step(made, "tests").env


@pytest.mark.parametrize(
    ("toml", "optional"),
    [
        ("", {"rabbit": True}),
        ('[services.rabbit]\nimage = "rabbitmq:4"\nport = 5672\n', {"rabbit": False}),
        ('[services]\nqueue = { command = "exit 3" }\n', {"queue": False}),
    ],
)
def test_only_a_service_that_nobody_wrote_down_is_optional(
    tmp_path: Path, toml: str, optional: dict[str, bool]
) -> None:
    job = """
        jobs:
          t:
            services: {rabbit: {image: "rabbitmq:4"}}
            steps: [{run: python manage.py test}]
    """
    files = project(SQLITE, {".github/workflows/ci.yml": job}, toml=toml)
    services = plan(tmp_path, files).services
    assert {name: service.optional for name, service in services.items()} == optional
