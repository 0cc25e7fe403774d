"""Black: its diff, its messages, or both."""

from __future__ import annotations

from heroci_action.readers.base import each
from heroci_action.readers.diffs import read_diff
from heroci_action.readers.format import Category, Format, LintTool, text_matching

FORMAT = Format(
    kind="black",
    title="Black",
    category=Category.LINT,
    recognize=text_matching(
        r"^would reformat ",
        r"^error: cannot format ",
        r"^--- (?!.+:before\t).+\t.+\n\+\+\+ ",
        r"^\d+ files? would be left unchanged",
    ),
    read=each(read_diff),
    tool=LintTool(
        name="black",
        distribution="black",
        default_spec="black<=26.10.1",
        command=("black", "--check", "--diff", "--quiet", "."),
        cache_variable="BLACK_CACHE_DIR",
        slow_options=frozenset({"--diff"}),
        hooks=frozenset({"black", "black-jupyter"}),
    ),
)
