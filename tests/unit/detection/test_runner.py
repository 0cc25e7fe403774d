from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.config.model import TestsConfig as Tests
from tests.unit.detection.projects import SQLITE, django, loaded, manage


def workflow(*commands: str) -> dict[str, str]:
    steps = ", ".join(f"{{run: {command!r}}}" for command in commands)
    return {".github/workflows/ci.yml": f"jobs: {{test: {{steps: [{steps}]}}}}"}


def the_tests(root: Path, files: dict[str, str]) -> Tests:
    return loaded(root, {**django(), **files}).config.tests


@pytest.mark.parametrize(
    ("files", "runner"),
    [
        ({}, "django"),
        ({"pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n"}, "pytest"),
        ({"setup.cfg": "[tool:pytest]\naddopts = --ds=mysite.settings\n"}, "pytest"),
        (
            {
                "pyproject.toml": '[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = "mysite.settings"\n'
            },
            "pytest",
        ),
        ({"requirements.txt": "django\npytest-django", "tests/conftest.py": ""}, "pytest"),
        ({"requirements.txt": "django\npytest-django"}, "django"),
        (
            {
                "requirements.txt": "django\npytest-django",
                "conftest.py": "",
                **workflow("python manage.py test"),
            },
            "django",
        ),
        (workflow("pytest -n 4"), "pytest"),
        (workflow("uv run coverage run -m pytest"), "pytest"),
        (workflow("pip install pytest", "python -Wd manage.py test"), "django"),
        ({"tox.ini": "[testenv]\ncommands = pytest {posargs}\n"}, "pytest"),
        ({"Makefile": "test:\n\tpytest tests\n"}, "pytest"),
    ],
)
def test_the_runner_is_what_the_project_uses(
    tmp_path: Path, files: dict[str, str], runner: str
) -> None:
    assert the_tests(tmp_path, files).runner == runner


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("python manage.py test", ()),
        ("python manage.py test shop accounts --parallel --keepdb -v 2", ("shop", "accounts")),
        (
            "./manage.py test --settings=mysite.settings --exclude-tag=slow --tag fast",
            ("--exclude-tag=slow", "--tag", "fast"),
        ),
        ("coverage run --source=. manage.py test --noinput && coverage report", ()),
        (
            "pytest -n auto --cov=. --cov-report xml -q -m 'not slow' tests/unit",
            ("-m", "not slow", "tests/unit"),
        ),
        ("pytest -x --durations=10 -p no:cacheprovider -k 'a and b'", ("-k", "a and b")),
        ("pytest --junitxml=out.xml -o junit_family=legacy --ignore=e2e", ("--ignore=e2e",)),
        ('pytest -m "$MARK" "${{ matrix.path }}" --reruns=2', ()),
        ("manage.py test --parallel 4 shop", ("shop",)),
    ],
)
def test_arguments_that_choose_tests_are_kept_and_those_about_the_run_are_not(
    tmp_path: Path, command: str, args: tuple[str, ...]
) -> None:
    assert the_tests(tmp_path, {"tests/unit/x.py": "", **workflow(command)}).args == (args,)


def test_paths_are_given_from_the_working_directory(tmp_path: Path) -> None:
    files = {
        "src/manage.py": manage(),
        "src/shop/x.py": "",
        **workflow("python src/manage.py test src/shop"),
    }
    assert loaded(tmp_path, files).config.tests.args == (("shop",),)


def test_commands_of_the_same_job_prepare_the_tests_and_others_do_not(tmp_path: Path) -> None:
    found = the_tests(
        tmp_path,
        workflow(
            "python manage.py collectstatic --noinput", "python manage.py migrate", "./manage.py compilemessages",
            "python manage.py x $SECRET", "python manage.py load --to=/usr/share/data", "python manage.py test",
            "python manage.py collectstatic --after",
        ),
    )  # fmt: skip
    assert [step.run for step in found.before] == [
        "python manage.py collectstatic --noinput",
        "python manage.py compilemessages",
    ]


