from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.errors import ConfigurationError, ExitCode
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import LARGEST_REPORT, Plan, Stage, select


def plan(**needs: tuple[str, ...]) -> Plan:
    return Plan(
        project="p", stages=tuple(Stage(name=name, needs=need) for name, need in needs.items())
    )


def test_every_error_of_a_plan_is_reported_at_once() -> None:
    stages = (
        Stage(name="lint"),
        Stage(name="test", needs=("lnt",), services=("postgress",)),
        Stage(name="lint"),
    )
    with pytest.raises(ConfigurationError) as caught:
        Plan(project="p", stages=stages)
    text = str(caught.value)
    assert "stage 'test' needs an unknown stage 'lnt'; did you mean 'lint'?" in text
    assert "stage 'test' needs an unknown service 'postgress'" in text
    assert "the name 'lint' is used twice" in text
    assert caught.value.exit_code is ExitCode.USAGE


def test_circular_needs_are_reported_with_every_stage_of_the_cycle() -> None:
    with pytest.raises(ConfigurationError, match="circular stage dependency: a -> b -> c -> a"):
        plan(a=("b",), b=("c",), c=("a",))


def test_selecting_a_stage_also_selects_what_it_needs() -> None:
    chosen = select(
        plan(base=(), lint=("base",), tests=("base",), deploy=("tests",)), only=["tests"]
    )
    assert {stage.name: stage.skip for stage in chosen.stages} == {
        "base": None,
        "lint": "not selected by --stages",
        "tests": None,
        "deploy": "not selected by --stages",
    }


def test_excluded_stages_give_the_reason() -> None:
    chosen = select(plan(base=(), lint=("base",)), skip=["lint"])
    assert chosen.stage("lint").skip == "excluded by --skip"


def test_selecting_an_unknown_stage_suggests_a_known_one() -> None:
    with pytest.raises(ConfigurationError, match="there is no stage 'tets'; did you mean 'tests'"):
        select(plan(tests=()), only=["tets"])


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("postgres://{postgres.host}:{postgres.port}/x", "postgres://h:1/x"),
        ("${HOME} {unknown} {}", "${HOME} {unknown} {}"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("{secret_key}", "s"),
        ("{env.GITHUB_SHA}", "c"),
    ],
)
def test_only_known_placeholders_are_filled(text: str, filled: str) -> None:
    values = {"postgres.host": "h", "postgres.port": "1", "secret_key": "s", "env.GITHUB_SHA": "c"}
    assert fill(text, values) == filled
    assert fill_line((text, "x"), values) == (filled, "x")


@given(st.text())
def test_text_without_known_placeholders_stays_as_it_is(text: str) -> None:
    assert fill(text, {}) == text


def test_the_limit_on_report_files_spares_heroci_s_own_records() -> None:
    limited = Plan(project="shop", largest_report=5)
    assert (limited.limit_of("junit"), limited.limit_of("django-record")) == (5, LARGEST_REPORT)
