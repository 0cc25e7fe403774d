"""Results of shards, matrix jobs and attempts as one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.analysis.gates import judge
from heroci_action.analysis.merging import job_problems, merge, missed_limits
from heroci_action.options import Gates
from heroci_action.results.coverage import Coverage, FileCoverage
from heroci_action.results.records import Result, Status, TestCase
from tests.unit.builders import case, run, run_of, stage, step
from tests.unit.result_strategies import results

BAD = Status.FAILED


def job(*tests: TestCase, at: str = "10:00:00", duration: float = 60.0) -> Result:
    started = f"2026-01-01T{at}+00:00"
    return replace(run_of(*tests), started_at=started, duration=duration, commit="c")


def test_shards_add_up() -> None:
    whole = merge(
        {"1": job(case("a"), case("b", BAD)), "2": job(case("c"), case("d", Status.SKIPPED))}
    )

    counts = whole.counts
    assert (counts.passed, counts.failed, counts.skipped) == (2, 1, 1)
    assert [step.name for step in whole.stages[0].steps] == ["1/tests", "2/tests"]
    assert (whole.commit, whole.stages[0].status) == ("c", BAD)


def test_the_jobs_of_a_matrix_that_ran_at_once_hide_no_failure() -> None:
    whole = merge({"3.11": job(case("a", BAD)), "3.12": job(case("a"))})

    assert [test.status for test in whole.tests] == [BAD, Status.PASSED]
    assert judge(whole, Gates()).exit_code == 1


def test_a_job_that_ran_later_forgives_no_failure_of_another() -> None:
    whole = merge({"2": job(case("a"), at="11:00:00"), "1": job(case("a", BAD))})

    assert (whole.counts.failed, whole.counts.passed, whole.counts.flaky) == (1, 1, 0)
    assert judge(whole, Gates()).exit_code == 1


def test_a_second_attempt_that_passed_is_flaky_and_no_failure() -> None:
    attempts = {"unit-attempt-2": job(case("a"), at="11:00:00"), "unit": job(case("a", BAD))}
    whole = merge(attempts)

    assert [test.status for test in whole.tests] == [Status.FLAKY]
    assert judge(whole, Gates()).exit_code == 0


def test_times_are_those_of_all_jobs_on_one_axis() -> None:
    early = replace(job(case("a")), stages=(stage("tests", step(duration=50.0), duration=50.0),))
    late = replace(
        job(case("a"), at="10:00:30"),
        stages=(stage("tests", step(started=5.0, duration=40.0), started=5.0, duration=40.0),),
    )

    whole = merge({"late": late, "early": early})

    assert whole.duration == 90.0
    assert (whole.stages[0].started, whole.stages[0].duration) == (0.0, 75.0)
    assert [one.started for one in whole.stages[0].steps] == [0.0, 35.0]


def test_a_line_is_covered_where_one_job_ran_it() -> None:
    def covered(*lines: int) -> Result:
        missing = tuple({1, 2, 3} - set(lines))
        file = FileCoverage(path="a.py", covered=lines, missing=missing)
        return replace(run(), coverage=Coverage(files=(file,)))

    whole = merge({"1": covered(1), "2": covered(2)})

    assert whole.coverage
    assert whole.coverage.files[0].covered == (1, 2)
    assert whole.coverage.files[0].missing == (3,)


def test_a_stage_that_one_job_skipped_is_that_of_the_others() -> None:
    skipped = run(stage("image", status=Status.SKIPPED, reason="no Docker"))
    whole = merge({"1": skipped, "2": run(stage("image", step("build"), duration=3.0))})

    assert (whole.stages[0].status, whole.stages[0].reason) == (Status.PASSED, None)


def test_a_whole_with_a_partial_job_is_partial() -> None:
    partial = replace(job(case("a")), partial="only what failed")

    assert merge({"1": job(case("a")), "2": partial, "3": partial}).partial == "only what failed"
    assert merge({"1": job(case("a")), "2": job(case("a"))}).partial is None


def test_limits_are_judged_anew() -> None:
    gated = judge(job(case("a")), Gates(max_duration=1.0))

    whole = judge(merge({"1": gated, "2": gated}), Gates())

    assert [one.name for one in whole.stages] == ["tests"]
    assert whole.exit_code == 0


def test_different_commits_are_told() -> None:
    whole = merge({"1": job(case("a")), "2": replace(job(case("b")), commit="d")})

    assert whole.commit is None
    assert whole.warnings == ("the results belong to different commits: c, d",)


def test_a_warning_of_all_is_told_once() -> None:
    one = replace(job(), warnings=("w",))

    assert merge({"1": one, "2": one}).warnings == ("w",)
    assert merge({"1": one, "2": job()}).warnings == ("1: w",)


@given(st.lists(results, min_size=1, max_size=3))
def test_any_results_can_be_merged_and_no_test_is_lost(given_results: list[Result]) -> None:
    whole = merge({str(number): one for number, one in enumerate(given_results)})

    ran = {
        test.id
        for one in given_results
        for stage in one.stages
        if stage.name != "gates"
        for test in stage.tests
        if stage.status is not Status.SKIPPED
    }
    assert ran <= {test.id for test in whole.tests}


def test_a_job_without_a_failed_stage_that_did_not_pass_is_named() -> None:
    interrupted = replace(job(case("a")), status=Status.CANCELLED, exit_code=130)
    failed = replace(job(case("b", BAD)), status=BAD, exit_code=1)

    assert job_problems({"1": interrupted, "2": failed, "3": job(case("c"))}) == {
        "1": "1: the job ended with status cancelled and exit code 130"
    }


@pytest.mark.promise(
    "the result of a job contradicts itself", "the merge fails and says how, whatever wrote it"
)
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"status": BAD}, "the job ended with status failed and exit code 0"),
        ({"stages": ()}, "the job passed, but none of its stages ran"),
        ({"stages": (stage("lint", status=Status.SKIPPED),)}, "none of its stages ran"),
        (
            {"stages": (stage("tests", step(tests=(case("a", BAD),))),)},
            "stage 'tests' passed, but contains 1 failed test",
        ),
        (
            {"stages": (stage("lint", step("black", BAD), status=Status.PASSED),)},
            "stage 'lint' passed, but contains 1 failed step",
        ),
        (
            {"stages": (stage("lint", step("black", problems=("cut off",))),)},
            "contains 1 failed step",
        ),
    ],
)
def test_a_job_whose_result_contradicts_itself_is_named(
    changes: dict[str, Any], problem: str
) -> None:
    (found,) = job_problems({"1": replace(job(case("a")), **changes), "2": job(case("b"))}).items()

    assert found[0] == "1"
    assert problem in found[1]


def test_a_limit_that_a_job_did_not_meet_counts_unless_it_is_judged_again() -> None:
    slow = judge(job(case("a")), Gates(max_duration=1.0))
    jobs = {"unit": slow, "lint": job(case("b"))}

    (missed,) = missed_limits(jobs, judged=Gates().names)

    assert missed.name == "unit/max-duration"
    assert missed.status is BAD
    assert list(missed_limits(jobs, judged=Gates(max_duration=90.0).names)) == []
