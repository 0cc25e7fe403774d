"""What makes a report fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heroci_action.analysis.baseline import compare
from heroci_action.analysis.gates import judge, judge_run
from heroci_action.options import FailOn, Gates
from heroci_action.results.coverage import ChangedLines, Coverage, FileCoverage, UnmatchedFile
from heroci_action.results.records import Result, Severity, Status
from tests.unit.builders import case, finding, run, run_of, stage, step

BAD, ERROR = Status.FAILED, Status.ERRORED


def lint(*findings: object) -> Result:
    return run(stage("lint", step("f", BAD, diagnostics=findings)))


def judged(result: Result, fail_on: FailOn) -> int:
    return judge(result, Gates(fail_on=fail_on)).exit_code


@pytest.mark.parametrize(
    ("result", "failing"),
    [
        (run_of(case("a")), set()),
        (run_of(case("a", BAD)), {"failures", "new-failures"}),
        (run_of(case("a", ERROR)), {"failures", "new-failures", "errors"}),
        (run_of(case("a", Status.FLAKY)), set()),
        (lint(finding()), {"failures", "new-failures"}),
        (run(stage("tests", status=ERROR)), {"failures", "new-failures", "errors", "nothing"}),
    ],
)
def test_fail_on_chooses_what_counts(result: Result, failing: set[str]) -> None:
    assert {choice.value for choice in FailOn if judged(result, choice)} == failing


def test_what_does_not_count_is_optional_and_stays_failed() -> None:
    result = judge(run_of(case("a", BAD)), Gates(fail_on=FailOn.NOTHING))

    assert (result.status, result.exit_code) == (Status.PASSED, 0)
    assert [(stage.status, stage.optional) for stage in result.stages] == [(BAD, True)]


def test_only_news_count_with_a_baseline() -> None:
    before = run_of(case("a", BAD))
    for tests, exit_code in ((("a",), 0), (("a", "b"), 1)):
        now = run_of(*(case(name, BAD) for name in tests))
        compared = replace(now, comparison=compare(now, before))
        assert judged(compared, FailOn.NEW_FAILURES) == exit_code


def test_only_new_findings_that_are_errors_count_with_a_baseline() -> None:
    before = lint(finding("old"))
    warning = finding("new", severity=Severity.WARNING)
    for findings, exit_code in (
        ((finding("old"),), 0),
        ((finding("old"), warning), 0),
        ((finding("old"), finding("new")), 1),
    ):
        now = lint(*findings)
        compared = replace(now, comparison=compare(now, before))
        assert judged(compared, FailOn.NEW_FAILURES) == exit_code


def covered(ran: int, missing: int) -> FileCoverage:
    return FileCoverage(
        path="a.py", covered=tuple(range(1, ran + 1)), missing=tuple(range(5_000, 5_000 + missing))
    )


@pytest.mark.parametrize(
    ("ran", "missing", "minimum", "reason"),
    [
        (4, 1, 80.0, None),
        (3, 1, 80.0, "coverage is 75.00 %, below 80 %"),
        (3_999, 1_001, 79.98, None),
        (3_999, 1_001, 79.981, "coverage is 79.980000 %, below 79.981 %"),
    ],
)
def test_the_minimum_is_met_or_told(
    ran: int, missing: int, minimum: float, reason: str | None
) -> None:
    result = run(coverage=Coverage(files=(covered(ran, missing),)))

    judged_result = judge(result, Gates(coverage_minimum=minimum))

    assert judged_result.stages[-1].steps[0].reason == reason
    assert judged_result.exit_code == (reason is not None)


def test_a_limit_on_what_was_not_measured_is_not_met() -> None:
    result = judge(run_of(case("a")), Gates(coverage_minimum=0.0, coverage_minimum_diff=0.0))

    reasons = [step.reason for step in result.stages[-1].steps]
    assert reasons == [
        "coverage was not measured",
        "the coverage of changed lines was not measured",
    ]


def test_a_change_without_measured_lines_meets_its_minimum() -> None:
    result = run(coverage=Coverage(files=(covered(1, 1),)), changed=ChangedLines(base="c"))

    assert judge(result, Gates(coverage_minimum_diff=100.0)).exit_code == 0


OUTSIDE = UnmatchedFile(path="/x/gen.py", measured=10, ran=0)


@pytest.mark.parametrize(
    ("coverage", "changed", "reasons"),
    [
        (  # One of two reports is broken: the other one is not enough.
            Coverage(files=(covered(9, 1),), unreadable=("b.xml",)),
            ChangedLines(base="c"),
            [
                "coverage was not measured: b.xml could not be read",
                "the coverage of changed lines was not measured: b.xml could not be read",
            ],
        ),
        (
            Coverage(unmatched=(OUTSIDE,)),
            ChangedLines(base="c"),
            [
                "coverage was not measured: no measured file is in the repository, such as /x/gen.py",
                (
                    "the coverage of changed lines was not measured: "
                    "no measured file is in the repository, such as /x/gen.py"
                ),
            ],
        ),
        (  # The file outside decides the one gate, but not the other.
            Coverage(files=(covered(9, 1),), unmatched=(OUTSIDE,)),
            ChangedLines(base="c", files=(covered(9, 1),)),
            [
                "coverage is 90.00 %, but 45.00 % with 1 measured file outside the repository: /x/gen.py",
                None,
            ],
        ),
        (
            Coverage(files=(covered(9, 1),)),
            ChangedLines(base="c", files=(covered(1, 1),), unknown=("new.py",)),
            [
                None,
                "the coverage of changed lines is 50.00 %, below 80 %; no report contains new.py",
            ],
        ),
        (
            Coverage(files=(covered(9, 1),)),
            ChangedLines(base="", problem="the clone is shallow; fetch it"),
            [None, "the coverage of changed lines is unknown: the clone is shallow; fetch it"],
        ),
    ],
)
def test_a_minimum_is_not_met_by_what_is_not_known(
    coverage: Coverage, changed: ChangedLines, reasons: list[str | None]
) -> None:
    gates = Gates(coverage_minimum=80.0, coverage_minimum_diff=80.0)

    judged_result = judge(run(coverage=coverage, changed=changed), gates)

    assert [step.reason for step in judged_result.stages[-1].steps] == reasons
    assert judged_result.exit_code == 1


def test_files_outside_the_repository_that_change_nothing_do_not_fail_a_minimum() -> None:
    coverage = Coverage(files=(covered(9, 1),), unmatched=(replace(OUTSIDE, measured=1),))

    assert judge(run(coverage=coverage), Gates(coverage_minimum=80.0)).exit_code == 0


BRANCHES = FileCoverage(
    path="a.py", covered=(1, 2, 3), missing=(4,), covered_branches=1, missing_branches=3
)


@pytest.mark.parametrize(
    ("coverage", "minimum", "reasons"),
    [
        (Coverage(files=(BRANCHES,)), 25.0, [None, None]),
        (
            Coverage(files=(BRANCHES,)),
            75.0,
            [None, "the coverage of branches is 25.00 %, below 75 %"],
        ),
        (
            Coverage(files=(covered(1, 1),)),
            50.0,
            [None, "the coverage of branches was not measured"],
        ),
        (
            Coverage(files=(BRANCHES,), unmatched=(OUTSIDE,)),
            25.0,
            [
                "the coverage of lines is unknown: 1 measured file outside the repository, such as /x/gen.py",
                "the coverage of branches is unknown: 1 measured file outside the repository, such as /x/gen.py",
            ],
        ),
    ],
)
def test_lines_and_branches_have_minimums_of_their_own(
    coverage: Coverage, minimum: float, reasons: list[str | None]
) -> None:
    gates = Gates(coverage_minimum_lines=minimum, coverage_minimum_branches=minimum)

    judged_result = judge(run(coverage=coverage), gates)

    assert [step.reason for step in judged_result.stages[-1].steps] == reasons
    assert judged_result.exit_code == any(reasons)


@pytest.mark.parametrize(
    ("before", "now", "allowed", "status", "words"),
    [
        (
            (9, 1),
            (9, 1),
            0.0,
            Status.PASSED,
            "coverage is 90.00 %, not below the baseline (90.00 %)",
        ),
        (
            (9, 1),
            (8, 2),
            5.0,
            BAD,
            "coverage is 80.00 %, 10.00 percentage points below the baseline (90.00 %); at most 5 are allowed",
        ),
        (
            (199_999, 1),
            (199_998, 2),
            0.0,
            BAD,
            "coverage is 100.00 %, 0.000500 percentage points below the baseline (100.00 %); at most 0 are allowed",
        ),
        ((0, 0), (8, 2), 5.0, Status.SKIPPED, "no baseline to compare with: it has no coverage"),
        ((9, 1), (0, 0), 5.0, BAD, "coverage was not measured"),
    ],
)
def test_coverage_may_drop_by_so_many_points_against_the_baseline(
    before: tuple[int, int], now: tuple[int, int], allowed: float, status: Status, words: str
) -> None:
    old, new = (run(coverage=Coverage(files=(covered(*lines),))) for lines in (before, now))
    compared = replace(new, comparison=compare(new, old))

    (gate,) = judge(compared, Gates(coverage_maximum_drop=allowed)).stages[-1].steps

    assert (gate.status, gate.reason or gate.facts["measured"]) == (status, words)


def test_without_a_baseline_a_drop_is_not_checked_and_says_so() -> None:
    result = judge(run(coverage=Coverage(files=(covered(1, 1),))), Gates(coverage_maximum_drop=0.0))

    assert (result.stages[-1].status, result.exit_code) == (Status.SKIPPED, 0)
    assert result.stages[-1].reason == "no baseline to compare with: none was read"


def test_limits_count_whatever_fail_on_says() -> None:
    gates = Gates(fail_on=FailOn.NOTHING, max_duration=1.0)

    assert judge(replace(run_of(case("a")), duration=1.1), gates).exit_code == 1
    assert judge(replace(run_of(case("a")), duration=1.0), gates).exit_code == 0


@pytest.mark.parametrize("choice", [FailOn.ERRORS, FailOn.NEW_FAILURES])
def test_what_no_test_and_no_finding_explains_counts(choice: FailOn) -> None:
    known = case("a", BAD)
    tests = stage("tests", step("tests", BAD, tests=(known,)))
    broken = stage("tests", step("migrate", BAD), step("tests", BAD, tests=(known,)))
    for now, exit_code in ((run(tests), 0), (run(broken), 1)):
        compared = replace(now, comparison=compare(now, run_of(known)))
        assert judged(compared, choice) == exit_code


@pytest.mark.parametrize("exit_code", [2, 3, 4, 130])
def test_no_gate_lets_a_run_through_that_could_not_be_done(exit_code: int) -> None:
    result = replace(run(stage("tests", status=ERROR)), status=ERROR, exit_code=exit_code)

    judged_run = judge_run(result, Gates(fail_on=FailOn.NOTHING, coverage_minimum=1.0))

    assert (judged_run.status, judged_run.exit_code) == (ERROR, exit_code)
    assert judged_run.stages[-1].name == "gates"


def test_a_run_in_which_nothing_ran_is_no_pass() -> None:
    result = replace(run(stage("tests", status=Status.SKIPPED)), status=Status.FAILED, exit_code=1)

    assert judge_run(result, Gates()).exit_code == 1


def test_a_run_is_judged_like_a_report() -> None:
    failed = run_of(case("a", BAD))

    assert judge_run(failed, Gates()) == failed
    assert judge_run(failed, Gates(fail_on=FailOn.NOTHING)).exit_code == 0
    assert judge_run(run_of(case("a")), Gates(coverage_minimum=1.0)).exit_code == 1


def test_no_gate_accepts_a_report_that_is_missing_or_broken() -> None:
    missing = run(stage("tests", step("junit.xml", ERROR), status=ERROR))
    broken = run(
        stage("tests", step("junit.xml", BAD, problems=("junit.xml: cut off",)), status=BAD)
    )

    for fail_on in FailOn:
        assert judged(missing, fail_on) == 1
        assert judged(broken, fail_on) == 1
