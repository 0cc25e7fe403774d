"""The terminal, the summary, the page, the outputs, JUnit and the JSON of one run state the same."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from heroci_action.analysis.baseline import compare
from heroci_action.analysis.gates import judge
from heroci_action.observers.console import Console
from heroci_action.options import Gates
from heroci_action.reports import html, junit, summary
from heroci_action.reports.outputs import outputs
from heroci_action.results import serialise
from heroci_action.results.coverage import ChangedLines, Coverage, FileCoverage
from heroci_action.results.records import Attempt, Result, Status
from tests.unit.builders import case, finding, run, run_of, stage, step

COVERAGE = Coverage(
    files=(
        FileCoverage(path="shop/cart.py", covered=(1, 2), missing=(3,)),
        FileCoverage(path="shop/models.py", covered=(1, 2, 3)),
    )
)


def _example() -> Result:
    """Return a run with a test of each status, new and known failures, findings, coverage and a missed gate."""
    known = case("test_known", Status.FAILED, message="old sorrow", file="shop/tests.py", line=4)
    tests = (
        known,
        case("test_fresh", Status.FAILED, message="1 != 2", file="shop/tests.py", line=9),
        case("test_broken", Status.ERRORED, message="no such table", file="shop/tests.py", line=12),
        case("test_flaky", Status.FLAKY, attempts=(Attempt(status=Status.FAILED),)),
        case("test_later", Status.SKIPPED, message="no network"),
        *(case(f"test_fine_{number}", duration=0.5) for number in range(5)),
    )
    lint = step(
        "flake8", Status.FAILED, diagnostics=(finding("unused", file="shop/cart.py", line=3),)
    )
    changed = ChangedLines(
        base="0" * 40, files=(FileCoverage(path="shop/cart.py", covered=(2,), missing=(3,)),)
    )
    whole = run(
        stage("lint", lint, duration=2.0),
        stage("tests", step("tests", Status.FAILED, tests=tests), duration=6.0),
        stage("image", status=Status.SKIPPED, reason="no Docker"),
        coverage=COVERAGE,
        changed=changed,
    )
    compared = replace(whole, comparison=compare(whole, run_of(known)))
    return judge(compared, Gates(coverage_minimum=90))


RESULT = _example()
OUTPUTS = outputs(RESULT, {})


def _terminal(result: Result) -> str:
    stream = io.StringIO()
    Console(stream).run_finished(result)
    return stream.getvalue()


def _plain_page(result: Result) -> str:
    return re.sub("<[^>]+>", " ", html.render(result, sources={}).decode())


TEXTS = {
    "terminal": _terminal(RESULT),
    "summary": re.sub(r"<[^>]+>|[*`\\]", "", summary.render(RESULT)),
    "page": _plain_page(RESULT),
    "junit": "".join(piece.decode() for piece in junit.pieces(RESULT)),
}


@pytest.mark.parametrize("report", TEXTS)
@pytest.mark.parametrize(
    "text",
    [
        *("test_known", "test_fresh", "test_broken"),
        *("old sorrow", "1 != 2", "no such table"),
        *("shop/cart.py", "unused"),
        "coverage is 83.33 %, below 90 %",
    ],
)
def test_every_report_states_each_failure_finding_and_missed_gate(report: str, text: str) -> None:
    assert text in TEXTS[report]


def test_counts_are_the_same_everywhere() -> None:
    number = {
        name: int(OUTPUTS[name]) for name in ("tests", "passed", "failed", "skipped", "flaky")
    }
    stored = serialise.load("".join(_stored()).encode())
    cases = [suite for suite in _suites() if suite.get("name") == "tests/tests"]

    assert number == {"tests": 10, "passed": 5, "failed": 3, "skipped": 1, "flaky": 1}
    assert stored == RESULT
    assert sum(int(suite.get("failures", 0)) + int(suite.get("errors", 0)) for suite in cases) == 3
    assert (
        "10 tests · 5 passed · 2 failed · 1 with errors · 1 flaky · 1 skipped" in TEXTS["summary"]
    )
    page = " ".join(TEXTS["page"].split())
    assert "10 tests 5 passed 2 failed 1 errored 1 flaky 1 skipped" in page
    assert "failed 3 flaky 1 skipped 1 passed 5" in page


def test_verdict_coverage_and_news_are_the_same_everywhere() -> None:
    record = json.loads("".join(_stored()))

    assert (OUTPUTS["status"], OUTPUTS["new-failures"]) == (record["status"], "2")
    assert (OUTPUTS["coverage"], OUTPUTS["coverage-diff"]) == ("83.33", "50.00")
    for text in (TEXTS["summary"], TEXTS["page"]):
        assert "83.33 %" in text
        assert "50.00 %" in text
    assert "2 new failures" in TEXTS["summary"]
    assert "2 new failures" in " ".join(TEXTS["page"].split())
    for name in OUTPUTS["failed-stages"].split(","):
        for report, text in TEXTS.items():
            assert name in text, report


def test_an_incomplete_run_is_marked_wherever_a_verdict_is() -> None:
    incomplete = replace(RESULT, partial="only what failed in the last run", shard="2/5")
    texts = {
        "terminal": _terminal(incomplete),
        "summary": summary.render(incomplete),
        "page": _plain_page(incomplete),
    }

    for report, text in texts.items():
        assert re.search(
            r"partial run\W+only what failed in the last run", text, re.IGNORECASE
        ), report
        assert "shard 2/5" in text, report


def _stored() -> list[str]:
    return [piece.decode() for piece in serialise.pieces(RESULT)]


def _suites() -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(TEXTS["junit"]).iter("testsuite"))
