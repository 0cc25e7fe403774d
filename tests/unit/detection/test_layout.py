from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from heroci_action.pipeline.run_context import RunContext
from heroci_action.pipeline.tests import build
from heroci_action.project import load
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded, manage, write


@pytest.mark.parametrize(
    ("files", "directory", "chosen"),
    [
        ({"manage.py": manage()}, ".", "manage.py"),
        ({"src/manage.py": manage()}, "src", "src/manage.py"),
        (
            {"backend/manage.py": manage(), "frontend/package.json": "{}"},
            "backend",
            "backend/manage.py",
        ),
        (
            {"example/manage.py": manage(), "apps/api/manage.py": manage()},
            "apps/api",
            "apps/api/manage.py",
        ),
        (
            {"tests/manage.py": manage(), "server/web/manage.py": manage()},
            "server/web",
            "server/web/manage.py",
        ),
        (
            {"manage.py": "print('no django here')", "site/manage.py": manage()},
            "site",
            "site/manage.py",
        ),
    ],
)
def test_manage_py_is_found_where_projects_have_it(
    tmp_path: Path, files: dict[str, str], directory: str, chosen: str
) -> None:
    found = loaded(tmp_path, files)
    assert (found.config.working_directory, found.facts.manage) == (directory, chosen)


def test_the_warning_about_several_projects_names_three(tmp_path: Path) -> None:
    found = loaded(tmp_path, {f"{name}/manage.py": manage() for name in "abcde"})
    (warning,) = [text for text in found.warnings if "several projects" in text]
    assert (warning.count("manage.py"), "and 2 more" in warning) == (3, True)


def test_of_several_projects_the_shallowest_is_used_with_a_warning(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"b/manage.py": manage(), "a/deep/manage.py": manage()})
    assert found.facts.manage == "b/manage.py"
    assert any(
        "several projects" in warning and "a/deep/manage.py" in warning
        for warning in found.warnings
    )


