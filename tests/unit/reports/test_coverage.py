from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given

from heroci_action.reports import coverage
from heroci_action.results.coverage import Coverage, FileCoverage
from heroci_action.results.records import Result
from tests.unit.builders import run
from tests.unit.result_strategies import results

COVERAGE = Coverage(
    files=(
        FileCoverage(
            path="app/views.py",
            covered=(1, 2, 4),
            missing=(7,),
            covered_branches=3,
            missing_branches=1,
            branches=((2, 1, 2), (4, 2, 2)),
        ),
        FileCoverage(path="manage.py", missing=(3, 1)),
        FileCoverage(path="app/sub/empty.py"),
    )
)
RESULT = run(coverage=COVERAGE, started_at="2026-01-02T03:04:05+00:00", heroci_version="1.2.3")

# coverage-04.dtd: what each element must have, and may hold.
RATES = {"line-rate", "branch-rate", "complexity"}
TOTALS = {"lines-covered", "lines-valid", "branches-covered", "branches-valid"}
REQUIRED = {
    "coverage": RATES | TOTALS | {"timestamp", "version"},
    "package": RATES | {"name"},
    "class": RATES | {"name", "filename"},
    "line": {"number", "hits"},
}
CHILDREN = {
    "coverage": ["sources", "packages"],
    "package": ["classes"],
    "class": ["methods", "lines"],
}


def xml(result: Result) -> ElementTree.Element:
    document = coverage.render_xml(result)
    assert document is not None
    root = ElementTree.fromstring(document)
    for element in root.iter():
        assert element.attrib.keys() >= REQUIRED.get(element.tag, set())
        if element.tag in CHILDREN:
            assert [child.tag for child in element] == CHILDREN[element.tag]
        for rate in element.attrib.keys() & {"line-rate", "branch-rate"}:
            assert 0 <= float(element.attrib[rate]) <= 1
    return root


def record(result: Result) -> dict[str, Any]:
    document = coverage.render_json(result)
    assert document is not None
    found: dict[str, Any] = json.loads(document)
    return found


@given(results)
def test_every_record_gives_both_documents(result: Result) -> None:
    if result.coverage is None or not result.coverage.files:
        assert coverage.render_xml(result) is None
        assert coverage.render_json(result) is None
    else:
        lines = sum(len(file.covered) + len(file.missing) for file in result.coverage.files)
        assert xml(result).get("lines-valid") == str(lines)
        assert record(result)["totals"]["num_statements"] == lines


def test_cobertura_has_packages_classes_and_lines() -> None:
    root = xml(RESULT)

    assert root.findtext("sources/source") == "."
    assert [package.get("name") for package in root.iter("package")] == [".", "app", "app.sub"]
    assert [each.get("filename") for each in root.iter("class")] == [
        "manage.py",
        "app/views.py",
        "app/sub/empty.py",
    ]
    lines = root.findall(".//class[@filename='app/views.py']/lines/line")
    assert [(line.get("number"), line.get("hits")) for line in lines] == [
        ("1", "1"),
        ("2", "1"),
        ("4", "1"),
        ("7", "0"),
    ]
    assert lines[1].get("condition-coverage") == "50% (1/2)"


def test_cobertura_rates_and_totals_are_of_what_was_measured() -> None:
    root = xml(RESULT)

    assert {key: root.get(key) for key in TOTALS} == {
        "lines-covered": "3",
        "lines-valid": "6",
        "branches-covered": "3",
        "branches-valid": "4",
    }
    assert (root.get("line-rate"), root.get("branch-rate")) == ("0.5", "0.75")
    assert root.find(".//package[@name='app']").get("line-rate") == "0.75"  # type: ignore[union-attr]
    assert root.find(".//class[@name='empty.py']").get("line-rate") == "1"  # type: ignore[union-attr]


def test_the_time_is_that_of_the_run_or_the_epoch() -> None:
    assert xml(RESULT).get("timestamp") == "1767323045000"
    assert xml(run(coverage=COVERAGE, started_at="yesterday")).get("timestamp") == "0"


def test_json_is_what_coverage_itself_would_write() -> None:
    """The keys were taken from a report of coverage.py 7 with branches."""
    found = record(RESULT)

    assert found["meta"] == {
        "format": 3,
        "version": "heroci 1.2.3",
        "timestamp": "2026-01-02T03:04:05+00:00",
        "branch_coverage": True,
        "show_contexts": False,
    }
    views = found["files"]["app/views.py"]
    assert views["executed_lines"] == [1, 2, 4]
    assert views["missing_lines"] == [7]
    assert views["excluded_lines"] == []
    assert views["summary"] == {
        "covered_lines": 3,
        "num_statements": 4,
        "percent_covered": 75.0,
        "percent_covered_display": "75",
        "missing_lines": 1,
        "excluded_lines": 0,
        "num_branches": 4,
        "num_partial_branches": 1,
        "covered_branches": 3,
        "missing_branches": 1,
    }
    assert found["totals"]["percent_covered"] == pytest.approx(COVERAGE.percent)


def test_json_without_branches_does_not_speak_of_them() -> None:
    found = record(run(coverage=Coverage(files=(FileCoverage(path="a.py", covered=(1,)),))))

    assert found["meta"]["branch_coverage"] is False
    assert "num_branches" not in found["totals"]


@pytest.mark.parametrize(
    ("covered", "missing", "shown"),
    [(0, 5, "0"), (1, 999, "1"), (999, 1, "99"), (5, 0, "100"), (2, 1, "67"), (0, 0, "100")],
)
def test_percents_say_none_and_all_only_where_it_is_true(
    covered: int, missing: int, shown: str
) -> None:
    file = FileCoverage(
        path="a.py",
        covered=tuple(range(covered)),
        missing=tuple(range(covered, covered + missing)),
    )

    assert record(run(coverage=Coverage(files=(file,))))["totals"]["percent_covered_display"] == (
        shown
    )


def test_a_hostile_path_is_only_a_name() -> None:
    path = 'a"<b>\x00&\udc80,.py'
    root = xml(run(coverage=Coverage(files=(FileCoverage(path=path, covered=(1,)),))))

    assert root.find(".//class").get("filename") == 'a"<b>\ufffd&\ufffd,.py'  # type: ignore[union-attr]