def test_runs_with_other_variables_are_named_in_a_warning(tmp_path: Path) -> None:
    lines = workflow(
        "manage.py test --tag=a", "MODE=1 manage.py test --tag=b", "TOX_X=1 manage.py test --tag=c"
    )
    found = loaded(tmp_path, {**django(), **lines})
    assert found.config.tests.args == (("--tag=a",), ("--tag=c",))
    assert any("MODE=1 manage.py test --tag=b" in warning for warning in found.warnings)


def test_the_widest_run_gives_the_variables_and_the_processes(tmp_path: Path) -> None:
    lines = workflow("pytest shop/test_package.py", "BACKEND=postgres pytest -n auto")
    found = loaded(tmp_path, {**django(), **lines, "shop/test_package.py": ""}).config
    assert (found.tests.args, found.tests.parallel) == (((),), True)


def test_a_directory_that_is_copied_is_preparation_and_a_server_in_a_container_is_not(
    tmp_path: Path,
) -> None:
    lines = workflow("cp -r media media_root", "docker compose run -d db", "python manage.py test")
    files = {
        **django(),
        **lines,
        "media/a.png": "",
        "compose.yaml": "services: {db: {image: 'postgres:17'}}",
    }
    found = loaded(tmp_path, files)
    assert [step.run for step in found.config.tests.before] == ["cp -r media media_root"]
    assert "docker compose run -d db" in [line.line for line in found.facts.left_out]


def test_pytest_runs_in_the_directory_of_its_configuration(tmp_path: Path) -> None:
    files = {
        "api/manage.py": "from django.core.management import execute_from_command_line\n",
        "api/shop/pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = shop.settings.test\n",
        "api/shop/settings/test.py": "DATABASES = {}\n",
        "api/shop/tests/test_a.py": "",
        ".github/workflows/t.yml": "jobs: {t: {steps: [{run: cd api/shop && pytest tests -v}]}}",
    }
    found = loaded(tmp_path, files)
    assert found.config.working_directory == "api/shop"
    assert found.config.settings == "shop.settings.test"
    assert found.config.tests.args == (("tests",),)


def test_the_settings_are_found_where_pytest_imports_them(tmp_path: Path) -> None:
    pytest_options = """
        [tool.pytest.ini_options]
        DJANGO_SETTINGS_MODULE = "config.settings"
        pythonpath = [".", "testing"]
    """
    files = {
        "pyproject.toml": pytest_options,
        "testing/config/settings.py": "",
        **workflow("pytest"),
    }
    found = loaded(tmp_path, files)
    assert found.config.settings == "config.settings"
    assert not [warning for warning in found.warnings if "config.settings" in warning]


def test_files_for_containers_and_environments_are_no_preparation(tmp_path: Path) -> None:
    lines = (
        "python3 -m venv ./ve",
        "touch ./ve/ready",
        "printf 'services:\\n  db: {image: postgres:16}\\n' > db.yml",
        "docker compose -f db.yml up -d",
        "node -v",
        "touch local.py",
        "manage.py test",
    )
    steps = "".join(f"      - run: {line}\n" for line in lines).replace(
        "run: printf", "run: >-\n          printf"
    )
    files = {**django(), ".github/workflows/t.yml": f"jobs:\n  t:\n    steps:\n{steps}"}
    assert [step.run for step in loaded(tmp_path, files).config.tests.before] == ["touch local.py"]


def test_a_line_on_the_error_stream_only_prints(tmp_path: Path) -> None:
    lines = workflow("echo testing >&2", "echo x > /etc/x", "python manage.py test")
    left_out = loaded(tmp_path, {**django(), **lines}).facts.left_out
    assert [(line.line, line.harmless) for line in left_out] == [
        ("echo testing >&2", True),
        ("echo x > /etc/x", False),
    ]


def test_a_python_named_by_a_variable_that_makes_an_environment_is_harmless(tmp_path: Path) -> None:
    lines = workflow('"$PICKED" -m venv .venv', '"$PICKED" -m own.tool', "python manage.py test")
    left_out = loaded(tmp_path, {**django(), **lines}).facts.left_out
    assert [line.harmless for line in left_out] == [True, False]


