"""Which tests a change may affect; all of them if that is in doubt."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

from heroci_action.affected.recording import (
    DamagedRecordingError,
    RecordedId,
    RecordedTest,
    Recording,
    pack,
    record,
    reduce_to,
    unpack,
)
from heroci_action.affected.selection import Changes, Selected, select_affected

SOURCES = {
    "shop/cart.py": """
        from functools import lru_cache

        RATE = 2


        def total(prices):
            return sum(prices)


        class Tax:
            def of(self, price):
                return price * RATE

            @lru_cache
            def table(self):
                return {}


        def at_start():
            return 1


        START = at_start()
        """,
    "shop/helpers.py": """
        def login():
            return "user"
        """,
    "shop/test_cart.py": """
        from shop import cart


        class CartTests:
            def test_total(self):
                assert cart.total([]) == 0
        """,
    "shop/test_tax.py": """
        from shop.helpers import login


        class TaxTests:
            def test_of(self):
                login()
        """,
    "shop/unmeasured.py": "x = 1",
    "shop/conftest.py": "x = 1",
    "shop/test_settings.py": "x = 1",
    "page.html": "<p>",
}
TEXTS = {path: dedent(text).lstrip() for path, text in SOURCES.items()}
TOTAL = RecordedId("tests", "shop.test_cart.CartTests", "test_total")
OF = RecordedId("tests", "shop.test_tax.TaxTests", "test_of")
NAMES = {TOTAL: "total", OF: "of"}


def label(kind: str, classname: str, name: str = "") -> str:
    return json.dumps(["tests", kind, classname, name])


def line(path: str, text: str) -> int:
    return next(n for n, found in enumerate(TEXTS[path].splitlines(), 1) if text in found)


def recorded(*failed: RecordedId) -> Recording:
    """Return the recording of a run of both tests, with the coverage that they leave."""
    cart = [
        [[line("shop/cart.py", "return sum")], [1]],
        [[line("shop/cart.py", "price * RATE"), line("shop/cart.py", "return {}")], [2]],
        [[line("shop/cart.py", "return 1"), line("shop/cart.py", "RATE = 2")], [0]],
    ]
    contexts = {
        "contexts": [
            "",
            label("test", TOTAL[1], TOTAL[2]),
            label("owner", OF[1]),
            label("test", OF[1], OF[2]),
        ],
        "files": {
            "shop/cart.py": cart,
            "shop/helpers.py": [[[2], [3]]],
            "shop/test_cart.py": [[[6], [1]]],
            "shop/test_tax.py": [[[6], [3]]],
        },
    }
    tests = [
        RecordedTest(id=TOTAL, file="shop/test_cart.py", failed=TOTAL in failed),
        RecordedTest(id=OF, file="shop/test_tax.py", failed=OF in failed),
    ]
    return record(contexts, tests, files=TEXTS, sources=python(TEXTS))


def python(texts: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in texts.items() if path.endswith(".py")}


def after(*failed: RecordedId, **changed: str | None) -> Selected:
    """Return the selection after files have changed, given as `shop__cart="text"`; None deletes a file."""
    texts = dict(TEXTS)
    for name, text in changed.items():
        path = name.replace("__", "/")
        path = path if "." in path else f"{path}.py"
        texts.pop(path, None)
        if text is not None:
            texts[path] = text
    return select_affected(recorded(*failed), Changes(files=texts, texts=python(texts)))


def replaced(path: str, old: str, new: str) -> str:
    assert old in TEXTS[path]
    return TEXTS[path].replace(old, new)


def runs(selected: Selected) -> set[RecordedId]:
    assert selected.all_because is None
    return {TOTAL, OF} - selected.left_out


def test_only_users_of_a_changed_function_run() -> None:
    assert runs(after(shop__cart=replaced("shop/cart.py", "sum(prices)", "sum(prices) + 1"))) == {
        TOTAL
    }
    assert runs(after(shop__cart=replaced("shop/cart.py", "price * RATE", "price"))) == {OF}
    assert runs(after(shop__helpers=replaced("shop/helpers.py", '"user"', '"admin"'))) == {OF}


def test_comments_affect_no_test() -> None:
    assert (
        runs(after(shop__cart=replaced("shop/cart.py", "RATE = 2", "RATE = 2  # twice"))) == set()
    )


def test_nothing_runs_if_nothing_changed_and_nothing_failed() -> None:
    assert after().idle
    assert not after(TOTAL).idle


def test_a_test_that_failed_runs_again() -> None:
    selected = after(TOTAL)
    assert runs(selected) == {TOTAL}
    assert selected.failed == (TOTAL,)
    assert "1 test failed last time" in selected.summary


def test_all_tests_of_a_changed_test_module_run() -> None:
    changed = TEXTS["shop/test_cart.py"] + "\nLIMIT = 3\n"
    assert runs(after(shop__test_cart=changed)) == {TOTAL}
    assert runs(after(shop__test_cart=None)) == {TOTAL}


def test_a_new_test_module_affects_no_other_test() -> None:
    assert runs(after(shop__test_new="class NewTests: ...\n")) == set()


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("page.html", "<div>", "page.html was changed"),
        ("page.html", None, "page.html was deleted"),
        ("style.css", "p {}", "style.css is new"),
        (
            "shop/cart.py",
            ("RATE = 2", "RATE = 3"),
            "shop/cart.py was changed outside of its functions",
        ),
        ("shop/cart.py", ("total(prices)", "total(prices, more=())"), "outside of its functions"),
        ("shop/cart.py", ("return sum(prices)", "yield sum(prices)"), "outside of its functions"),
        ("shop/cart.py", ("return sum", "return sum("), "outside of its functions"),
        ("shop/cart.py", ("return 1", "return 2"), "in at_start, which ran outside of the tests"),
        ("shop/cart.py", ("return {}", "return {1: 2}"), "in Tax.table, whose results are cached"),
        ("shop/cart.py", None, "shop/cart.py was deleted, and it is not known which tests use it"),
        ("shop/new.py", "x = 1", "shop/new.py is new"),
        ("shop/test_settings.py", "DEBUG = True", "it is not known which tests use it"),
        ("shop/unmeasured.py", "x = 2", "it is not known which tests use it"),
        ("shop/conftest.py", "x = 2", "it is not known which tests use it"),
    ],
)
def test_every_test_runs_if_a_change_may_affect_any(
    path: str, text: str | tuple[str, str] | None, reason: str
) -> None:
    new = replaced(path, *text) if isinstance(text, tuple) else text
    selected = after(**{path.removesuffix(".py").replace("/", "__"): new})
    assert selected.all_because is not None
    assert reason in selected.all_because
    assert not selected.left_out


@pytest.mark.parametrize(
    "importer",
    [
        "from shop.test_cart import CartTests",
        "from shop import test_cart",
        "from . import test_cart",
        "from .test_cart import CartTests",
        "import shop.test_cart",
        "import_module('shop.test_cart')",
    ],
)
def test_a_test_module_that_another_one_imports_may_affect_its_users(importer: str) -> None:
    changed = replaced("shop/test_cart.py", "class CartTests:", "X = 1\n\n\nclass CartTests:")
    selected = after(shop__test_cart=changed, shop__test_other=importer)
    assert selected.all_because
    assert "shop/test_cart.py was changed outside" in selected.all_because


def test_ignored_files_do_not_count() -> None:
    texts = {**TEXTS, "README.md": "x"}
    changes = Changes(
        files=texts, texts=python(texts), is_ignored=lambda path: path.endswith(".md")
    )
    assert select_affected(recorded(), changes).idle


def test_a_test_that_was_left_out_keeps_what_it_executed() -> None:
    kept = reduce_to(recorded(), {OF})
    contexts = {
        "contexts": ["", label("test", *TOTAL[1:])],
        "files": {"shop/cart.py": [[[7], [1]]]},
    }

    updated = record(
        contexts,
        [RecordedTest(id=TOTAL, file="shop/test_cart.py")],
        files=TEXTS,
        sources=python(TEXTS),
        kept=kept,
    )

    assert updated.users["shop/cart.py"] == {"total": {TOTAL}, "Tax.of": {OF}, "Tax.table": {OF}}
    assert updated.shared["shop/cart.py"] == {"at_start"}
    assert {test.id for test in updated.tests} == {TOTAL, OF}


def test_a_recording_survives_its_file_and_a_damaged_one_is_refused() -> None:
    recording = recorded(OF)
    assert unpack(pack(recording)) == recording
    with pytest.raises(DamagedRecordingError):
        unpack(pack(recording)[:-9])
