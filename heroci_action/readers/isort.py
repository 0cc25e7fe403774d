"""isort: its diff, its messages, or both."""

from __future__ import annotations

from heroci_action.readers.base import each
from heroci_action.readers.diffs import read_diff
from heroci_action.readers.format import Category, Format, LintTool, text_matching

FORMAT = Format(
    kind="isort",
    title="isort",
    category=Category.LINT,
    recognize=text_matching(r"^ERROR: .+ Imports are incorrectly sorted", r"^--- .+:before\t"),
    read=each(read_diff),
    tool=LintTool(
        name="isort",
        distribution="isort",
        default_spec="isort<=9.0.2",
        # `--filter-files`: apply `skip` to files that are named, too.
        command=("isort", "--check-only", "--diff", "--filter-files", "."),
        files=(".isort.cfg",),
        sections=frozenset({"isort", "tool:isort"}),
        hooks=frozenset({"isort"}),
    ),
)
