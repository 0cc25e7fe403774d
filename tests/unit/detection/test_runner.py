from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import DRIVER, SQLITE, django, loaded, manage, the_tests


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
        (
            "python manage.py test --timing shop accounts --parallel --keepdb -v 2",
            ("shop", "accounts"),
        ),
        (
            "./manage.py test --settings=mysite.settings --exclude-tag=slow --tag fast",
            ("--exclude-tag=slow", "--tag", "fast"),
        ),
        ("coverage run --source=. manage.py test --noinput && coverage report", ()),
        (
            "pytest -n auto --cov . --cov-report xml -q -m 'not slow' tests/unit",
            ("-m", "not slow", "tests/unit"),
        ),
        ("pytest -x --durations=10 -p no:cacheprovider -k 'a and b'", ("-k", "a and b")),
        (
            "pytest -p no:randomly -W error --dist=loadscope -n 2 -oxfail_strict=1 -pxdoctest",
            (
                "-p",
                "no:randomly",
                "-W",
                "error",
                "--dist=loadscope",
                "-oxfail_strict=1",
                "-pxdoctest",
            ),
        ),
        (
            "pytest --junitxml=out.xml -o junit_family=legacy -o log_cli=1 --ignore=e2e",
            ("--ignore=e2e",),
        ),
        ('pytest -m "$MARK" "${{ matrix.path }}" --reruns=2', ()),
        ("manage.py test --parallel 4 shop", ("shop",)),
        ("pytest -v tests/unit", ("tests/unit",)),
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


def test_runs_with_other_variables_are_named_in_a_warning(tmp_path: Path) -> None:
    lines = workflow(
        "manage.py test --tag=a", "MODE=1 manage.py test --tag=b", "TOX_X=1 manage.py test --tag=c"
    )
    found = loaded(tmp_path, {**django(), **lines})
    assert found.config.tests.args == (("--tag=a",), ("--tag=c",))
    assert any("MODE=1 manage.py test --tag=b" in warning for warning in found.warnings)


