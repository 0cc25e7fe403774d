"""Coverage as its main producers write it, in documents of our own."""

from __future__ import annotations

import json

import pytest

from heroci_action.analysis.coverage import merge_coverage
from heroci_action.readers import PathResolver, Readings, Source, read_sources
from heroci_action.readers.registry import recognize
from heroci_action.results.coverage import Coverage, FileCoverage

TREE = PathResolver(
    tracked=frozenset({"src/cart.py", "web/src/cart.js", "app/src/main/java/com/acme/Cart.java"}),
    roots=("/here",),
    foreign=True,
)


def readings(*contents: str) -> Readings:
    """The kind of each is told from its content, as in a report."""
    sources = (_source(text.encode()) for text in contents)
    return read_sources(sources, tree=TREE)


def _source(content: bytes) -> Source:
    found = recognize(content)
    return Source(kind=found.kind if found else "coverage-json", path="c", content=content)


def files(*contents: str) -> dict[str, FileCoverage]:
    found = readings(*contents)
    assert found.warnings == found.problems == ()
    whole = merge_coverage(found.coverage)
    assert whole
    return {file.path: file for file in whole.files}


def cobertura(filename: str, source: str = "", lines: str = "") -> str:
    rows = lines or '<line number="1" hits="3"/><line number="2" hits="0"/>'
    return f"""<?xml version="1.0"?>
    <!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
    <coverage line-rate="0.5"><sources><source>{source}</source></sources><packages><package name="p"><classes>
    <class name="c" filename="{filename}"><methods><method name="m" signature="()"><lines>{rows}</lines></method>
    </methods><lines>{rows}</lines></class></classes></package></packages></coverage>"""


@pytest.mark.parametrize(
    ("filename", "source"),
    [
        ("cart.py", "/build/7/src"),  # coverage.py with a source
        ("src/cart.py", "."),  # gcovr
        ("/build/7/src/cart.py", ""),  # coverlet on Linux
        ("build\\7\\src\\cart.py", "C:\\"),  # coverlet on Windows
    ],
)
def test_cobertura_of_each_producer_finds_its_file(filename: str, source: str) -> None:
    found = files(cobertura(filename, source))

    assert (found["src/cart.py"].covered, found["src/cart.py"].missing) == ((1,), (2,))


def test_branches_and_classes_in_one_file_are_put_together() -> None:
    branch = '<line number="3" hits="1" branch="true" condition-coverage="50% (1/2)"/>'
    found = files(cobertura("src/cart.py", lines=branch), cobertura("src/cart.py"))

    assert found["src/cart.py"].covered == (1, 3)
    assert (found["src/cart.py"].covered_branches, found["src/cart.py"].missing_branches) == (1, 1)


LCOV = """TN:
SF:/build/web/src/cart.js
FN:1,add
FNDA:2,add
DA:1,2
DA:2,0,abc
DA:3,=
BRDA:1,0,0,1
BRDA:1,0,1,-
LF:2
LH:1
end_of_record
SF:src\\cart.py
DA:1,1
end_of_record
"""


def test_lcov_gives_lines_and_branches() -> None:
    found = files(LCOV.replace("DA:3,=\n", ""))

    assert found["web/src/cart.js"] == FileCoverage(
        path="web/src/cart.js",
        covered=(1,),
        missing=(2,),
        covered_branches=1,
        missing_branches=1,
        branches=((1, 1, 2),),
        missed_branches=((1, ("0:1",)),),
    )
    assert found["src/cart.py"].covered == (1,)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_lcov_that_powershell_wrote_is_read(encoding: str) -> None:
    source = _source("SF:src/cart.py\r\nDA:1,1\r\nend_of_record\r\n".encode(encoding))

    (coverage,) = read_sources([source], tree=TREE).coverage

    assert coverage.files == (FileCoverage(path="src/cart.py", covered=(1,)),)


@pytest.mark.parametrize("rest", ["DA:1,1\n", "DA:1,1\nend_of_record\nSF", "end_of_record\nTN:\n"])
def test_a_tracefile_that_is_cut_off_is_a_problem(rest: str) -> None:
    (problem,) = readings(f"TN:\nSF:src/cart.py\n{rest}").problems

    assert "its last record has no end" in problem


def test_lines_that_llvm_cov_counts_once_for_each_function_are_no_problem() -> None:
    found = readings("SF:src/cart.py\nDA:1,1\nLF:3\nLH:3\nend_of_record\n")

    assert found.problems == ()


def test_a_report_that_is_nested_too_deep_is_a_problem() -> None:
    (problem,) = readings("<coverage><packages>" + "<package>" * 1_000).problems

    assert "nested more than 1,000 deep" in problem


JACOCO = """<?xml version="1.0"?><!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd">
<report name="app"><sessioninfo id="x" start="1" dump="2"/><package name="com/acme"><class name="com/acme/Cart"/>
<sourcefile name="Cart.java"><line nr="3" mi="0" ci="4" mb="1" cb="1"/><line nr="4" mi="2" ci="0" mb="0" cb="0"/>
<counter type="LINE" missed="1" covered="1"/></sourcefile></package></report>"""


def test_jacoco_finds_the_source_folder_of_a_package() -> None:
    file = files(JACOCO)["app/src/main/java/com/acme/Cart.java"]

    assert (file.covered, file.missing, file.branches) == ((3,), (4,), ((3, 1, 2),))


def test_reports_of_several_formats_and_shards_are_united_by_line() -> None:
    measured = {
        "files": {
            "src/cart.py": {
                "executed_lines": [2],
                "missing_lines": [1, 3],
                "summary": {},
            }
        }
    }
    by_path = files(json.dumps(measured), cobertura("src/cart.py"), LCOV)
    assert (by_path["src/cart.py"].covered, by_path["src/cart.py"].missing) == ((1, 2), (3,))


@pytest.mark.parametrize(
    "content",
    [
        cobertura("src/cart.py")[:-30],
        JACOCO[:-30],
        '{"files": {"a.py": {}}}',
        '{"meta": 1}',
    ],
)
def test_half_a_report_is_no_percentage_but_a_problem(content: str) -> None:
    found = readings(content)

    assert found.coverage == (Coverage(unreadable=("c",)),)
    assert len(found.problems) == 1
