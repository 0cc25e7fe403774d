from __future__ import annotations

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from heroci_action.config.model import Config, ImageConfig, LintConfig, ServiceConfig
from heroci_action.config.types import seconds


def parsed(**values: object) -> Config:
    return Config.model_validate({key.replace("_", "-"): value for key, value in values.items()})


@pytest.mark.parametrize(
    ("written", "expected"),
    [(90, 90.0), (0.5, 0.5), ("90s", 90.0), ("5m", 300.0), ("1h", 3600.0), ("1.5m", 90.0)],
)
def test_a_duration_is_seconds_or_has_a_unit(written: object, expected: float) -> None:
    assert seconds(written) == expected


@pytest.mark.parametrize(
    "written",
    [0, -1, "5 days", "m", "", True, None, [], "1h30m", float("inf"), float("nan"), "-5s"],
)
def test_anything_else_is_no_duration(written: object) -> None:
    with pytest.raises(PydanticCustomError):
        seconds(written)


def test_a_service_may_be_written_as_its_version() -> None:
    assert parsed(services={"postgres": "17", "redis": 7}).services == {
        "postgres": ServiceConfig(version="17"),
        "redis": ServiceConfig(version="7"),
    }


def test_lint_is_a_list_of_tools_or_a_table_of_commands() -> None:
    assert dict(parsed(lint=["black", "ruff"]).lint) == {
        "black": LintConfig(),
        "ruff": LintConfig(),
    }
    assert dict(parsed(lint=[]).lint) == {}
    own = parsed(lint={"mypy": "mypy .", "own": {"command": ["x", "y"], "format": "sarif"}}).lint
    assert own["mypy"].command == "mypy ."
    assert own["own"] == LintConfig(command=("x", "y"), format="sarif")


def test_a_step_is_a_line_a_list_or_a_table() -> None:
    steps = (
        parsed(stages={"e2e": {"steps": ["a | b", ["c", "d e"], {"name": "last", "run": "f"}]}})
        .stages["e2e"]
        .steps
    )
    assert [step.run for step in steps] == ["a | b", ("c", "d e"), "f"]
    assert [step.title for step in steps] == ["a | b", "c 'd e'", "last"]


def test_test_arguments_are_one_run_or_several() -> None:
    assert parsed(tests={"args": ["--tag", "fast"]}).tests.args == (("--tag", "fast"),)
    assert parsed(tests={"args": [["-m", "db"], ["-m", "not db"]]}).tests.args == (
        ("-m", "db"),
        ("-m", "not db"),
    )
    assert parsed().tests.args == ((),)


def test_the_image_is_a_table_or_false() -> None:
    assert parsed(image=False).image is False
    assert parsed(image={"build-args": {"A": "1"}}).image == ImageConfig(build_args={"A": "1"})
    for wrong in (True, "Dockerfile", 1):
        with pytest.raises(ValidationError):
            parsed(image=wrong)


@pytest.mark.parametrize(
    ("written", "right"),
    [(True, True), (4, True), ("auto", True), (0, False), (-2, False), ("4", False)],
)
def test_parallel_is_a_flag_auto_or_a_number_of_processes(written: object, right: bool) -> None:
    if right:
        assert parsed(tests={"parallel": written}).tests.parallel == written
    else:
        with pytest.raises(ValidationError):
            parsed(tests={"parallel": written})


def test_every_key_has_a_description() -> None:
    def models(schema: dict[str, object]) -> list[dict[str, dict[str, object]]]:
        tables = [schema, *schema["$defs"].values()]  # type: ignore[attr-defined]
        return [table["properties"] for table in tables if "properties" in table]

    schema = Config.model_json_schema()
    bare = [
        key
        for table in models(schema)
        for key, value in table.items()
        if not (value.get("description") or "$ref" in value)
    ]
    assert bare == []
