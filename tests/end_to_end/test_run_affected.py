"""`heroci run --affected`: the tests that a change may affect, by what they executed in an earlier run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.program import Run, call, environment
from tests.end_to_end.projects import FILES, write

CART = """
RATE = 2


def total(prices):
    return sum(prices)


def taxed(price):
    return price * RATE


def shipping(weight):
    return 5 if weight < 10 else 9
"""
TEST_CART = """
from django.test import TestCase

from shop import cart


class TotalTests(TestCase):
    def test_adds(self):
        self.assertEqual(cart.total([1, 2]), 3)

    def test_nothing(self):
        self.assertEqual(cart.total([]), 0)


class TaxTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.shipping = cart.shipping(1)

    def test_doubles(self):
        self.assertEqual(cart.taxed(4), 8)

    def test_shipping(self):
        self.assertEqual(self.shipping, 5)
"""
NEW = """
from django.test import SimpleTestCase


class NewTests(SimpleTestCase):
    def test_new(self):
        self.assertTrue(True)
"""
CONFIGURED = FILES["pyproject.toml"] + """
        [tool.heroci.cache]
        ignore = ["*.md"]
        """
COMMON = {
    "shop/cart.py": CART,
    "shop/test_cart.py": TEST_CART,
    "pyproject.toml": CONFIGURED,
    "README.md": "The shop.\n",
}
PYTEST = {
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_.settings\npython_files = test*.py\n",
    "requirements.txt": "Django==5.2.19\ndj-database-url==3.1.2\npsycopg[binary]==3.3.9\n"
    "pytest==9.0.2\npytest-django==4.11.1\n",
}
PARALLEL = {"pyproject.toml": CONFIGURED + "[tool.heroci.tests]\nparallel = 2\n"}
ALL = {
    *("test_adds", "test_nothing", "test_doubles", "test_shipping"),
    *("test_name", "test_database_is_real", "test_health"),
}


def affected(project: Path, *options: str) -> Run:
    env = environment(HEROCI_CACHE_DIR=str(project.parent / "cache"))
    fixed = ("--engine", "host", "--stages", "tests", "--affected")
    return call("run", *fixed, *options, directory=project, env=env)


def names(done: Run) -> list[str]:
    """Return the names of the tests that ran, in their order."""
    return [test["name"] for test in done.step("tests", "tests")["tests"]]


def edit(project: Path, path: str, old: str, new: str) -> None:
    file = project / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "runner", [{}, PYTEST, PARALLEL], ids=["django", "pytest", "django in parallel"]
)
def test_only_tests_that_executed_a_changed_function_run(
    tmp_path: Path, runner: dict[str, str]
) -> None:
    project = write(tmp_path / "shop", {**COMMON, **runner})
    first = affected(project)
    assert first.exit_code == 0, first.stdout + first.stderr
    assert "every test runs, because there is no recording" in first.stderr
    assert {*names(first)} == ALL
    assert first.result["partial"] is None

    edit(project, "shop/cart.py", "return sum(prices)", "return sum(prices) + 1")
    (project / "README.md").write_text("The best shop.\n")
    second = affected(project, "--coverage-minimum", "99")
    assert second.exit_code == 1, second.stdout + second.stderr
    assert {*names(second)} == {"test_adds", "test_nothing"}
    assert second.result["partial"] == (
        "only affected tests, 2 of 7 that are recorded; changed: shop/cart.py (2 tests)"
    )
    (gate,) = second.stage("gates")["steps"]
    assert gate["status"] == "skipped"

    # What the fixture of a class executes belongs to all its tests, and what failed runs first.
    edit(project, "shop/cart.py", "return sum(prices) + 1", "return sum(prices)")
    edit(project, "shop/cart.py", "5 if weight", "5 if  weight + 0")
    third = affected(project)
    assert third.exit_code == 0, third.stdout + third.stderr
    assert {*names(third)} == {"test_adds", "test_nothing", "test_doubles", "test_shipping"}
    assert runner is PARALLEL or {*names(third)[:2]} == {"test_adds", "test_nothing"}
    assert "2 tests failed last time" in third.result["partial"]

    fourth = affected(project)
    assert fourth.exit_code == 0, fourth.stdout + fourth.stderr
    assert fourth.stage("tests")["reason"] == "no test is affected by a change"

    (project / "shop/test_new.py").write_text(NEW)
    edit(project, "shop/test_cart.py", "cart.total([])", "cart.total(())")
    fifth = affected(project)
    assert {*names(fifth)} == {
        "test_new",
        "test_adds",
        "test_nothing",
        "test_doubles",
        "test_shipping",
    }

    edit(project, "shop/cart.py", "RATE = 2", "RATE = 2.0")
    last = affected(project)
    assert (
        "every test runs, because shop/cart.py was changed outside of its functions" in last.stderr
    )
    assert {*names(last)} == {*ALL, "test_new"}
    assert last.result["partial"] is None


def test_a_recording_of_another_environment_does_not_count(tmp_path: Path) -> None:
    project = write(tmp_path / "shop", COMMON)
    assert affected(project).exit_code == 0

    done = affected(project, "--env", "SHOP_MODE=test")

    assert "the recording is of another environment" in done.stderr
    assert {*names(done)} == ALL
