"""Several Django projects in one repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.commands.projects import file_to_write, find_project, project_directories
from heroci_action.errors import UsageError
from heroci_action.project import load
from tests.unit.detection.projects import manage, write

PROJECTS = {
    ".git/HEAD": "ref: refs/heads/main\n",
    "apps/api/manage.py": manage("api.settings"),
    "apps/api/api/settings.py": "",
    "apps/api/pyproject.toml": '[project]\nname = "acme-api"\ndependencies = ["django"]\n',
    "apps/web/manage.py": manage("web.settings"),
    "apps/web/web/settings.py": "",
    "old/web/manage.py": manage("web.settings"),
    "example/manage.py": manage("example.settings"),
    "shop/pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = shop.settings\n",
}
ONE_JOB_EACH = """
on: push
jobs:
  api:
    runs-on: ubuntu-latest
    defaults: {run: {working-directory: apps/api}}
    env: {API_KEY: x}
    steps:
      - run: mkdir media
      - run: python manage.py test api
      - run: mypy --strict .
  web:
    runs-on: ubuntu-latest
    env: {WEB_KEY: y}
    steps:
      - run: npm ci --prefix apps/web/ui
      - run: cd apps/web && python manage.py compilemessages && pytest tests
      - run: ruff check apps/web
      - run: black --check .
"""


def test_a_module_that_manage_py_calls_is_no_project_of_its_own(tmp_path: Path) -> None:
    files = {
        "manage.py": "from shop.manage import main\nmain()\n",
        "shop/manage.py": manage("shop.settings"),
        "shop/settings.py": "",
    }
    write(tmp_path, files)
    found = load(tmp_path)
    assert found.config.working_directory == "."
    assert not [text for text in found.warnings if "several projects" in text]


def test_a_second_manage_py_for_the_same_settings_is_no_other_project(tmp_path: Path) -> None:
    files = {
        "manage.py": manage("site.settings"),
        "api/site/manage.py": manage("site.settings"),
        "api/site/site/settings.py": "",
        "shop/manage.py": manage("shop.settings"),
    }
    found = load(write(tmp_path, files))
    assert found.facts.other_projects == {"shop"}
    files["site/settings.py"] = ""
    assert load(write(tmp_path, files)).facts.other_projects == {"shop", "api/site"}


@pytest.mark.parametrize(
    ("name", "directory"),
    [
        ("apps/web", "apps/web"),
        ("./apps/web/", "apps/web"),
        ("apps/web/manage.py", "apps/web"),
        ("api", "apps/api"),
        ("acme-api", "apps/api"),
        ("shop", "shop"),
        ("example", "example"),
    ],
)
def test_a_name_or_path_means_a_project(tmp_path: Path, name: str, directory: str) -> None:
    write(tmp_path, PROJECTS)
    assert find_project(tmp_path, name) == tmp_path / directory


def test_a_path_can_be_relative_to_the_current_directory(tmp_path: Path) -> None:
    write(tmp_path, PROJECTS)
    assert find_project(tmp_path / "apps", "web") == tmp_path / "apps/web"


@pytest.mark.parametrize(
    ("name", "error", "remedy"),
    [
        ("web", "matches several projects: apps/web, old/web", "write the path of one of them"),
        (
            "apps/wbe",
            "did you mean 'apps/web'?",
            "the projects are apps/api, apps/web, old/web, shop",
        ),
    ],
)
def test_a_name_that_means_no_single_project_is_an_error_with_candidates(
    tmp_path: Path, name: str, error: str, remedy: str
) -> None:
    write(tmp_path, PROJECTS)
    with pytest.raises(UsageError, match="project") as raised:
        find_project(tmp_path, name)
    assert error in str(raised.value)
    assert raised.value.remedy == remedy


def test_the_shell_completes_projects_without_examples(tmp_path: Path) -> None:
    write(tmp_path, PROJECTS)
    assert set(project_directories(tmp_path)) == {"apps/api", "apps/web", "old/web", "shop"}


def test_each_project_has_the_plan_of_its_own_job(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECTS, ".github/workflows/ci.yml": ONE_JOB_EACH})
    api, web = load(tmp_path / "apps/api"), load(tmp_path / "apps/web")
    assert (api.config.tests.args, web.config.tests.args) == ((("api",),), (("tests",),))
    assert [step.run for step in api.config.tests.before] == ["mkdir -p media"]
    assert [step.run for step in web.config.tests.before] == [
        "cd ../.. && npm ci --prefix apps/web/ui",
        "python manage.py compilemessages",
    ]
    assert (api.config.env["API_KEY"], web.config.env["WEB_KEY"]) == ("x", "y")
    assert "WEB_KEY" not in api.config.env
    assert set(api.config.lint) == {"mypy", "black"}
    assert set(web.config.lint) == {"ruff", "black"}
    assert "apps/web" not in " ".join(api.config.lint["black"].command or ())


def test_a_job_that_tests_both_is_split(tmp_path: Path) -> None:
    lines = "\n".join(
        f"      - run: cd apps/{name} && python manage.py test {name}" for name in ("api", "web")
    )
    write(
        tmp_path,
        {
            **PROJECTS,
            ".github/workflows/ci.yml": f"on: push\njobs:\n  test:\n    steps:\n{lines}\n",
        },
    )
    for name in ("api", "web"):
        assert load(tmp_path / "apps" / name).config.tests.args == ((name,),)


def test_the_named_project_overrides_the_directory_in_the_configuration_of_the_root(
    tmp_path: Path,
) -> None:
    write(tmp_path, {**PROJECTS, "heroci.toml": 'working-directory = "apps/api"\n'})
    directories = [
        str(load(tmp_path / place).config.working_directory)
        for place in (".", "apps/web", "apps/api/api")
    ]
    assert directories == ["apps/api", "apps/web", "apps/api"]


@pytest.mark.parametrize(
    ("name", "text", "table"),
    [
        ("heroci.toml", "fail-fast = true\n", ()),
        ("pyproject.toml", "[tool.heroci]\nfail-fast = true\n", ("tool", "heroci")),
    ],
)
def test_the_configuration_of_the_detected_project_counts_at_the_root_too(
    tmp_path: Path, name: str, text: str, table: tuple[str, ...]
) -> None:
    write(tmp_path, {**PROJECTS, f"apps/api/{name}": text})
    found = load(tmp_path)
    assert found.config.working_directory == "apps/api"
    assert found.config.fail_fast
    assert file_to_write(found) == (f"apps/api/{name}", table)
    assert [warning for warning in found.warnings if "several projects" in warning]


def test_the_configuration_of_the_root_comes_first(tmp_path: Path) -> None:
    own = {"heroci.toml": "fail-fast = false\n", "apps/api/heroci.toml": "fail-fast = true\n"}
    write(tmp_path, {**PROJECTS, **own})
    assert not load(tmp_path).config.fail_fast
    assert load(tmp_path / "apps/api").config.fail_fast


def test_settings_for_the_tests_of_another_project_are_no_choice(tmp_path: Path) -> None:
    lines = "import os\nNAME = os.environ['DJANGO_SETTINGS_MODULE']\n"
    files = {
        "apps/api/manage.py": lines,
        "apps/api/api/settings.py": "INSTALLED_APPS = []\n",
        "apps/web/manage.py": lines,
        "apps/web/web/settings_test.py": "INSTALLED_APPS = []\n",
    }
    write(tmp_path, files)
    assert load(tmp_path / "apps/api").config.settings == "api.settings"
    assert load(tmp_path / "apps/web").config.settings == "web.settings_test"
