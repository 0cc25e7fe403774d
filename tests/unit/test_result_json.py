from __future__ import annotations

import json

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from heroci_action.errors import UsageError
from heroci_action.results.records import Result, StageResult, Status, StepResult, TestCase
from heroci_action.results.serialise import dump, load, schema, schema_text, shipped_schema
from tests.unit.result_strategies import results

RESULT = Result(
    status=Status.FAILED,
    exit_code=1,
    project="p",
    engine="host",
    stages=(
        StageResult(
            name="tests",
            status=Status.FAILED,
            steps=(
                StepResult(
                    name="tests",
                    status=Status.FAILED,
                    tests=(TestCase(name="test_\udc80\x00", status=Status.ERRORED, line=3),),
                    facts={"database\udcff": "postgresql"},
                ),
            ),
        ),
    ),
)


@given(results)
def test_every_result_comes_back_as_it_was(result: Result) -> None:
    assert load(dump(result)) == result


def test_undecodable_names_and_nul_come_back() -> None:
    assert load(dump(RESULT)) == RESULT


def test_the_file_is_ascii_in_one_line() -> None:
    content = dump(RESULT)

    assert content.isascii()
    assert content.count(b"\n") == 1


@given(results)
def test_every_file_fits_the_shipped_schema(result: Result) -> None:
    Draft202012Validator(json.loads(shipped_schema())).validate(json.loads(dump(result)))


def test_the_schema_itself_is_valid() -> None:
    Draft202012Validator.check_schema(schema())


def test_the_shipped_schema_is_current() -> None:
    assert shipped_schema() == schema_text(), "write schema_text() to heroci_action/schemas"


def test_the_schema_refuses_an_unknown_status() -> None:
    record = json.loads(dump(RESULT)) | {"status": "fine"}

    assert not Draft202012Validator(json.loads(shipped_schema())).is_valid(record)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "no heroci-result.json"),
        (b"\xff\xfe\x00", "no heroci-result.json"),
        (b"<xml/>", "no heroci-result.json"),
        (b"[]", "no schema_version"),
        (b"{}", "no schema_version"),
        (b"[" * 100_000, "no heroci-result.json"),
        (dump(RESULT)[:-20], "no heroci-result.json"),
        (b'{"schema_version": 6}', "schema version 6, this heroci reads 1 to 5"),
        (b'{"schema_version": 0}', "schema version 0"),
        (b'{"schema_version": "1"}', "schema version '1'"),
        (b'{"schema_version": true}', "schema version True"),
        (b'{"schema_version": 1}', "damaged: status: "),
    ],
)
def test_what_is_no_result_is_refused_with_its_cause(content: bytes, cause: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(content)

    assert cause in caught.value.cause
    assert caught.value.remedy


def test_a_damaged_place_is_named() -> None:
    record = json.loads(dump(RESULT))
    record["stages"][0]["steps"][0]["tests"][0]["line"] = "many"

    with pytest.raises(UsageError, match=r"stages\.0\.steps\.0\.tests\.0\.line"):
        load(json.dumps(record).encode())


def test_fields_of_a_later_version_are_ignored() -> None:
    record = json.loads(dump(RESULT)) | {"mood": "good"}

    assert load(json.dumps(record).encode()) == RESULT


def test_a_file_of_the_first_version_is_read() -> None:
    record = json.loads(dump(RESULT)) | {"schema_version": 1}
    for added in ("changed", "comparison", "attempt"):
        del record[added]

    assert load(json.dumps(record).encode()) == RESULT


def test_the_split_of_an_older_shard_still_tells_whether_shards_fit() -> None:
    record = json.loads(dump(RESULT)) | {"schema_version": 3, "shard": "1/2"}
    record["stages"][0]["steps"][0]["facts"] = {"split": "a b"}

    splits = load(json.dumps(record).encode()).stages[0].steps[0].splits

    assert [(split.shard, split.fingerprint) for split in splits] == [("1/2", "a"), ("1/2", "b")]


@pytest.mark.parametrize("damage", [{"stages": 3}, {"stages": [{"steps": [{"facts": [1]}]}]}])
def test_a_damaged_older_file_is_a_usage_error(damage: dict[str, object]) -> None:
    record = json.loads(dump(RESULT)) | {"schema_version": 3} | damage

    with pytest.raises(UsageError, match="damaged"):
        load(json.dumps(record).encode())
