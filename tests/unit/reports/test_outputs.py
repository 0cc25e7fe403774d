from __future__ import annotations

from heroci_action.reports.outputs import outputs
from heroci_action.results import Coverage, FileCoverage, Status
from tests.unit.builders import case, run, stage, step


def test_each_output_says_one_thing() -> None:
    cases = (
        case("a"),
        case("b", Status.FAILED),
        case("c", Status.ERRORED),
        case("d", Status.SKIPPED),
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
        "tests": "4",
        "passed": "1",
        "failed": "2",
        "skipped": "1",
        "failed-stages": "lint,tests",
        "cached-stages": "base",
        "coverage": "66.67",
        "duration-seconds": "12.35",
        "junit-path": "r/junit.xml",
        "coverage-path": "",
        "result-path": "",
        "summary-path": "",
    }


def test_what_was_not_measured_is_empty() -> None:
    assert outputs(run(), {})["coverage"] == ""
    assert outputs(run(coverage=Coverage()), {})["coverage"] == ""
