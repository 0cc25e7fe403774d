"""The tests that the failures of an earlier run select."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

import heroci_action.probes

SPEC = importlib.util.spec_from_file_location(
    "heroci_selection", Path(heroci_action.probes.__file__).with_name("heroci_selection.py")
)
assert SPEC
assert SPEC.loader
selection: Any = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(selection)


@pytest.mark.parametrize(
    ("failure", "test"),
    [
        (("shop.tests.Cart", "test_total"), ("shop.tests.Cart", "test_total")),
        (("shop.tests.Cart", "test_total (i=1)"), ("shop.tests.Cart", "test_total")),
        (("shop.tests.Cart", "test_total (clean-up)"), ("shop.tests.Cart", "test_total")),
        (("shop.tests", "test_many[a b]"), ("shop.tests", "test_many[a b]")),
        (("shop.tests.Cart", "setUpClass"), ("shop.tests.Cart", "test_total")),
        (("shop.tests", "setUpModule"), ("shop.tests.Cart", "test_total")),
        (("", "shop.tests"), ("shop.tests.Cart", "test_total")),
        (("", "shop.tests"), ("shop.tests", "test_function")),
    ],
)
def test_a_failure_selects(failure: tuple[str, str], test: tuple[str, str]) -> None:
    chosen = selection.Selection([failure])

    assert chosen.has(*test)
    assert chosen.warning() is None


@pytest.mark.parametrize(
    "test",
    [
        ("shop.tests.Cart", "test_totals"),
        ("shop.tests.Carts", "test_total"),
        ("shop.tests", "test_total"),
    ],
)
def test_another_test_is_left_out(test: tuple[str, str]) -> None:
    assert not selection.Selection([("shop.tests.Cart", "test_total")]).has(*test)


def test_a_failure_without_a_test_is_named() -> None:
    chosen = selection.Selection([("shop.tests.Cart", "test_a"), ("shop.tests.Cart", "test_b")])
    chosen.has("shop.tests.Cart", "test_b")

    text = "1 of the 2 failed tests of the last run no longer exist: shop.tests.Cart.test_a"
    assert chosen.warning() == {"event": "warning", "text": text}
