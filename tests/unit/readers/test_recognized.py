"""A file is read by its content; what cannot be read is named, with what to write instead."""

from __future__ import annotations

import pytest

from heroci_action.readers import PathResolver, Readings, Source
from heroci_action.readers.format import Category
from heroci_action.readers.recognized import read_recognized
from heroci_action.readers.unsupported import UNSUPPORTED
from heroci_action.results.coverage import Coverage

EXAMPLES: tuple[tuple[str, bytes], ...] = (
    (
        "TRX of Visual Studio",
        b'<TestRun id="x" xmlns="http://microsoft.com/x"><Results/></TestRun>',
    ),
    ("NUnit XML", b'<?xml version="1.0"?><test-run id="2" testcasecount="1">'),
    ("NUnit XML", b'<test-results name="x" total="1">'),
    ("xUnit.net XML", b'<assemblies timestamp="x"><assembly name="x"/></assemblies>'),
    ("TestNG XML", b'<testng-results skipped="0">'),
    ("Robot Framework XML", b'<robot generator="Robot 7">'),
    ("CTest XML", b'<?xml version="1.0"?><Site BuildName="x"><Testing/></Site>'),
    ("Jest JSON", b'{"numFailedTestSuites":0,"numTotalTests":3}'),
    ("Mocha JSON", b'{\n  "stats": {\n    "suites": 1'),
    ("Cucumber JSON", b'[{"uri": "a.feature", "elements": [{"keyword": "Scenario"}]}]'),
    ("JSON of `go test`", b'{"Time":"2026-01-01T00:00:00Z","Action":"run","Package":"x"}\n'),
    ("TAP", b"TAP version 13\n1..2\nok 1\n"),
    ("TAP", b"1..2\nok 1\nnot ok 2\n"),
    ("Clover XML", b'<coverage generated="1" clover="3.2.0"><project timestamp="1"/></coverage>'),
    ("Clover XML", b'<coverage generated="1"><project timestamp="1"/></coverage>'),
    ("OpenCover XML", b"<CoverageSession><Summary/></CoverageSession>"),
    ("a coverage file of Visual Studio", b"<results><modules><module/></modules></results>"),
    (
        "generic coverage of SonarQube",
        b'<coverage version="1"><file path="a"><lineToCover lineNumber="1"/>',
    ),
    ("a coverage profile of Go", b"mode: atomic\nexample.com/shop/cart.go:3.20,5.2 1 1\n"),
    ("coverage.py's database", b"SQLite format 3\0\x10\0"),
    ("coverage.py's table", b"Name    Stmts   Miss  Cover\n-----\na.py 1 0 100%\n"),
    ("Istanbul JSON", b'{"/x/a.js": {"path": "/x/a.js", "statementMap": {}}}'),
    ("SimpleCov JSON", b'{"RSpec": {"coverage": {}}}'),
    (
        "JSON of llvm-cov",
        b'{"data":[{"files":[{"filename":"a.rs"}]}],"type":"llvm.coverage.json.export"}',
    ),
    ("JSON of gcov", b'{"format_version": "1", "gcc_version": "12"}'),
    ("ESLint JSON", b'[{"filePath":"/x/a.js","messages":[]}]'),
    ("Pylint JSON", b'[{"type": "convention", "message-id": "C0114"}]'),
    ("mypy JSON", b'{"file": "a.py", "line": 1, "hint": null}\n'),
    ("Code Quality JSON of GitLab", b'[{"description": "x", "fingerprint": "y"}]'),
    ("PMD XML", b'<pmd version="7"><file name="A.java"/></pmd>'),
    ("SpotBugs XML", b'<BugCollection version="4">'),
    ("cppcheck XML", b'<results version="2"><cppcheck version="2.1"/></results>'),
)


def read(content: bytes, kind: str) -> tuple[Category, Readings]:
    source = Source(kind=kind, path="out", content=content)
    return read_recognized(source, PathResolver(tracked=frozenset({"a.py"})))


@pytest.mark.parametrize(("title", "content"), EXAMPLES)
@pytest.mark.parametrize("kind", ["junit", "coverage-json", "flake8"])
def test_a_known_format_that_is_not_read_is_named(title: str, content: bytes, kind: str) -> None:
    category, found = read(content, kind)

    (problem,) = found.problems
    assert problem.startswith(f"out: this is {title}; HeroCI reads ")
    if category is Category.COVERAGE:
        assert found.coverage == (Coverage(unreadable=("out",)),)


def test_every_unsupported_format_has_an_example() -> None:
    assert {one.title for one in UNSUPPORTED} == {title for title, _ in EXAMPLES}


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        (
            "flake8",
            b"src/x.js: line 3, col 5, Error - no (rule)\n",
            "unknown format; HeroCI reads Checkstyle XML, SARIF,",
        ),
        (
            "coverage-json",
            b"100 %",
            "unknown format; HeroCI reads Cobertura XML, JaCoCo XML, LCOV and coverage.py's JSON",
        ),
        ("coverage-json", b"", "it is empty"),
        ("junit", b"", "it is empty"),
        ("junit", b"<!DOCTYPE html><html><body>502", "this is an HTML page"),
        ("junit", b"npm warn\n<testsuite/>", "syntax error"),
    ],
)
def test_any_other_file_is_a_problem_with_its_reason(kind: str, content: bytes, words: str) -> None:
    _, found = read(content, kind)

    (problem,) = found.problems
    assert words in problem


@pytest.mark.parametrize("path", ["out.sarif", "out.json", "checkstyle.xml.gz"])
def test_a_linter_that_writes_a_document_leaves_no_empty_file(path: str) -> None:
    _, found = read_recognized(Source(kind="flake8", path=path), PathResolver())

    assert found.problems == (f"{path}: it is empty",)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"Success: no issues found in 1 source file\n", b"All checks passed!\n", b"[]"],
)
def test_a_linter_may_find_nothing(content: bytes) -> None:
    category, found = read(content, "flake8")

    assert (category, found.problems, found.warnings) == (Category.LINT, (), ())


def test_the_summary_of_failsafe_is_no_result_file() -> None:
    _, found = read(b'<?xml version="1.0"?><failsafe-summary result="null"/>', "junit")

    assert (found.problems, found.warnings) == ((), ("out: a summary of Failsafe, without tests",))


def test_a_file_without_tests_is_a_warning() -> None:
    assert read(b"<testsuites/>", "junit")[1].warnings == ("out: contains no test",)
