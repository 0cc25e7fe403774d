"""The warning about the coverage that the project's CI requires."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.commands.plan import warn_of_coverage_limits
from heroci_action.options import Gates, RunOptions
from heroci_action.sharding import Shard
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded


@pytest.mark.parametrize(
    ("line", "gates", "shard", "warns"),
    [
        ("coverage report --fail-under=75", Gates(), None, True),
        ("coverage report --fail-under=75", Gates(coverage_minimum=70), None, False),
        ("coverage report --fail-under=75", Gates(coverage_minimum_lines=70), None, False),
        ("coverage report --fail-under=75", Gates(coverage_minimum_diff=70), None, True),
        ("coverage report --fail-under=75", Gates(), Shard.parse("1/2"), False),
        ("coverage report", Gates(), None, False),
    ],
)
def test_a_run_that_does_not_check_the_required_coverage_says_so(
    tmp_path: Path, line: str, gates: Gates, shard: Shard | None, *, warns: bool
) -> None:
    project = loaded(tmp_path, {**django(), **workflow(line)})
    options = RunOptions(path=tmp_path, gates=gates, shard=shard)
    texts = warn_of_coverage_limits(project, options).warnings
    assert any("requires coverage of 75 %" in text for text in texts) is warns
