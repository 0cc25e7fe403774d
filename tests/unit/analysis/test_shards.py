"""Merged shards are the whole, or the merge says what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heroci_action.analysis.gates import judge
from heroci_action.analysis.merging import merge
from heroci_action.options import Gates
from heroci_action.results.records import Result, Split, Status
from tests.unit.builders import case, run, stage, step


def shard(text: str, *, split: str = "a", python: str = "3.13.1", failed: bool = False) -> Result:
    splits = () if failed else (Split(shard=text, tests=1, total=2, fingerprint=split),)
    status = Status.FAILED if failed else Status.PASSED
    tests = step("tests", status, splits=splits, tests=(case(f"test {text}"),))
    return run(stage("lint", step()), stage("tests", tests), shard=text, python=python)


def merged(*results: Result) -> Result:
    return judge(merge({str(number): one for number, one in enumerate(results)}), Gates())


def test_all_shards_are_the_whole_and_the_whole_is_no_shard() -> None:
    whole = merged(shard("1/2"), shard("2/2"))
    assert (whole.status, whole.shard, whole.counts.passed) == (Status.PASSED, None, 2)


@pytest.mark.parametrize(
    "results",
    [
        (shard("1/2"),),
        (shard("1/2"), shard("1/2")),
        (shard("1/2"), shard("2/2"), shard("1/2")),
        (shard("1/2"), shard("2/2"), shard("1/2", python="3.12.1")),
    ],
    ids=["alone", "twice the same", "uneven", "of one Python version"],
)
def test_a_shard_that_is_missing_is_an_error_of_the_tests(results: tuple[Result, ...]) -> None:
    whole = merged(*results)
    tests = next(stage for stage in whole.stages if stage.name == "tests")
    assert (whole.status, tests.status) == (Status.ERRORED, Status.ERRORED)
    assert "shard 2/2" in (tests.reason or "")
    assert tests.remedy
    assert next(stage for stage in whole.stages if stage.name == "lint").status is Status.PASSED


def test_several_missing_shards_are_all_named() -> None:
    reason = merged(shard("2/4")).stages[1].reason or ""
    assert "the results of shards 1/4, 3/4, 4/4 on Python 3.13 are missing" in reason


def test_shards_that_were_split_in_different_ways_are_an_error() -> None:
    whole = merged(shard("1/2", split="a"), shard("2/2", split="b"))
    assert whole.status is Status.ERRORED
    assert "same baseline" in (whole.stages[1].remedy or "")


def test_python_versions_may_have_different_tests_and_different_patches() -> None:
    old = [shard(text, split="b", python="3.12.9") for text in ("1/2", "2/2")]
    new = [shard("1/2", python="3.13.1"), shard("2/2", python="3.13.2")]
    assert merged(*old, *new).status is Status.PASSED


def test_a_matrix_may_run_every_shard_several_times() -> None:
    django = [shard(text, split=split) for text in ("1/2", "2/2") for split in ("a", "b")]
    assert merged(*django).status is Status.PASSED


def test_a_shard_that_failed_before_it_could_split_is_a_failure_and_not_missing() -> None:
    whole = merged(shard("1/2"), shard("2/2", failed=True))
    assert whole.status is Status.FAILED
    assert "missing" not in (whole.stages[1].reason or "")


def test_what_is_no_shard_in_a_damaged_file_is_no_shard() -> None:
    assert merged(replace(shard("1/2"), shard="x"), shard("1/1")).status is Status.PASSED
