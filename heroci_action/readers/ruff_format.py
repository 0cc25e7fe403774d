"""`ruff format`: its diff, its messages, or both."""

from __future__ import annotations

from heroci_action.readers.base import each
from heroci_action.readers.diffs import read_diff
from heroci_action.readers.format import Category, Format, LintTool, text_matching

FORMAT = Format(
    kind="ruff-format",
    title="Ruff's formatter",
    category=Category.LINT,
    recognize=text_matching(
        r"^Would reformat: ", r"^--- [^\t\n]+\n\+\+\+ ", r"^\d+ files? already formatted"
    ),
    read=each(read_diff),
    tool=LintTool(
        name="ruff-format",
        distribution="ruff",
        default_spec="ruff<=0.17.6",
        command=("ruff", "format", "--diff", "."),
        cache_variable="RUFF_CACHE_DIR",
        narrowed_options=("--force-exclude",),
        hooks=frozenset({"ruff-format"}),
    ),
)
