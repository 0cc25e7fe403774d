"""Directories of the repository that the CI puts on the PATH of its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (['PATH="$PWD/node_modules/.bin:$PATH" python manage.py test'], "node_modules/.bin"),
        (["export PATH=tools/bin:$PATH && python manage.py test"], "tools/bin"),
        (['echo "$PWD/tools" >> $GITHUB_PATH', "python manage.py test"], "tools"),
        (["PATH=$PWD/.venv/bin:/opt/bin:$HOME/.local/bin:$PATH python manage.py test"], None),
    ],
)
def test_programs_of_the_repository_on_the_search_path_are_a_warning(
    tmp_path: Path, lines: list[str], named: str | None
) -> None:
    warnings = loaded(tmp_path, {**django(), **workflow(*lines)}).warnings
    found = [text for text in warnings if "on the PATH of its tests" in text]
    assert [text.startswith(f"the CI puts {named} on") for text in found] == (
        [True] if named else []
    )


def test_a_step_before_the_tests_keeps_its_own_path(tmp_path: Path) -> None:
    lines = workflow("export PATH=$PWD/tools:$PATH; shop-setup", "python manage.py test")
    (step,) = loaded(tmp_path, {**django(), **lines}).config.tests.before
    assert step.run == "shop-setup"
