"""Tests that the CI runs beside the suite are named, because the plan does not contain them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

PYTEST = "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n"


def named(root: Path, *lines: str, options: str = "") -> list[str]:
    """Return the warnings about other tests of a project with a job for each line."""
    jobs = "".join(
        f"  {name}: {{steps: [{{run: {line!r}}}]}}\n"
        for name, line in zip(NAMES, lines, strict=False)
    )
    files = {".github/workflows/ci.yml": f"on: push\njobs:\n{jobs}", "pytest.ini": PYTEST + options}
    found = loaded(root, {**django(), **files})
    return [text for text in found.warnings if "also runs" in text]


NAMES = ("unit", "integration", "ui")


@pytest.mark.parametrize(
    ("lines", "options", "other"),
    [
        (("pytest tests/unit", "pytest tests/integration"), "", "pytest tests/integration"),
        (
            ("pytest tests/unit tests/api", "pytest -x e2e/test_login.py"),
            "",
            "pytest -x e2e/test_login.py",
        ),
        (("pytest", "pytest e2e"), "testpaths = tests\n", "pytest e2e"),
        (
            ("python manage.py test shop", "python manage.py test browser.tests.Login"),
            "",
            "browser.tests.Login",
        ),
        (("pytest -m 'not slow' --cov", "SHOP_MODE=x pytest"), "", "pytest"),
        (("pytest", "pytest shop/e2e/"), "addopts = --ignore=shop/e2e\n", "pytest shop/e2e/"),
        (("pytest", "pytest -m browser"), "addopts = -m 'not browser'\n", "pytest -m browser"),
    ],
)
def test_tests_in_other_places_are_named(
    tmp_path: Path, lines: tuple[str, ...], options: str, other: str
) -> None:
    (text,) = named(tmp_path, *lines, options=options)
    assert other in text


@pytest.mark.parametrize(
    "line",
    [
        "python manage.py test --settings=mysite.deployed",
        "docker compose up -d && docker exec -i app-web-1 python manage.py test --settings=mysite.deployed",
        "docker compose up -d db && docker compose run web python manage.py test",
    ],
)
def test_the_suite_with_other_settings_or_another_database_is_named(
    tmp_path: Path, line: str
) -> None:
    compose = "services: {web: {build: .}, db: {image: 'postgres:17'}}\n"
    files = {
        "docker-compose.yml": compose,
        "Dockerfile": "FROM python:3.13\n",
        "mysite/deployed.py": "",
        ".github/workflows/ci.yml": f"""
            on: push
            jobs:
              unit: {{steps: [{{run: python manage.py test}}]}}
              integration: {{steps: [{{run: {line!r}}}]}}
            """,
    }
    found = loaded(tmp_path, {**django(), **files})
    (text,) = (text for text in found.warnings if "also runs" in text)
    assert "ci.yml also runs 'docker" in text or "mysite.deployed" in text


def test_tests_in_a_directory_that_django_adds_to_its_paths_are_named(tmp_path: Path) -> None:
    files = {
        **{name.replace("manage", "site/manage"): text for name, text in django().items()},
        "common/test_pools.py": "",
        ".github/workflows/ci.yml": """
            on: push
            jobs:
              unit: {steps: [{run: cd site && python manage.py test --pythonpath ../common}]}
              pools: {steps: [{run: python site/manage.py test test_pools --pythonpath common}]}
            """,
    }
    found = loaded(tmp_path, files)
    (text,) = (text for text in found.warnings if "also runs" in text)
    assert "test_pools" in text


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        (("pytest", "pytest e2e"), ""),
        (("pytest tests", "pytest tests/integration -x"), ""),
        (("pytest", "pytest tests/ui"), "testpaths = tests/*\n"),
        (("python manage.py test shop", "python manage.py test shop.tests.Cart"), ""),
        (("pytest tests/unit", "pytest tests/integration || true"), ""),
        (("python manage.py test", "python manage.py test browser"), ""),
        (("pytest", "pytest shop/api"), "addopts = --ignore=shop/e2e\n"),
    ],
)
def test_tests_of_the_suite_are_not_named_again(
    tmp_path: Path, lines: tuple[str, ...], options: str
) -> None:
    assert named(tmp_path, *lines, options=options) == []


def test_the_same_line_in_another_directory_is_another_suite(tmp_path: Path) -> None:
    files = {"tools/pyproject.toml": "", "tools/tests/test_tools.py": ""}
    jobs = """