def test_assets_are_built_where_the_projects_ci_builds_them(tmp_path: Path) -> None:
    files = {
        "web/manage.py": manage(),
        "web/package.json": "{}",
        ".github/workflows/ci.yml": """
            jobs:
              test:
                defaults: {run: {working-directory: web}}
                steps:
                  - run: npm ci
                  - run: npm run build -- --mode=test
                    working-directory: ./frontend
                  - run: npm install && rm -rf /
                  - run: npm test
                  - run: python manage.py test
        """,
    }
    assert [step.run for step in loaded(tmp_path, files).config.tests.before] == [
        "npm ci",
        "cd ../frontend && npm run build -- --mode=test",
        "npm install",
    ]


@pytest.mark.parametrize(
    ("scripts", "lines", "before"),
    [
        ('"build": "gulp"', ["npm run build", "python manage.py test"], ["npm run build"]),
        ("", ["npx gulp less", "python manage.py test"], ["npx gulp less"]),
        ("", ["uv run npx gulp less", "python manage.py test"], ["npx gulp less"]),
        (
            '"pretest": "npm run js", "js": "webpack", "test": "./manage.py test"',
            ["npm test"],
            ["npm run js"],
        ),
        (
            '"test": "webpack -p && cp a.txt b.txt && ./manage.py test"',
            ["npm test"],
            ["npx webpack -p", "cp a.txt b.txt"],
        ),
    ],
)
def test_the_scripts_around_the_tests_build_the_assets(
    tmp_path: Path, scripts: str, lines: list[str], before: list[str]
) -> None:
    files = {
        **django(),
        **workflow(*lines),
        "package.json": f'{{"scripts": {{{scripts}}}}}',
        "a.txt": "a",
    }
    assert [step.run for step in the_tests(tmp_path, files).before] == before


def test_end_to_end_jobs_do_not_speak_for_the_tests(tmp_path: Path) -> None:
    files = {
        ".github/workflows/a-e2e.yml": "jobs: {t: {steps: [{run: pytest -m e2e browser}]}}",
        ".github/workflows/tests.yml": 'jobs: {t: {steps: [{run: pytest -m "not e2e"}]}}',
    }
    found = loaded(tmp_path, {**files, "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = s\n"})
    assert found.config.tests.args == (("-m", "not e2e"),)
    assert any("also runs 'pytest -m e2e browser'" in text for text in found.warnings)


def test_what_pytests_configuration_leaves_out_is_run_if_the_ci_runs_it(tmp_path: Path) -> None:
    files = {
        "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = s\naddopts = -m 'not page'\n",
        ".github/workflows/ci.yml": """
            jobs: {t: {steps: [{run: pytest -x}, {run: pytest -m page}, {run: pytest -m fast}]}}
        """,
    }
    assert the_tests(tmp_path, files).args == ((), ("-m", "page"))


@pytest.mark.parametrize(
    "command",
    ["manage.py test --parallel", "pytest -n auto", "pytest -n4", "pytest --numprocesses=2"],
)
def test_tests_run_in_parallel_where_the_projects_ci_does_so(tmp_path: Path, command: str) -> None:
    assert the_tests(tmp_path, workflow(command)).parallel is True


