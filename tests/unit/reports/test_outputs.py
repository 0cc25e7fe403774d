from __future__ import annotations

from heroci_action.reports.outputs import outputs
from heroci_action.results.coverage import ChangedLines, Coverage, FileCoverage
from heroci_action.results.records import Comparison, Status
from tests.unit.builders import case, run, stage, step


def test_each_output_says_one_thing() -> None:
    cases = (
        case("a"),
        case("b", Status.FAILED),
        case("c", Status.ERRORED),
        case("d", Status.SKIPPED),
        case("e", Status.FLAKY),
    )
    result = run(
        stage("base", step(cached=True)),
        stage("lint", step("black", Status.FAILED)),
        stage("tests", step("tests", Status.FAILED, tests=cases)),
        coverage=Coverage(files=(FileCoverage(path="a.py", covered=(1, 2), missing=(3,)),)),
        duration=12.3456,
    )

    assert outputs(result, {"junit-path": "r/junit.xml"}) == {
        "status": "failed",
        "failed-stages": "lint,tests",
        "tests": "5",
        "passed": "1",
        "failed": "2",
        "skipped": "1",
        "flaky": "1",
        "new-failures": "",
        "coverage": "66.67",
        "coverage-diff": "",
        "duration-seconds": "12.35",
        "cached-stages": "base",
        "junit-path": "r/junit.xml",
        "coverage-path": "",
        "html-path": "",
        "result-path": "",
        "summary-path": "",
    }


def test_comparisons_have_outputs_where_there_is_something_to_compare_with() -> None:
    changed = ChangedLines(base="c", files=(FileCoverage(path="a.py", covered=(1,), missing=(2,)),))
    result = run(comparison=Comparison(new=("a.b", "a.c")), changed=changed)

    said = outputs(result, {})
    assert (said["new-failures"], said["coverage-diff"]) == ("2", "50.00")


def test_what_was_not_measured_is_empty() -> None:
    assert outputs(run(), {})["coverage"] == ""
    assert outputs(run(coverage=Coverage()), {})["coverage"] == ""