on: push
jobs:
  unit: {steps: [{run: uv run pytest}]}
  tools: {defaults: {run: {working-directory: tools}}, steps: [{run: uv run pytest}]}
"""
    files |= {"pytest.ini": PYTEST + "testpaths = mysite\n", ".github/workflows/ci.yml": jobs}
    found = loaded(tmp_path, {**django(), **files})
    assert any("also runs 'uv run pytest' in tools" in text for text in found.warnings)


def test_tests_with_a_browser_for_another_program_are_named(tmp_path: Path) -> None:
    jobs = """
on: push
jobs:
  unit: {steps: [{run: python manage.py test}]}
  playwright: {steps: [{run: pytest e2e}]}
"""
    files = {"e2e/test_login.py": "", ".github/workflows/ci.yml": jobs}
    found = loaded(tmp_path, {**django(), **files})
    assert any("also runs 'pytest e2e'" in text for text in found.warnings)


@pytest.mark.parametrize(("variable", "warned"), [("BROWSER_TESTS", True), ("SHOP_PORT", False)])
def test_tests_that_skip_themselves_without_a_variable_are_named(
    tmp_path: Path, variable: str, warned: bool
) -> None:
    jobs = f"""
on: push
jobs:
  unit: {{steps: [{{run: pytest}}]}}
  ui:
    env: {{{variable}: "1"}}
    steps: [{{run: pytest tests/ui}}]
"""
    skipping = """
        import os, pytest
        needs_browser = pytest.mark.skipif("BROWSER_TESTS" not in os.environ, reason="slow")
    """
    files = {
        "tests/ui/marks.py": skipping,
        "shop/ports.py": 'import os\nPORT = os.environ["SHOP_PORT"]\n',
        "pytest.ini": PYTEST,
        ".github/workflows/ci.yml": jobs,
    }
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    found = loaded(tmp_path, {**django(), **files})
    assert any("also runs 'pytest tests/ui'" in text for text in found.warnings) is warned


def test_a_directory_as_label_of_django_is_the_place_of_its_tests(tmp_path: Path) -> None:
    files = {
        **{f"shop/{path}": text for path, text in django().items()},
        "shop/shop/__init__.py": "",
        ".github/workflows/ci.yml": "jobs: {t: {steps: [{run: python shop/manage.py test shop}]}}\n",
        ".travis.yml": "language: python\nscript: cd shop && python manage.py test\n",
    }
    found = loaded(tmp_path, files)
    assert (found.config.working_directory, found.config.tests.args) == ("shop", ((".",),))
    assert [text for text in found.warnings if "also runs" in text] == []


@pytest.mark.parametrize(
    ("modules", "suite", "line", "is_named"),
    [
        ((), "python manage.py test", "python manage.py test browser", True),
        ((), "python manage.py test", "python manage.py test browser.test_login", True),
        ((), "python manage.py test browser", "python manage.py test browser/", False),
        ((), "pytest", "pytest browser", False),
        (("__init__.py",), "python manage.py test", "python manage.py test browser", False),
    ],
)
def test_tests_that_django_does_not_discover_are_named(
    tmp_path: Path, modules: tuple[str, ...], suite: str, line: str, *, is_named: bool
) -> None:
    (tmp_path / "browser").mkdir()
    for name in (*modules, "test_login.py"):
        (tmp_path / "browser" / name).write_text("")
    assert bool(named(tmp_path, suite, line)) is is_named


@pytest.mark.parametrize(
    ("variable", "warning"),
    [
        ("SUITE: browser", "also runs 'python manage.py test' with SUITE=browser, which"),
        ("SUITE: unit", None),
        ("SUITE: mysql", None),
        ("OTHER: browser", None),
    ],
)
def test_the_same_command_with_a_variable_that_chooses_tests_is_named(
    tmp_path: Path, variable: str, warning: str | None
) -> None:
    jobs = f"""
on: push
jobs:
  unit: {{env: {{SUITE: unit}}, steps: [{{run: python manage.py test}}]}}
  browser: {{env: {{{variable}}}, steps: [{{run: python manage.py test}}]}}