@pytest.mark.parametrize("lines", [("cd web && pytest", "cd lib && pytest"), ("cd web && pytest",)])
def test_tests_of_another_package_are_named_with_their_directory(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    files = {f"web/{name}": text for name, text in django().items()}
    lib = "on: push\njobs: {lib: {steps: [{run: cd lib && pytest}]}}"
    others = {"lib/test_a.py": "", ".github/workflows/lib.yml": lib}
    found = loaded(tmp_path, {**files, **workflow(*lines), **others})
    assert any("also runs 'pytest' in lib" in warning for warning in found.warnings)
    assert found.facts.other_tests == ()


def test_a_run_of_everything_makes_the_others_repetitions(tmp_path: Path) -> None:
    lines = workflow("pytest shop/test_package.py", "pytest -p randomly --dist=loadscope -n 2")
    found = loaded(tmp_path, {**django(), **lines, "shop/test_package.py": ""}).config
    assert found.tests.args == (("-p", "randomly", "--dist=loadscope"),)


FILES = {
    "shop/test_a.py": "",
    "shop/ui/test_b.py": "",
    "shop/ui/checks.py": "",
    "other/test_c.py": "",
}
CONFTEST = {**FILES, "shop/conftest.py": 'collect_ignore = ["ui"]\n'}
PACKAGE = {**FILES, "shop/__init__.py": "", "shop/ui/__init__.py": ""}
APART = {**FILES, "pytest.ini": "[pytest]\nnorecursedirs = u? node_modules\n"}
USUAL = {**FILES, "shop/build/test_d.py": ""}
UNIT = {**FILES, "pytest.ini": "[pytest]\ntestpaths = shop\npython_files = test_*.py\n"}


@pytest.mark.parametrize(
    ("files", "lines", "found"),
    [
        (FILES, ("pytest shop", "pytest shop --ignore=shop/ui"), (("shop",),)),
        (FILES, ("pytest shop --ignore=shop/ui", "pytest shop"), (("shop",),)),
        (FILES, ("pytest shop/", "pytest shop/ui/test_b.py::T -k x"), (("shop",),)),
        (FILES, ("pytest -m 'not x'", "pytest shop -m 'not x'"), (("-m", "not x"),)),
        (FILES, ("pytest shop -k x", "pytest -k x shop"), (("shop", "-k", "x"),)),
        (FILES, ("pytest shop -k x", "pytest shop -k y"), (("shop", "-k", "x"), ("shop", "-k", "y"))),
        (FILES, ("pytest shop -m x", "pytest shop/ui"), (("shop", "-m", "x"), ("shop/ui",))),
        (FILES, ("pytest shop other", "pytest other shop/ui"), (("shop", "other"),)),
        (FILES, ("pytest shop", "pytest shop/ui/checks.py"), (("shop",), ("shop/ui/checks.py",))),
        (UNIT, ("pytest", "pytest shop/ui"), ((),)),
        (UNIT, ("pytest", "pytest other"), ((), ("other",))),
        (UNIT, ("pytest", "pytest shop/ui/checks.py"), ((), ("shop/ui/checks.py",))),
        (APART, ("pytest", "pytest shop/ui"), ((), ("shop/ui",))),
        (APART, ("pytest shop", "pytest shop/ui/test_b.py"), (("shop",), ("shop/ui/test_b.py",))),
        (APART, ("pytest shop/ui", "pytest shop/ui/test_b.py"), (("shop/ui",),)),
        (USUAL, ("pytest shop", "pytest shop/build"), (("shop",), ("shop/build",))),
        (CONFTEST, ("pytest shop", "pytest shop/ui"), (("shop",), ("shop/ui",))),
        (PACKAGE, ("manage.py test", "manage.py test shop.test_a.T --reverse"), ((),)),
        (FILES, ("manage.py test", "manage.py test shop.ui"), ((), ("shop.ui",))),
        (PACKAGE, ("manage.py test shop", "manage.py test shop.ui"), (("shop",),)),
        (FILES, ("manage.py test shop", "manage.py test shop.ui.checks.T"), (("shop",), ("shop.ui.checks.T",))),
    ],
)  # fmt: skip
def test_only_runs_that_no_other_run_contains_are_planned(
    tmp_path: Path,
    files: dict[str, str],
    lines: tuple[str, ...],
    found: tuple[tuple[str, ...], ...],
) -> None:
    project = loaded(tmp_path, {**django(), **files, **workflow(*lines)})
    assert project.config.tests.args == found


def test_the_widest_run_gives_the_variables_and_the_processes(tmp_path: Path) -> None:
    lines = workflow("pytest shop/test_package.py", "BACKEND=postgres pytest -n auto")
    found = loaded(tmp_path, {**django(), **lines, "shop/test_package.py": ""}).config
    assert (found.tests.args, found.tests.parallel) == (((),), True)


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


def test_end_to_end_jobs_do_not_speak_for_the_tests(tmp_path: Path) -> None:
    files = {
        ".github/workflows/a-e2e.yml": "jobs: {t: {steps: [{run: pytest -m e2e browser}]}}",
        ".github/workflows/tests.yml": 'jobs: {t: {steps: [{run: pytest -m "not e2e"}]}}',
    }
    found = loaded(tmp_path, {**files, "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = s\n"})
    assert found.config.tests.args == (("-m", "not e2e"),)
    assert any("also runs 'pytest -m e2e browser'" in text for text in found.warnings)


@pytest.mark.parametrize(
    "jobs",
    [
        "{t: {steps: [{run: manage.py test}, {run: ./manage.py behave features}]}}",
        "{t: {steps: [{run: manage.py test}]}, browser: {steps: [{run: ./manage.py behave features}]}}",
        "{t: {strategy: {matrix: {a: [b, c]}}, steps: [{run: pytest}, {run: retry 3 ./manage.py behave features}]}}",
    ],
)
def test_scenarios_beside_the_tests_are_named_in_a_warning(tmp_path: Path, jobs: str) -> None:
    found = loaded(tmp_path, {**django(), ".github/workflows/t.yml": f"on: push\njobs: {jobs}"})
    named = [text for text in found.warnings if "./manage.py behave features'" in text]
    assert len(named) == 1


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


def test_a_repetition_in_one_process_does_not_forbid_parallel_tests(tmp_path: Path) -> None:
    lines = ("./manage.py test mysite.tests.One", "./manage.py test --parallel 4")
    found = the_tests(tmp_path, workflow(*lines))
    assert (found.args, found.parallel) == (((),), True)


def test_a_project_that_the_ci_creates_first_is_named(tmp_path: Path) -> None:
    files = {**workflow("django-admin startproject site", "cd site && python manage.py test shop")}
    package = {"setup.py": "setup(install_requires=['django'])", "shop/__init__.py": ""}
    (warning,) = (
        text for text in loaded(tmp_path, {**files, **package}).warnings if "first" in text
    )
    assert "'python manage.py test shop' in site, a project that it creates first" in warning


@pytest.mark.parametrize(
    ("addopts", "measured"), [("-q --cov=shop", True), ("--cov", True), ("--covert", False)]
)
def test_coverage_in_addopts_is_recognised(tmp_path: Path, addopts: str, measured: bool) -> None:
    ini = f"[pytest]\naddopts = {addopts}\n"
    assert loaded(tmp_path, {**django(), "pytest.ini": ini}).facts.pytest_coverage is measured


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
        (("pytest -q", "pytest --mutate --target shop"), ((), ("--mutate", "--target", "shop"))),
        (("pytest", "pytest --lf", "pytest --reuse-db -v"), ((),)),
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
        ("python manage.py test --parallel shop", True),
        ("python manage.py test --parallel 1 shop", False),
        ("coverage run manage.py test --parallel=1 --keepdb", False),
        ("pytest -n0 shop", False),
        ("pytest -n logical shop", True),
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


MIGRATIONS_HOOK = {".pre-commit-config.yaml": """
repos:
  - repo: local
    hooks:
      - id: migrations
        entry: bash -c 'python manage.py makemigrations --check --dry-run'
"""}


@pytest.mark.parametrize(
    ("files", "checked"),
    [
        ({}, True),
        (workflow("python manage.py test"), "warn"),
        (workflow("python manage.py makemigrations --check", "python manage.py test"), True),
        (workflow("./manage.py makemigrations", "git diff --exit-code", "./manage.py test"), True),
        (workflow("./manage.py makemigrations", "./manage.py test"), "warn"),
        (workflow("echo makemigrations --check", "./manage.py test"), "warn"),
        (
            workflow("./manage.py makemigrations | grep 'No changes detected'", "./manage.py test"),
            True,
        ),
        (workflow("./manage.py makemigrations --dry-run", "./manage.py test"), True),
        (workflow("./manage.py makemigrations --dry-run > /dev/null", "./manage.py test"), "warn"),
        (workflow("npm run build"), True),
        ({**workflow("pre-commit run -a", "python manage.py test"), **MIGRATIONS_HOOK}, True),
        ({**workflow("python manage.py test"), **MIGRATIONS_HOOK}, "warn"),
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


@pytest.mark.parametrize(
    ("lines", "apps"),
    [
        (
            ("manage.py makemigrations --check --settings mysite.settings shop blog -v 2",),
            ("shop", "blog"),
        ),
        (
            ("manage.py makemigrations shop --check", "manage.py makemigrations blog --check"),
            ("shop", "blog"),
        ),
        (("manage.py makemigrations shop --check", "manage.py makemigrations --check"), ()),
        (("manage.py makemigrations --check $APPS",), ()),
        (("manage.py makemigrations --check --dry-run",), ()),
    ],
)
def test_only_the_migrations_of_the_apps_that_the_ci_names_are_checked(
    tmp_path: Path, lines: tuple[str, ...], apps: tuple[str, ...]
) -> None:
    found = loaded(tmp_path, {**django(), **workflow(*lines, "manage.py test")})
    assert found.facts.migration_apps == apps


def test_a_plan_with_a_part_of_the_tests_says_so(tmp_path: Path) -> None:
    one = loaded(tmp_path, {**django(), **workflow("python manage.py test shop.tests.OneTests")})
    assert any("selects single tests" in warning for warning in one.warnings)
    both = loaded(tmp_path, {**django(), **workflow("python manage.py test", "pytest shop")})
    assert [str(warning) for warning in both.warnings if "pytest shop" in str(warning)]


def test_labels_beside_others_that_only_the_ci_knows_are_left_out(tmp_path: Path) -> None:
    line = "python manage.py test $(./manage.py apps) shop --exclude-tag slow"
    assert the_tests(tmp_path, workflow(line)).args == (("--exclude-tag", "slow"),)


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("python manage.py test $(python split.py 2)", True),
        ("python manage.py test ${{ steps.split.outputs.labels }}", True),
        ("pytest -k ${{ needs.changes.outputs.words }}", True),
        ("pytest --ignore=$(cat slow.txt)", True),
        ("circleci tests glob 'test_*.py' | circleci tests split | xargs pytest", True),
        ("circleci tests glob 'test_*.py' | circleci tests run --command='xargs pytest -q'", True),
        ("export TESTS=$(circleci tests split all.txt) && make test", True),
        ("pytest --splits 3 --group ${{ needs.split.outputs.number }}", False),
        ("pytest --browser ${{ needs.split.outputs.browser }} shop", False),
        ("pytest ${{ github.event.inputs.labels }}", False),
    ],
)
def test_tests_that_are_chosen_while_the_ci_runs_are_a_warning(
    tmp_path: Path, line: str, *, unknown: bool
) -> None:
    files = {**django(), "Makefile": "test:\n\tpytest $(TESTS)\n", **workflow(line)}
    found = loaded(tmp_path, files)
    assert any("is only known while" in text for text in found.warnings) == unknown
    assert not found.config.tests.before


def test_parts_of_a_suite_that_the_ci_splits_are_one_suite(tmp_path: Path) -> None:
    matrix = "{matrix: {part: [1, 2]}}"
    run = "PART=${{ matrix.part }} pytest --splits 2 --group ${{ matrix.part }}"
    job = f"{{strategy: {matrix}, steps: [{{run: '{run}'}}]}}"
    files = {**django(), **DRIVER, ".github/workflows/ci.yml": f"jobs: {{t: {job}}}"}
    found = loaded(tmp_path, files)
    assert (found.config.tests.args, found.warnings) == (((),), ())


def test_a_line_that_speaks_of_tests_and_is_not_understood_is_named(tmp_path: Path) -> None:
    lines = (
        "docker exec web run_tests",
        "docker build --target test .",
        "npm test",
        "mkdir -p var/tests",
    )
    warning, check = loaded(tmp_path, {**django(), **DRIVER, **workflow(*lines)}).warnings
    assert "checks that the plan does not contain: 'npm test'" in check
    assert "'docker exec web run_tests' in .github/workflows/ci.yml may run the tests" in warning


def test_a_run_of_one_file_is_not_the_suite(tmp_path: Path) -> None:
    line = "python manage.py test --pattern=test_schema.py && pytest"
    found = loaded(tmp_path, {**django(), **DRIVER, **workflow(line)})
    assert (found.config.tests.runner, found.config.tests.args) == ("pytest", ((),))
    assert "also runs 'python manage.py test --pattern=test_schema.py'" in found.warnings[0]


@pytest.mark.parametrize(
    "line", ["dagger call test", "bin/django-test", "scons", "nix flake check"]
)
def test_a_project_whose_tests_are_not_followed_has_a_ci(tmp_path: Path, line: str) -> None:
    found = loaded(tmp_path, {**django(), **workflow(line)})
    assert found.config.tests.check_migrations == "warn"
    assert any(repr(line) in text for text in found.warnings)


def test_warnings_that_are_errors_for_the_interpreter_stay_errors(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**django(), **workflow("python -W error manage.py test")})
    assert found.config.env == {"PYTHONWARNINGS": "error"}


