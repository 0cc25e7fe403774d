"""Patterns that exclude files from the upload."""

from __future__ import annotations

from heroci_action.engines.dagger.patterns import exclude_patterns


def test_few_files_are_excluded_one_by_one_and_match_nothing_else() -> None:
    excluded = ["build/", "a [1].txt", "what*"]
    patterns = set(exclude_patterns(excluded, ["a 1.txt", "whatever"]))
    assert patterns == {"build", r"a \[1\].txt", r"what\*"}


def test_many_files_of_one_kind_are_one_pattern() -> None:
    excluded = [f"shop/x{number}.sqlite3" for number in range(20_000)]
    assert list(exclude_patterns(excluded, ["shop/models.py", "db.sqlite3"])) == ["shop/*.sqlite3"]


def test_many_files_are_listed_if_a_file_of_that_kind_is_needed() -> None:
    excluded = [f"shop/x{number}.sqlite3" for number in range(30)]
    for needed in ("shop/tracked.sqlite3", "shop/fixtures.sqlite3/data.json"):
        assert list(exclude_patterns(excluded, [needed])) == excluded


def test_many_files_without_a_suffix_are_listed() -> None:
    excluded = [f"shop/x{number}" for number in range(30)]
    assert list(exclude_patterns(excluded, [])) == excluded