@pytest.mark.parametrize(
    ("addopts", "measured"), [("-q --cov=shop", True), ("--cov", True), ("--covert", False)]
)
def test_coverage_in_addopts_is_recognised(tmp_path: Path, addopts: str, measured: bool) -> None:
    ini = f"[pytest]\naddopts = {addopts}\n"
    assert loaded(tmp_path, {**django(), "pytest.ini": ini}).facts.pytest_coverage is measured


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({}, "mysite.settings"),
        ({"mysite/settings/test.py": "", "mysite/settings/__init__.py": ""}, "mysite.settings.test"),
        ({"mysite/test_settings.py": SQLITE}, "mysite.test_settings"),
        ({"mysite/tests.py": "", "mysite/test.py": ""}, "mysite.settings"),
        (workflow("python manage.py test --settings=mysite.ci") | {"mysite/ci.py": SQLITE}, "mysite.ci"),
        (workflow("DJANGO_SETTINGS_MODULE=mysite.ci python manage.py test") | {"mysite/ci.py": SQLITE}, "mysite.ci"),
        ({"tox.ini": "[testenv]\nsetenv =\n  DJANGO_SETTINGS_MODULE = mysite.ci\n", "mysite/ci.py": ""}, "mysite.ci"),
        ({"pytest.ini": "[pytest]\naddopts = --ds=mysite.ci\nDJANGO_SETTINGS_MODULE = mysite.x\n"}, "mysite.ci"),
        ({"pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.ci\n", "mysite/ci.py": ""}, "mysite.ci"),
        ({"manage.py": 'import os, sys\nif "test" in sys.argv:\n  os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.ci"\n'
          'else:\n  os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")\n'}, "mysite.ci"),
        ({"manage.py": 'import os\nenv="x"\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", f"mysite.conf.{env}")\n',
          "mysite/conf/test.py": "", "mysite/conf/production.py": ""}, "mysite.conf.test"),
        ({"manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", os.getenv("S", "mysite.settings"))\n'},
         "mysite.settings"),
    ],
)  # fmt: skip
def test_the_settings_module_is_that_of_the_tests(
    tmp_path: Path, files: dict[str, str], settings: str
) -> None:
    assert loaded(tmp_path, {**django(), **files}).config.settings == settings


def test_the_servers_settings_are_those_of_wsgi(tmp_path: Path) -> None:
    wsgi = """
        import os
        from django.core.wsgi import get_wsgi_application
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.production")
        application = get_wsgi_application()
    """
    facts = loaded(tmp_path, {**django(), "mysite/wsgi.py": wsgi, "mysite/production.py": ""}).facts
    assert (facts.server_settings, facts.wsgi) == ("mysite.production", "mysite.wsgi:application")


def test_a_configuration_class_is_chosen_for_django_configurations(tmp_path: Path) -> None:
    settings = "class Base:\n    DATABASES = {}\nclass Test(Base):\n    pass\n"
    files = {**django(settings), "requirements.txt": "django\ndjango-configurations"}
    assert loaded(tmp_path, files).config.env["DJANGO_CONFIGURATION"] == "Test"


def test_a_settings_module_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"manage.py": manage("mysite.local_settings")})
    assert any(
        "'mysite.local_settings'" in warning and "tests.before" in warning
        for warning in found.warnings
    )


def test_several_test_commands_of_one_job_are_several_runs(tmp_path: Path) -> None:
    found = the_tests(
        tmp_path,
        workflow(
            "python manage.py test --exclude-tag es --parallel",
            "python manage.py test --tag es --tag serial",
            "python manage.py test --settings=mysite.other shop",
        ),
    )
    assert found.args == (("--exclude-tag", "es"), ("--tag", "es", "--tag", "serial"))


@pytest.mark.parametrize(
    ("commands", "args"),
    [
        (("pytest tests", "pytest tests"), (("tests",),)),
        (("pytest", "pytest -m slow"), ((),)),
        (("pytest -m slow", "pytest -q"), ((),)),
        (("pytest -m slow", "pytest -m 'not slow' -n 4"), (("-m", "slow"), ("-m", "not slow"))),
    ],
)
def test_a_run_of_everything_makes_the_others_of_its_job_repetitions(
    tmp_path: Path, commands: tuple[str, ...], args: tuple[tuple[str, ...], ...]
) -> None:
    assert the_tests(tmp_path, {"tests/x.py": "", **workflow(*commands)}).args == args


def test_another_job_adds_no_runs(tmp_path: Path) -> None:
    text = """
        jobs:
          unit: {steps: [{run: pytest tests/unit}]}
          slow: {steps: [{run: pytest tests/slow}]}
    """
    files = {"tests/unit/x.py": "", "tests/slow/x.py": "", ".github/workflows/ci.yml": text}
    assert the_tests(tmp_path, files).args == (("tests/unit",),)


