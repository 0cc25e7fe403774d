"""Every built-in stage is complete: this names the part that a new stage still lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.config.model import Config
from heroci_action.pipeline import build_plan, builder
from heroci_action.pipeline.run_context import RunContext
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES
from tests.unit.detection.projects import django, loaded

DOCUMENT = Path(__file__).parents[3] / "docs" / "stages.md"


@pytest.mark.parametrize("name", BUILT_IN_STAGES)
def test_a_built_in_stage_is_complete(tmp_path: Path, name: str) -> None:
    declared = BUILT_IN_STAGES[name]
    project = loaded(tmp_path, django())
    assert builder(
        name
    ).__doc__, f"heroci_action/pipeline/{name}.py has no build() with a docstring"
    assert builder(name)(project, RunContext()).name == name, f"build() of {name} uses another name"
    assert declared.emoji, f"{name} has no emoji"
    assert set(declared.needs) <= BUILT_IN_STAGES.keys(), f"{name} needs an unknown stage"
    if declared.table:
        assert declared.table in Config.model_fields, f"Config has no table {declared.table!r}"
    row = f"| `{name}` | {', '.join(declared.needs)} |"
    assert row in DOCUMENT.read_text(), f"docs/stages.md has no row {row!r}"


def test_a_plan_contains_every_built_in_stage_in_the_order_of_the_registry(tmp_path: Path) -> None:
    made = build_plan(loaded(tmp_path, django()), RunContext())
    assert [stage.name for stage in made.stages] == list(BUILT_IN_STAGES)
    for stage in made.stages:
        assert (stage.emoji, stage.timeout) == (
            BUILT_IN_STAGES[stage.name].emoji,
            BUILT_IN_STAGES[stage.name].time_limit,
        )


def test_every_stage_has_a_time_limit_without_configuration(tmp_path: Path) -> None:
    files = {**django(), "heroci.toml": '[stages.own]\nsteps = ["true"]\n'}
    made = build_plan(loaded(tmp_path, files), RunContext())
    limits = {stage.name: stage.timeout for stage in made.stages}
    assert limits.pop("tests") == 30 * 60
    assert set(limits.values()) == {10 * 60}
    assert "own" in limits
