"""Arguments after `--` and the configured ones."""

from __future__ import annotations

import pytest

from heroci_action.pipeline.runner_arguments import TestNames, combine, has_selection

FILES = ("manage.py", "shop/__init__.py", "shop/tests/test_cart.py", "docs/index.md", "k/x.py")
NAMES = TestNames.of(FILES, ".")


@pytest.mark.parametrize(
    "name",
    ["shop", "shop.tests.test_cart.CartTests.test_total", "shop/tests/test_cart.py::test_total"],
)
def test_a_named_test_replaces_the_configured_names(name: str) -> None:
    for configured in ("shop", ".", "./shop/"):
        assert combine(("--tag", "fast", configured), (name,), NAMES) == ("--tag", "fast", name)


@pytest.mark.parametrize(
    "added", [("-k", "shop"), ("--tag", "shop"), ("--failfast",), ("elsewhere.tests",)]
)
def test_anything_else_is_added(added: tuple[str, ...]) -> None:
    assert combine(("shop",), added, NAMES) == ("shop", *added)


def test_the_value_of_a_configured_option_is_kept() -> None:
    assert combine(("-k", "shop", "shop"), ("shop.tests",), NAMES) == ("-k", "shop", "shop.tests")


@pytest.mark.parametrize(
    ("line", "selects"),
    [
        ("-k cart", True),
        ("-kcart", True),
        ("--exclude-tag=slow", True),
        ("shop/tests/test_cart.py::test_total", True),
        ("django.contrib.auth.tests", True),
        ("--failfast shop.tests", True),
        ("-x shop", True),
        ("--lf", True),
        ("", False),
        ("--maxfail 1", False),
        ("-v 2 --durations=5 -n 4 -p no:randomly", False),
        ("--settings site_.settings --keepdb", False),
    ],
)
def test_a_selection_among_the_arguments_is_recognized(line: str, *, selects: bool) -> None:
    assert has_selection(line.split()) is selects


def test_a_flag_before_a_name_does_not_hide_it() -> None:
    assert combine(("shop",), ("--failfast", "shop.tests"), NAMES) == ("--failfast", "shop.tests")


def test_names_are_relative_to_the_working_directory() -> None:
    names = TestNames.of(("backend/shop/tests.py",), "backend")

    assert names.has("shop.tests.CartTests")
    assert not names.has("backend")