@pytest.mark.parametrize(
    ("command", "parallel"),
    [
        ("pytest -n auto", True),
        ("pytest tests -n4", True),
        ("python manage.py test --parallel", True),
        ("coverage run --parallel --omit=x -m pytest -x", "auto"),
        ("coverage run --parallel-mode manage.py test", "auto"),
        ("pytest && make --parallel", "auto"),
    ],
)
def test_processes_are_those_of_the_runner_not_of_a_tool_around_it(
    tmp_path: Path, command: str, parallel: object
) -> None:
    assert the_tests(tmp_path, workflow(command)).parallel == parallel


SCRIPT = {"setup.py": "", "runtests.py": "", "requirements.txt": "django"}


def test_a_package_whose_script_configures_django_is_tested_by_its_script(tmp_path: Path) -> None:
    assert loaded(tmp_path, SCRIPT).config.tests.script == "runtests.py"


@pytest.mark.parametrize(
    "files",
    [
        {**django(), "runtests.py": ""},
        {**SCRIPT, "tests/settings.py": SQLITE},
        {**SCRIPT, "tox.ini": "[testenv]\ncommands = pytest\n"},
    ],
)
def test_a_script_stands_back_where_the_settings_are_known_or_pytest_runs(
    tmp_path: Path, files: dict[str, str]
) -> None:
    assert loaded(tmp_path, files).config.tests.script is None


@pytest.mark.parametrize(
    ("files", "checked"),
    [
        ({}, True),
        (workflow("python manage.py test"), "warn"),
        (workflow("python manage.py makemigrations --check", "python manage.py test"), True),
        (workflow("npm run build"), True),
    ],
)
def test_missing_migrations_fail_unless_the_projects_own_tests_let_them_pass(
    tmp_path: Path, files: dict[str, str], checked: object
) -> None:
    assert the_tests(tmp_path, files).check_migrations == checked


@pytest.mark.parametrize(
    ("line", "settings"),
    [
        ("python manage.py makemigrations --check", "mysite.settings"),
        ("python manage.py makemigrations --check --settings=tests.settings", None),
        ("DJANGO_SETTINGS_MODULE=mysite.other manage.py makemigrations --check", "mysite.other"),
        ("python manage.py check", None),
    ],
)
def test_migrations_are_checked_with_the_settings_of_the_ci(
    tmp_path: Path, line: str, settings: str | None
) -> None:
    files = {
        **django(),
        "mysite/other.py": "",
        "tests/settings.py": "from mysite.settings import *\n",
        "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = tests.settings\n",
        ".github/workflows/t.yml": f"jobs: {{t: {{steps: [{{run: {line}}}, {{run: pytest}}]}}}}",
    }
    assert loaded(tmp_path, files).facts.migration_settings == settings


def test_a_plan_with_a_part_of_the_tests_says_so(tmp_path: Path) -> None:
    one = loaded(tmp_path, {**django(), **workflow("python manage.py test shop.tests.OneTests")})
    assert any("selects single tests" in warning for warning in one.warnings)
    both = loaded(tmp_path, {**django(), **workflow("python manage.py test", "pytest shop")})
    assert [str(warning) for warning in both.warnings if "pytest shop" in str(warning)]


def test_actions_that_the_tests_may_need_are_left_out_by_name(tmp_path: Path) -> None:
    text = """
        on: push
        jobs:
          t:
            steps:
              - uses: actions/checkout@v4
              - uses: astral-sh/setup-uv@v6
              - uses: somebody/setup-search@v1
              - run: npm run build_test && npm run vitest
              - run: python manage.py test
        """
    found = loaded(tmp_path, {**django(), "package.json": "{}", ".github/workflows/ci.yml": text})
    assert [step.run for step in found.config.tests.before] == ["npm run build_test"]
    assert [line.line for line in found.facts.left_out if "uses" in line.line] == [
        "uses: somebody/setup-search"
    ]
