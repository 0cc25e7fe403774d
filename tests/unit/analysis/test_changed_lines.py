"""Changed lines, as git tells them, and what of them ran."""

from __future__ import annotations

import pytest

from heroci_action.analysis.changed_lines import Changes, of_changes, uncovered
from heroci_action.repository.git import parse_changes
from heroci_action.results.coverage import Coverage, FileCoverage, UnmatchedFile

DIFF = """diff --git a/cart.py b/cart.py
--- a/cart.py
+++ b/cart.py
@@ -1,0 +2,2 @@ def total():
+new
+++ b/other.py
@@ -7 +9 @@
--- a/old
+new
@@ -20,3 +22,0 @@
-gone
-gone
-gone
diff --git a/old.py b/old.py
--- a/old.py
+++ /dev/null
@@ -1 +0,0 @@
-gone
diff --git "a/\\303\\274 \\t.py" "b/\\303\\274 \\t.py"
--- "a/\\303\\274 \\t.py"
+++ "b/\\303\\274 \\t.py"
@@ -0,0 +1 @@
+x
diff --git a/with space.py b/with space.py
--- a/with space.py\t
+++ b/with space.py\t
@@ -0,0 +5 @@
+x
\\ No newline at end of file
"""


def test_a_diff_says_which_lines_are_new() -> None:
    assert parse_changes(DIFF) == {
        "cart.py": frozenset({2, 3, 9}),
        "ü \t.py": frozenset({1}),
        "with space.py": frozenset({5}),
    }


def test_nothing_changed_is_nothing() -> None:
    assert parse_changes("") == {}


FILE = FileCoverage(path="a.py", covered=(1, 2, 8), missing=(3, 4, 7, 20), covered_branches=2)


def changed(lines: dict[str, frozenset[int]], text: str = "") -> Changes:
    return Changes(
        base="c", lines=lines, text=lambda _: text, is_omitted=lambda path: "/migrations/" in path
    )


def test_only_measured_changed_lines_count_and_branches_do_not() -> None:
    other = FileCoverage(path="b.py", missing=(1,))
    changes = {"a.py": frozenset({2, 3, 5, 6}), "c.py": frozenset({1})}

    found = of_changes(Coverage(files=(FILE, other)), changed(changes))

    assert found.files == (FileCoverage(path="a.py", covered=(2,), missing=(3,)),)
    assert found.percent == 50.0


def test_a_change_without_code_has_no_percentage() -> None:
    assert of_changes(Coverage(files=(FILE,)), changed({"a.py": frozenset({99})})).percent is None


NEW_PYTHON = '''"""Refunds."""

def refund(order):
    # Money goes back.
    total = -order

    return total
'''


@pytest.mark.parametrize(
    ("path", "text", "missing"),
    [
        ("shop/refunds.py", NEW_PYTHON, (3, 5, 7)),
        ("new/app/refunds.py", NEW_PYTHON, (3, 5, 7)),
        ("shop/refunds.py", "def (:\n# x\nx = 1\n", (1, 3)),
        ("web/refunds.ts", "// x\nexport const a = {\n};\n", (2,)),
        ("web/Refunds.tsx", "export const a = 1;\n", (1,)),
        ("web/refunds.mjs", "export const a = 1;\n", (1,)),
    ],
)
def test_a_changed_file_that_no_report_contains_is_not_covered(
    path: str, text: str, missing: tuple[int, ...]
) -> None:
    coverage = Coverage(
        files=(FILE,), unmatched=(UnmatchedFile(path="/x/y.ts", measured=1, ran=1),)
    )

    found = of_changes(coverage, changed({path: frozenset(range(1, 20))}, text))

    assert found.unknown == (path,)
    assert found.files == (FileCoverage(path=path, missing=missing),)
    assert found.percent == 0.0


@pytest.mark.parametrize(
    "path",
    [
        "README.md",  # another language
        "web/refunds.ts",  # which no report measures
        "tests/test_refunds.py",
        "shop/tests.py",
        "shop/refunds_test.py",
        "conftest.py",
        "shop/migrations/0002_refund.py",  # left out on purpose
        "shop/__init__.py",  # which is empty
    ],
)
def test_what_is_not_measured_on_purpose_is_not_missing(path: str) -> None:
    text = "" if path.endswith("__init__.py") else "x = 1\n"

    found = of_changes(Coverage(files=(FILE,)), changed({path: frozenset({1})}, text))

    assert (found.files, found.unknown) == ((), ())


def test_missing_lines_are_ranges_over_lines_without_a_statement() -> None:
    assert list(uncovered(FILE, FILE)) == [(3, 7), (20, 20)]
    split = FileCoverage(path="a.py", covered=(5,), missing=(3, 4, 7, 20))
    assert list(uncovered(split, split)) == [(3, 4), (7, 7), (20, 20)]
