"""Every kind of report has a reader, and every lint tool a kind that its output is read as."""

from __future__ import annotations

import pytest

from heroci_action.config.lint_tools import LINT_TOOLS, LintTool
from heroci_action.plan.report_kinds import ReportKind
from heroci_action.readers import READERS, PathResolver, Readings, Source
from heroci_action.repository.targets import lint_targets


@pytest.mark.parametrize("kind", ReportKind)
def test_every_kind_has_a_reader_that_survives_noise(kind: ReportKind) -> None:
    noise = Source(kind=kind, path="noise", content=b"\x00\xff]]>\x1b[31m{[<\n\n::error::x\n")
    found = READERS[kind]([noise], PathResolver())
    assert isinstance(found, Readings)
    assert (found.tests, found.diagnostics, found.coverage) == ((), (), None)


@pytest.mark.parametrize(
    ("tracked", "strays", "targets"),
    [
        (["a/x.py", "m.py", "README"], [], (".",)),
        (["a/x.py", "m.py"], ["a/__pycache__/", ".mypy_cache/", "coverage.xml"], (".",)),
        (["a/x.py", "a/b/y.py", "m.py"], [".venv/"], ("a", "m.py")),
        (["a/x.py", "a/b/y.py", "c/z.pyi"], ["a/env/"], ("a/x.py", "a/b", "c")),
        (["a/x.py", "c/z.py"], ["a/scratch.py"], ("a/x.py", "c")),
        (["README"], [".venv/"], (".",)),
    ],
)
def test_linters_get_the_fewest_directories_without_what_git_does_not_track(
    tracked: list[str], strays: list[str], targets: tuple[str, ...]
) -> None:
    assert lint_targets(tracked, strays) == targets


@pytest.mark.parametrize("tool", LINT_TOOLS.values(), ids=LINT_TOOLS)
def test_every_tool_is_given_the_targets(tool: LintTool) -> None:
    assert tool.command_for(("a", "m.py")) == (*tool.command[:-1], "a", "m.py")
