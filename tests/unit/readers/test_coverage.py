"""Coverage reports become the lines that ran and those that did not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heroci_action.analysis.coverage import merge_coverage
from heroci_action.engines.base import ReportFile
from heroci_action.readers import PathResolver, Readings, read
from heroci_action.results.coverage import Coverage, FileCoverage

TREE = PathResolver(
    directory="backend", tracked=frozenset({"backend/a.py", "backend/b.py"}), roots=("/src",)
)


def entry(executed: list[int], missing: list[int], **more: Any) -> dict[str, Any]:
    return {"executed_lines": executed, "missing_lines": missing, "summary": {}, **more}


def readings(kind: str, *contents: str) -> Readings:
    files = [
        ReportFile(kind=kind, path=f"{n}.report", content=content.encode())
        for n, content in enumerate(contents)
    ]
    return read(files, tree=TREE)


def from_json(*documents: dict[str, Any]) -> tuple[FileCoverage, ...]:
    found = readings("coverage-json", *(json.dumps({"files": document}) for document in documents))
    assert found.warnings == ()
    whole = merge_coverage(found.coverage)
    assert whole
    return whole.files


def test_coverage_json_gives_lines_and_branches() -> None:
    (file,) = from_json(
        {
            "a.py": entry(
                [1, 2],
                [4],
                summary={"covered_branches": 1, "missing_branches": 2},
                executed_branches=[[2, 3]],
                missing_branches=[[2, 4], [5, -1]],
            )
        }
    )
    assert (file.path, file.covered, file.missing) == ("backend/a.py", (1, 2), (4,))
    assert (file.covered_branches, file.missing_branches) == (1, 2)
    assert file.branches == ((2, 1, 2), (5, 0, 1))


def test_files_outside_of_the_repository_are_left_out() -> None:
    files = from_json({"/usr/lib/x.py": entry([1], []), "/src/backend/b.py": entry([1], [])})
    assert [file.path for file in files] == ["backend/b.py"]


def test_a_line_that_ran_in_one_of_two_reports_ran() -> None:
    files = from_json(
        {"a.py": entry([1], [2, 3])}, {"a.py": entry([1, 2], [3]), "b.py": entry([], [1])}
    )
    assert [(file.path, file.covered, file.missing) for file in files] == [
        ("backend/a.py", (1, 2), (3,)),
        ("backend/b.py", (), (1,)),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"files": []}',
        '{"files": {"a.py": {}}}',
        '{"files": {"a.py": {"executed_lines": "x"}}}',
    ],
)
def test_a_broken_json_report_is_a_problem(content: str) -> None:
    found = readings("coverage-json", content)
    assert found.coverage == (Coverage(unreadable=("0.report",)),)
    assert found.problems[0].startswith("0.report: ")


COBERTURA = """<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage><sources><source>/src/backend</source></sources><packages><package><classes>
<class filename="a.py"><methods><method><lines><line number="2" hits="1"/></lines></method></methods><lines>
<line number="1" hits="3"/><line number="2" hits="0"/>
<line number="4" hits="1" branch="true" condition-coverage="50% (1/2)" missing-branches="9"/>
<line number="9" hits="0"/></lines></class>
<class filename="a.py"><lines><line number="9" hits="2"/></lines></class>
</classes></package></packages></coverage>"""


def test_cobertura_gives_lines_and_branches_of_all_classes_of_a_file() -> None:
    found = readings("cobertura", COBERTURA)
    assert found.warnings == ()
    ((file,),) = (coverage.files for coverage in found.coverage)
    assert (file.path, file.covered, file.missing) == ("backend/a.py", (1, 2, 4, 9), ())
    assert (file.covered_branches, file.missing_branches, file.branches) == (1, 1, ((4, 1, 2),))


@pytest.mark.parametrize("content", ["", "<testsuite/>", COBERTURA[:-40]])
def test_a_broken_cobertura_report_is_a_problem(content: str) -> None:
    assert len(readings("cobertura", content).problems) == 1
