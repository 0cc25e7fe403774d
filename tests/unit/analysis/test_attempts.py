"""A test of a job that was run again counts once; a test of another job is another test."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.analysis.attempts import latest_attempts
from heroci_action.results.packed import pack
from heroci_action.results.records import Result, Status, TestCase
from tests.unit.builders import case, run, run_of, stage, step

FAIL, PASS, SKIP = Status.FAILED, Status.PASSED, Status.SKIPPED


def combined(earlier: Result, later: Result) -> Result:
    (result,) = latest_attempts({"unit": earlier, "unit-attempt-2": later}).values()
    return result


def outcomes(result: Result) -> dict[str, str]:
    return {test.name: test.status.value for test in result.tests}


def test_a_failure_that_passes_in_the_next_attempt_is_flaky() -> None:
    failed = case("a", FAIL, message="no", details="trace", line=3)

    (test,) = combined(run_of(failed), run_of(case("a"))).tests

    assert (test.status, test.message, test.details, test.line) == (Status.FLAKY, "no", "trace", 3)
    assert [attempt.message for attempt in test.attempts] == ["no"]


def test_a_failure_that_fails_again_is_one_failure_with_both_messages() -> None:
    first, second = (run_of(case("a", FAIL, message=text)) for text in ("19", "20"))

    (test,) = combined(first, second).tests

    assert (test.status, test.message) == (FAIL, "20")
    assert [attempt.message for attempt in test.attempts] == ["19"]


@pytest.mark.parametrize("again", [(), (case("a", SKIP),)], ids=["missing", "skipped"])
def test_a_failure_that_did_not_run_again_still_fails_its_step(again: tuple[TestCase, ...]) -> None:
    result = combined(run_of(case("a", FAIL), case("b", FAIL)), run_of(*again, case("b")))

    assert outcomes(result) == {"a": "failed", "b": "flaky"}
    assert result.stages[0].status is FAIL


def test_the_passes_of_an_earlier_attempt_count_if_only_failures_ran_again() -> None:
    earlier = run_of(case("a"), case("b", FAIL))

    assert outcomes(combined(earlier, run_of(case("b")))) == {"a": "passed", "b": "flaky"}


def test_rows_of_one_name_are_paired_in_order() -> None:
    earlier = run_of(case("row"), case("row", FAIL))
    later = run_of(case("row"), case("row", FAIL))

    assert [test.status for test in combined(earlier, later).tests] == [PASS, FAIL]


def test_packed_passes_prove_a_rerun_too() -> None:
    packed = run(stage("tests", step("tests", passed=pack([case("a"), case("b")]))))

    assert outcomes(combined(run_of(case("a", FAIL)), packed)) == {"a": "flaky", "b": "passed"}


def test_stages_and_steps_of_one_attempt_only_are_kept() -> None:
    lint = stage("lint", step("flake8", FAIL), status=FAIL)
    earlier = run(lint, stage("tests", step("one"), step("two")))

    result = combined(earlier, run(stage("tests", step("two"))))

    names = {one.name: [each.name for each in one.steps] for one in result.stages}
    assert names == {"lint": ["flake8"], "tests": ["one", "two"]}
    assert result.stages[0].status is FAIL


@pytest.mark.parametrize(
    ("labels", "jobs"),
    [
        (("unit", "unit-attempt-2"), 1),
        (("unit-attempt-1", "unit-attempt-2", "unit-attempt-3"), 1),
        (("attempt_1/unit", "attempt_2/unit"), 1),
        (("unit-3.11-attempt-1", "unit-3.12-attempt-2"), 2),
        (("unit-1", "unit-2"), 2),
        (("shard-1", "shard-2"), 2),
        (("unit", "unit-attempt-1"), 2),
    ],
)
def test_only_a_label_that_names_the_attempt_states_a_rerun(
    labels: tuple[str, ...], jobs: int
) -> None:
    found = latest_attempts({label: run_of(case(label)) for label in labels})

    assert len(found) == jobs
    assert labels[-1] in found


def test_an_attempt_of_another_commit_is_another_job() -> None:
    failed = replace(run_of(case("a", FAIL)), commit="1")
    later = {"unit-attempt-2": replace(run_of(case("a")), commit="2")}

    assert len(latest_attempts({"unit-attempt-1": failed, **later})) == 2


cases = st.builds(case, st.sampled_from("abc"), st.sampled_from([FAIL, PASS, SKIP]))
some_tests = st.lists(cases, max_size=5).map(tuple)


@given(some_tests, some_tests)
def test_no_test_is_lost_and_no_failure_becomes_a_plain_pass(
    before: tuple[TestCase, ...], after: tuple[TestCase, ...]
) -> None:
    earlier, later = (run_of(*tests) for tests in (before, after))

    tests = list(combined(earlier, later).tests)

    assert {test.name for test in tests} == {test.name for test in (*before, *after)}
    failed = {test.name for test in (*before, *after) if test.status.is_unsuccessful}
    assert failed == {test.name for test in tests if test.status not in (PASS, SKIP)}
