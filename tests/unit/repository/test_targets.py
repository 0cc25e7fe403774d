"""The directories and files that linters are given."""

from __future__ import annotations

import pytest

from heroci_action.repository.targets import lint_targets


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