def test_a_reusable_app_is_tested_through_its_pytest_configuration(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": """
            [build-system]
            requires = ["setuptools"]
            [project]
            name = "django-thing"
            dependencies = ["Django>=4.2"]
            [project.optional-dependencies]
            test = ["pytest-django"]
            [tool.pytest.ini_options]
            DJANGO_SETTINGS_MODULE = "tests.settings"
        """,
        "thing/__init__.py": "",
        "tests/settings.py": SQLITE,
        "example/manage.py": manage(),
    }
    found = loaded(tmp_path, files)
    assert found.facts.manage is None
    assert found.config.working_directory == "."
    assert found.config.tests.runner == "pytest"
    assert found.config.settings == "tests.settings"
    assert found.config.extras == ("test",)
    assert found.facts.install_project
    assert found.config.tests.check_migrations is False


def test_pytest_runs_where_its_configuration_lies(tmp_path: Path) -> None:
    files = {
        "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\naddopts = --cov=web web\n",
        "web/manage.py": manage(),
        "web/mysite/settings.py": SQLITE,
    }
    found = loaded(tmp_path, files)
    assert found.config.working_directory == "."
    assert found.facts.manage == "web/manage.py"
    assert found.facts.source_paths == ("web",)


def test_directories_that_git_would_not_track_are_not_looked_at(tmp_path: Path) -> None:
    files = {
        "site/manage.py": manage(),
        ".venv/manage.py": manage(),
        "node_modules/x/manage.py": manage(),
    }
    assert loaded(tmp_path, files).warnings == loaded(tmp_path, {}).warnings
    assert loaded(tmp_path, {}).facts.manage == "site/manage.py"


MAIN = """
    import os, sys
    from django.core.management import execute_from_command_line

    def main():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
        execute_from_command_line(sys.argv)
"""
ENTRIES = {
    "pyproject.toml": '[project]\nname = "shop"\n[project.scripts]\nshopctl = "shop.cli:main"\n',
    "setup.cfg": "[options.entry_points]\nconsole_scripts =\n    shopctl = shop.cli:main\n",
    "setup.py": 'setup(entry_points={"console_scripts": ["other=x:y", "shopctl = shop.cli:main [extra]"]})\n',
}


@pytest.mark.parametrize("place", ["", "src/"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_console_script_of_the_project_runs_the_tests(
    tmp_path: Path, entry: str, place: str
) -> None:
    job = "      - run: pip install -e .\n      - run: shopctl test shop\n"
    files = {
        entry: ENTRIES[entry],
        f"{place}shop/__init__.py": "",
        f"{place}shop/cli.py": MAIN,
        f"{place}shop/settings.py": SQLITE,
        "requirements.txt": "django\n",
        ".github/workflows/ci.yml": f"on: push\njobs:\n  test:\n    steps:\n{job}",
    }
    found = loaded(tmp_path, files)
    assert (found.config.settings, found.config.tests.args) == ("shop.settings", (("shop",),))


@pytest.mark.parametrize("tests", ["bin/shop test", "pytest"])
def test_a_program_without_an_ending_that_starts_django_is_a_manage_py(
    tmp_path: Path, tests: str
) -> None:
    files = {
        "bin/shop": "#!/usr/bin/env python3\n" + dedent(MAIN) + "\nmain()\n",
        "shop/__init__.py": "",
        "shop/settings.py": SQLITE,
        "setup.py": "setup(name='shop', packages=find_packages(), install_requires=['django'])\n",
        ".github/workflows/ci.yml": f"""
            on: push
            jobs:
              test:
                steps:
                  - run: pip install -e .
                  - run: bin/shop migrate
                  - run: {tests}
        """,
    }
    found = loaded(tmp_path, files)
    assert (found.facts.manage, found.config.working_directory) == ("bin/shop", ".")
    assert (found.config.settings, found.facts.install_project) == ("shop.settings", True)


@pytest.mark.parametrize(
    ("pyproject", "paths"),
    [
        ('[build-system]\nrequires = ["hatchling"]\n[project]\nname = "shop"\n', ("src",)),
        ('[project]\nname = "shop"\n', ()),
    ],
)
def test_packages_below_src_that_the_project_installs_are_found_beside_a_manage_py(
    tmp_path: Path, pyproject: str, paths: tuple[str, ...]
) -> None:
    files = {**django(), "pyproject.toml": pyproject, "src/shop/__init__.py": ""}
    assert loaded(tmp_path, files).facts.source_paths == paths


@pytest.mark.parametrize("call", ["shop test", ".venv/bin/shop test", "python -m shop.manage test"])
def test_a_manage_py_that_is_called_as_a_module_does_not_run_as_a_file(
    tmp_path: Path, call: str
) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "shop"\n[project.scripts]\nshop = "shop.manage:main"\n',
        "shop/__init__.py": "",
        "shop/manage.py": MAIN,
        "shop/settings.py": SQLITE,
        # As a file, manage.py would import this one.
        "shop/celery.py": "import celery\n",
        ".github/workflows/ci.yml": f"on: push\njobs: {{t: {{steps: [{{run: {call}}}]}}}}",
    }
    found = loaded(tmp_path, files)
    assert (found.facts.manage, found.config.working_directory) == (None, ".")
    assert (found.config.settings, found.warnings) == ("shop.settings", ())
    # What it starts is an application all the same.
    assert found.config.tests.check_migrations == "warn"
    lines = [getattr(step.action, "line", ()) for step in build(found, RunContext()).steps]
    assert ("python", "-m", "django", "check") in lines


@pytest.mark.parametrize(
    "line",
    [
        'sys.path.insert(0, os.path.join(os.path.dirname(__file__), "apps"))',
        'sys.path.append("apps")',
        'sys.path.append(str(Path(__file__).parent / "apps"))',
        'APPS = os.path.join(os.path.dirname(__file__), "apps")\nsys.path.insert(0, APPS)',
        'HERE = Path(__file__).parent\nsys.path.append(str(HERE / "apps"))',
    ],
)
def test_modules_are_found_where_manage_py_adds_directories(tmp_path: Path, line: str) -> None:
    files = {
        "manage.py": f"import os, sys\n{line}\n{dedent(manage())}",
        "apps/mysite/settings.py": SQLITE,
    }
    found = loaded(tmp_path, files)
    assert not any("was not found in the repository" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("toml", "warns"),
    [
        ('settings = "nope"', True),
        ('settings = "mysite.setings"', True),
        ('settings = "mysite.settings"', False),
        # Perhaps the command makes the module.
        ('settings = "made"\n[tests]\nbefore = ["./make-settings"]', False),
    ],
)
def test_a_configured_settings_module_is_looked_for(
    tmp_path: Path, toml: str, *, warns: bool
) -> None:
    found = loaded(tmp_path, {**django(), "heroci.toml": toml})
    assert any("(configured) was not found" in warning for warning in found.warnings) is warns


def test_a_settings_module_that_is_missing_is_a_warning_with_candidates(tmp_path: Path) -> None:
    settings = f"INSTALLED_APPS = []\n{SQLITE}"
    files = {
        "manage.py": manage("mysite.local"),
        "mysite/__init__.py": "",
        "mysite/base.py": settings,
    }
    (warning,) = (text for text in loaded(tmp_path, files).warnings if "mysite.local" in text)
    assert "one of the repository's modules (mysite.base)" in warning


def test_a_manage_py_counts_more_than_the_console_script_that_the_ci_calls(tmp_path: Path) -> None:
    files = {
        **ENTRIES,
        "manage.py": manage("other.settings"),
        "shop/__init__.py": "",
        "shop/cli.py": MAIN,
        # A module of the package, not another project.
        "shop/manage.py": MAIN,
        "shop/settings.py": SQLITE,
        ".github/workflows/ci.yml": "jobs: {t: {steps: [{run: mkdir x && cd x && shopctl test}]}}",
    }
    found = loaded(tmp_path, files)
    assert (found.facts.manage, found.config.working_directory) == ("manage.py", ".")
    assert (found.config.settings, found.warnings) == ("shop.settings", ())


def test_the_working_directory_is_searched_if_the_ci_adds_it_for_a_manage_py_elsewhere(
    tmp_path: Path,
) -> None:
    files = {
        "sandbox/manage.py": manage("settings"),
        "sandbox/settings.py": SQLITE,
        **workflow("PYTHONPATH=. python sandbox/manage.py test shop"),
    }
    assert loaded(tmp_path, files).facts.source_paths == ("sandbox", ".")


def test_a_program_with_another_name_that_is_called_by_its_path_is_a_manage_py(
    tmp_path: Path,
) -> None:
    files = {**django(), **workflow("python run.py test shop", "./run.py check")}
    files["run.py"] = files.pop("manage.py")
    found = loaded(tmp_path, files)
    assert (found.facts.manage, found.config.working_directory) == ("run.py", ".")
    assert found.config.tests.check_migrations == "warn"


def test_a_file_that_setuptools_installs_is_a_program_of_the_project(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": """
            [project]
            name = "shop"
            dependencies = ["django", "pytest-django"]
            [tool.setuptools]
            script-files = ["bin/shop-cli"]
        """,
        "bin/shop-cli": MAIN,
        "shop/settings.py": SQLITE,
        ".github/workflows/ci.yml": "jobs: {t: {steps: [{run: shop-cli migrate && pytest}]}}",
    }
    found = loaded(tmp_path, files)
    assert (found.config.tests.before, found.config.settings) == ((), "shop.settings")


def test_a_script_above_manage_py_runs_where_the_ci_runs_it(tmp_path: Path) -> None:
    files = {
        "runtests.py": "import pytest\npytest.main()\n",
        "web/manage.py": manage(),
        "web/mysite/settings.py": SQLITE,
        ".github/workflows/ci.yml": "jobs: {t: {steps: [{run: ./runtests.py}]}}",
    }
    found = loaded(tmp_path, files)
    assert (found.config.working_directory, found.config.tests.script) == (".", "runtests.py")


def test_a_script_of_the_ci_that_sets_up_django_makes_a_project(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "django\n",
        "tests/run.py": "from django.conf import settings\nget_runner(settings)().run_tests([])\n",
        **workflow("coverage run tests/run.py"),
    }
    found = loaded(tmp_path, files)
    assert (found.config.working_directory, found.config.tests.script) == (".", "tests/run.py")


@pytest.mark.parametrize(
    ("entry", "module"),
    [
        ("from shop import cli\ncli.main()\n", "shop/cli.py"),
        ("from shop.cli import main\nmain()\n", "shop/cli.py"),
    ],
)
def test_a_manage_py_may_call_a_function_of_a_module(
    tmp_path: Path, entry: str, module: str
) -> None:
    found = loaded(tmp_path, {"manage.py": entry, module: MAIN, "shop/settings.py": SQLITE})
    assert (found.facts.manage, found.config.settings) == ("manage.py", "shop.settings")


@pytest.mark.parametrize("text", ["from .cli import main\n", "from . import cli\n"])
def test_a_package_that_starts_django_through_its_own_module_is_a_program(
    tmp_path: Path, text: str
) -> None:
    files = {"shop/__main__.py": text, "shop/cli.py": MAIN, "shop/settings.py": SQLITE}
    found = loaded(tmp_path, {**files, **workflow("python -m shop test cart")}).config
    assert (found.tests.runner, found.tests.args) == ("django", (("cart",),))
    assert found.settings == "shop.settings"


def test_without_manage_py_the_directory_is_that_of_the_cis_django_admin(tmp_path: Path) -> None:
    line = "cd web && django-admin test --pythonpath=. --settings=shop.settings"
    found = loaded(tmp_path, {"web/shop/settings.py": SQLITE, **workflow(line)}).config
    assert (found.working_directory, found.settings) == ("web", "shop.settings")


def test_imports_start_where_a_linked_manage_py_really_is(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "manage.py").symlink_to("shop/manage.py")
    files = {
        "shop/manage.py": manage("settings"),
        "shop/__init__.py": "",
        "shop/settings.py": SQLITE,
        **workflow("python shop/manage.py test"),
    }
    found = loaded(tmp_path, files)
    assert (found.config.working_directory, found.config.settings) == (".", "settings")
    assert not [text for text in found.warnings if "not found" in text]


def test_a_launcher_under_another_name_runs_from_the_root_of_the_repository(tmp_path: Path) -> None:
    launcher = manage("shop.settings.base")
    files = {
        "bin/develop.py": launcher,
        "bin/a_production.py": launcher,
        "tests/run.py": launcher,
        "shop/__init__.py": "",
        "shop/console.py": launcher,
        "shop/settings/__init__.py": "",
        "shop/settings/base.py": SQLITE,
        "requirements.txt": "django\n",
    }
    write(tmp_path, files)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    found = load(tmp_path)
    assert (found.facts.manage, found.config.working_directory) == ("bin/develop.py", ".")
    assert found.config.settings == "shop.settings.base"