"""
    code = "import os\nif os.environ.get('SUITE') == 'browser':\n    from shop.ui import *\n"
    files = {"shop/tests/test_all.py": code, ".github/workflows/ci.yml": jobs}
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    found = [text for text in loaded(tmp_path, {**django(), **files}).warnings if "also" in text]
    assert (len(found) == 1 and warning in found[0]) if warning else found == []


@pytest.mark.parametrize(
    ("lines", "args"),
    [
        (("pytest", "pytest --ignore-glob='**/ui/**'"), [()]),
        (("pytest", "pytest --ignore=tests/ui -n 4"), [()]),
        (
            ("pytest --ignore-glob=tests/ui/*.py", "pytest --ignore=tests/ui"),
            [("--ignore=tests/ui",)],
        ),
    ],
)
def test_the_same_tests_without_some_paths_are_no_other_tests(
    tmp_path: Path, lines: tuple[str, ...], args: list[tuple[str, ...]]
) -> None:
    jobs = "".join(f'  j{n}: {{steps: [{{run: "{line}"}}]}}\n' for n, line in enumerate(lines))
    files = {"tests/ui/test_a.py": "", ".github/workflows/ci.yml": f"on: push\njobs:\n{jobs}"}
    found = loaded(tmp_path, {**django(), "pytest.ini": PYTEST, **files})
    assert [text for text in found.warnings if "also runs" in text] == []
    assert len(found.config.tests.args) == len(args)


@pytest.mark.parametrize("lines", [("pytest", "cd web && pytest"), ("cd web && pytest", "pytest")])
def test_a_run_in_a_directory_with_a_configuration_of_its_own_is_another_one(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    files = {
        **{f"web/{name}": text for name, text in django().items()},
        "web/pytest.ini": PYTEST,
        "pytest.ini": "[pytest]\naddopts = -p no:django\ntestpaths = shop\n",
        "shop/tests/test_a.py": "",
        **workflow(*lines),
    }
    found = loaded(tmp_path, files)
    assert [text for text in found.warnings if "ci.yml also runs 'pytest', which" in text]
    assert found.config.tests.args == ((),)
    (other,) = found.facts.other_tests
    assert other.command == "cd .. && python -m pytest"


MODULES = {
    f"mysite/{name}.py": "SECRET_KEY = 'x'\nINSTALLED_APPS = []\n" for name in ("base", "small")
}
PLACES = {
    f"{place}/test_{number}.py": "" for place in ("one", "two/a", "two/b") for number in range(2)
}


@pytest.mark.parametrize(
    ("lines", "settings", "other"),
    [
        (
            ("python manage.py test --settings=mysite.small one", "python manage.py test --settings=mysite.base"),
            "mysite.base",
            "python manage.py test one --settings=mysite.small",
        ),
        (
            ("python manage.py test", "python manage.py test --settings=mysite.small one"),
            "mysite.settings",
            "python manage.py test one --settings=mysite.small",
        ),
        (
            ("python manage.py test one", "python manage.py test --settings=mysite.base two"),
            "mysite.base",
            "python manage.py test one --settings=mysite.settings",
        ),
        (
            ("pytest --ds=mysite.small one", "pytest --ds=mysite.base two/a two/b"),
            "mysite.base",
            "python -m pytest one --ds=mysite.small",
        ),
        (
            ("pytest --ds=mysite.small one", "pytest --ds=mysite.base two/a", "pytest --ds=mysite.base two/b"),
            "mysite.base",
            "python -m pytest one --ds=mysite.small",
        ),
        (
            ("pytest one", "pytest --ds=mysite.base two"),
            "mysite.base",
            "python -m pytest one --ds=mysite.settings",
        ),
    ],
)  # fmt: skip
def test_the_suite_has_the_settings_that_most_tests_get(
    tmp_path: Path, lines: tuple[str, ...], settings: str, other: str
) -> None:
    files = {**django(), **MODULES, **PLACES, "pytest.ini": PYTEST, **workflow(*lines)}
    found = loaded(tmp_path, files)
    assert found.config.settings == settings
    assert [tests.command for tests in found.facts.other_tests] == [other]