def test_what_the_interpreter_leaves_out_for_the_ci_stays_left_out(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**django(), **workflow("python -OO -bb manage.py test")})
    assert found.config.env == {"PYTHONOPTIMIZE": "2"}
    (warning,) = [text for text in found.warnings if "option -b" in text]
    assert "'python -OO -bb manage.py test' in .github/workflows/ci.yml" in warning


def test_parts_are_parallel_only_if_the_ci_runs_each_of_them_so(tmp_path: Path) -> None:
    lines = ("pytest -n 4 -m 'not alone'", "pytest -m alone", "pytest --dead-fixtures")
    found = the_tests(tmp_path, {**DRIVER, **workflow(*lines)})
    assert found.args == (("-m", "not alone"), ("-m", "alone"))
    assert found.parallel == "auto"
    assert the_tests(tmp_path, {**DRIVER, **workflow(lines[0])}).parallel is True


def test_pytest_runs_in_the_directory_of_manage_py_if_the_ci_calls_it_there(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = "mysite.settings"\n',
        **{f"src/{name}": text for name, text in django().items()},
    }
    called = loaded(tmp_path, {**files, **workflow("cd src && pytest -m 'not slow'")}).config
    assert (called.working_directory, called.tests.args) == ("src", (("-m", "not slow"),))
    elsewhere = loaded(tmp_path, {**files, **workflow("pytest -m 'not slow'")}).config
    assert (elsewhere.working_directory, elsewhere.tests.args) == (".", (("-m", "not slow"),))


def test_no_earlier_run_chooses_the_tests(tmp_path: Path) -> None:
    found = the_tests(tmp_path, {**DRIVER, **workflow("pytest --testmon --lf --ff -n auto")})
    assert (found.args, found.parallel) == ((("--ff",),), True)


def test_the_same_tests_with_other_variables_are_named(tmp_path: Path) -> None:
    lines = ("SHOP=a manage.py test", "SHOP=b manage.py test", "SHOP=b manage.py test")
    found = loaded(tmp_path, {**django(), "requirements.txt": "django\n", **workflow(*lines)})
    assert found.config.env == {"SHOP": "a"}
    (warning,) = found.warnings
    assert "also runs 'SHOP=b manage.py test'" in warning
