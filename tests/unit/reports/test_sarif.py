from __future__ import annotations

import json

from hypothesis import given

from heroci_action.readers import PathResolver, Source, read_sources
from heroci_action.reports.sarif import render
from heroci_action.results.records import Diagnostic, Result, Severity
from tests.unit.builders import finding, run, stage, step
from tests.unit.result_strategies import results


def back(result: Result) -> tuple[Diagnostic, ...]:
    source = Source(kind="sarif", path="r", content=render(result))
    return read_sources([source], tree=PathResolver()).diagnostics


def test_what_is_written_is_read_back() -> None:
    findings = (
        finding("long", file="a b/ü.py", line=3, end_line=5, rule="E501"),
        finding("column", file="a.py", line=3, column=7, rule="F401", severity=Severity.WARNING),
        finding("nowhere", tool="mypy", severity=Severity.NOTICE),
    )

    assert back(run(stage("lint", step(diagnostics=findings)))) == findings


def test_nothing_found_is_a_document_with_an_empty_run() -> None:
    document = json.loads(render(run()))

    assert document["version"] == "2.1.0"
    assert [run["results"] for run in document["runs"]] == [[]]


@given(results)
def test_every_finding_is_in_it(result: Result) -> None:
    assert len(back(result)) == sum(1 for _ in result.diagnostics)
