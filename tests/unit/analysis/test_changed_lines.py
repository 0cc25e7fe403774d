"""Changed lines, as git tells them, and what of them ran."""

from __future__ import annotations

from heroci_action.analysis.changed_lines import of_changes, uncovered
from heroci_action.repository.git import parse_changes
from heroci_action.results.records import Coverage, FileCoverage

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


def test_only_measured_changed_lines_count_and_branches_do_not() -> None:
    other = FileCoverage(path="b.py", missing=(1,))
    changes = {"a.py": frozenset({2, 3, 5, 6}), "c.py": frozenset({1})}

    found = of_changes(Coverage(files=(FILE, other)), changes, base="c")

    assert found.files == (FileCoverage(path="a.py", covered=(2,), missing=(3,)),)
    assert found.percent == 50.0


def test_a_change_without_code_has_no_percentage() -> None:
    assert of_changes(Coverage(files=(FILE,)), {"a.py": frozenset({99})}, base="c").percent is None


def test_missing_lines_are_ranges_over_lines_without_a_statement() -> None:
    assert list(uncovered(FILE, FILE)) == [(3, 7), (20, 20)]
    split = FileCoverage(path="a.py", covered=(5,), missing=(3, 4, 7, 20))
    assert list(uncovered(split, split)) == [(3, 4), (7, 7), (20, 20)]
