"""JUnit XML of several writers becomes test cases."""

from __future__ import annotations

import pytest

from heroci_action.engines.base import ReportFile
from heroci_action.plan import ReportKind
from heroci_action.readers import Readings, Tree, read
from heroci_action.results import Status, TestCase

TREE = Tree(
    tracked=frozenset({"shop/tests/test_cart.py", "shop/cart.py", "shop/__init__.py"}),
    roots=("/src",),
)


def report(content: str | bytes, path: str = "junit.xml") -> ReportFile:
    raw = content.encode() if isinstance(content, str) else content
    return ReportFile(kind=ReportKind.JUNIT, path=path, content=raw)


def readings(*contents: str | bytes, tree: Tree = TREE) -> Readings:
    return read([report(content, f"{n}.xml") for n, content in enumerate(contents)], tree=tree)


def only(content: str, tree: Tree = TREE) -> TestCase:
    (test,) = readings(content, tree=tree).tests
    return test


LONG_TRACEBACK = """self = &lt;TestCart&gt;
    def test_total(self):
&gt;       self.check()
shop/tests/test_cart.py:12:
_ _ _
    def check(self):
&gt;       total([1, None])
shop/tests/test_cart.py:8:
_ _ _
E   TypeError
shop/cart.py:3: TypeError
/usr/lib/python3/site-packages/lib.py:99: TypeError"""

XUNIT1 = f"""<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" tests="1">
<testcase classname="shop.tests.test_cart.TestCart" name="test_total[a]" file="shop/tests/test_cart.py"
          line="10" time="0.25">
<failure message="TypeError: no&#10;second line">{LONG_TRACEBACK}</failure>
<system-out>printed</system-out>
</testcase></testsuite></testsuites>"""


def test_pytest_xunit1_gives_the_line_that_failed_in_the_tests_own_file() -> None:
    test = only(XUNIT1)
    assert test.id == "shop.tests.test_cart.TestCart.test_total[a]"
    assert (test.status, test.duration, test.message) == (Status.FAILED, 0.25, "TypeError: no")
    assert (test.file, test.line) == ("shop/tests/test_cart.py", 8)
    assert "E   TypeError" in test.details
    assert test.output == "printed"


def test_pytest_counts_the_lines_of_definitions_from_zero() -> None:
    passed = '<testsuite name="pytest"><testcase name="t" file="shop/tests/test_cart.py" line="0"/></testsuite>'
    assert only(passed).line == 1
    assert only(passed.replace('"pytest"', '"others"').replace('line="0"', 'line="4"')).line == 4


def test_pytest_xunit2_has_no_file_so_the_traceback_and_the_class_say_it() -> None:
    stripped = XUNIT1.replace('file="shop/tests/test_cart.py"', "").replace('line="10"', "")
    assert (only(stripped).file, only(stripped).line) == ("shop/tests/test_cart.py", 8)
    without = stripped.replace("shop/tests/test_cart.py:", "x.py:")
    assert (only(without).file, only(without).line) == ("shop/cart.py", 3)
    passed = '<testsuite><testcase classname="shop.tests.test_cart.TestCart" name="t"/></testsuite>'
    assert (only(passed).file, only(passed).line) == ("shop/tests/test_cart.py", None)


def test_a_class_name_is_meant_from_the_working_directory_too() -> None:
    tree = Tree(directory="backend", tracked=frozenset({"backend/a/tests.py"}))
    passed = '<testsuite><testcase classname="a.tests.T" name="t"/></testsuite>'
    assert only(passed, tree).file == "backend/a/tests.py"


def test_pythons_own_traceback_is_read_with_paths_of_the_container() -> None:
    error = """<testsuite><testcase classname="x" name="t"><error type="ValueError" message="bad">Traceback
  File "/usr/lib/python3.13/unittest/case.py", line 58, in run
  File "/src/shop/tests/test_cart.py", line 5, in test_x
  File "/src/shop/cart.py", line 9, in total
ValueError: bad</error></testcase></testsuite>"""
    test = only(error)
    assert (test.status, test.file, test.line) == (Status.ERRORED, "shop/cart.py", 9)


@pytest.mark.parametrize(
    ("element", "status", "message"),
    [
        (
            '<skipped type="pytest.skip" message="not now">x.py:1: not now</skipped>',
            Status.SKIPPED,
            "not now",
        ),
        (
            '<skipped type="pytest.xfail" message="known"/>',
            Status.SKIPPED,
            "expected failure: known",
        ),
        ("<skipped/>", Status.SKIPPED, ""),
        ('<error message="at teardown"/>', Status.ERRORED, "at teardown"),
        ('<failure type="AssertionError"/>', Status.FAILED, "AssertionError"),
        ("<failure>\n  only text\nmore</failure>", Status.FAILED, "AssertionError"),
        ('<skipped message="s"/><error message="then worse"/>', Status.ERRORED, "then worse"),
        (
            '<failure message="first"/><error message="second"/>',
            Status.FAILED,
            "first (and 1 more failure)",
        ),
        ("<properties><property name='a' value='b'/></properties>", Status.PASSED, ""),
    ],
)
def test_elements_say_how_a_test_ended(element: str, status: Status, message: str) -> None:
    test = only(f'<testsuite><testcase name="t">{element}</testcase></testsuite>')
    assert test.status is status
    assert test.message == ("  only text" if "only text" in element else message)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("1.5", 1.5),
        ("1,234.5", 1234.5),
        ("", 0.0),
        ("NaN", 0.0),
        ("-3", 0.0),
        ("1e999", 0.0),
        ("soon", 0.0),
    ],
)
def test_odd_durations_do_no_harm(time: str, seconds: float) -> None:
    assert only(f'<testsuite><testcase name="t" time="{time}"/></testsuite>').duration == seconds


def test_output_of_the_suite_is_not_that_of_a_test() -> None:
    text = '<testsuite><system-out>noise</system-out><testcase name="t"/><system-err>more</system-err></testsuite>'
    assert only(text).output == ""


def test_nested_and_namespaced_suites_are_read() -> None:
    text = """<testsuites xmlns="urn:x"><testsuite><testsuite><testcase name="a"/></testsuite>
    <testcase name="b"/></testsuite></testsuites>"""
    assert [test.name for test in readings(text).tests] == ["a", "b"]


def test_a_truncated_file_keeps_what_it_had_and_the_others_count() -> None:
    truncated = '<testsuite><testcase name="a"/><testcase name="b"><failure>cut'
    found = readings(truncated, '<testsuite><testcase name="c"/></testsuite>', "")
    assert [test.name for test in found.tests] == ["a", "c"]
    assert [warning.split(":")[0] for warning in found.warnings] == ["0.xml", "2.xml"]


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;"/></testsuite>"""


@pytest.mark.parametrize(
    "content", ["", "  \n", "no xml", "{}", "<coverage/>", "<html></html>", BOMB, b"\xff\xfe\x00"]
)
def test_what_is_no_junit_is_a_warning_with_its_name(content: str | bytes) -> None:
    found = readings(content)
    assert found.tests == ()
    (warning,) = found.warnings
    assert warning.startswith("0.xml: not a complete junit report: ")


def test_a_doctype_that_only_refers_is_harmless() -> None:
    text = '<!DOCTYPE testsuite SYSTEM "http://127.0.0.1:9/x.dtd"><testsuite><testcase name="t"/></testsuite>'
    assert only(text).name == "t"


def test_hostile_text_comes_through_unchanged() -> None:
    text = "<testsuite><testcase name='::error::x'><failure><![CDATA[a]]]]><![CDATA[>b]]></failure></testcase>"
    test = only(f"{text}</testsuite>")
    assert (test.name, test.details) == ("::error::x", "a]]>b")


def test_two_mebibytes_of_text_are_read_in_one_piece() -> None:
    text = "x" * (2 << 20)
    test = only(f'<testsuite><testcase name="t"><failure>{text}</failure></testcase></testsuite>')
    assert test.details == text


def test_a_test_that_the_probe_recorded_as_well_counts_once_as_recorded() -> None:
    record = b'{"event": "case", "classname": "c", "name": "t", "status": "failed", "line": 5, "file": "a.py"}'
    junit = '<testsuite><testcase classname="c" name="t"><failure/></testcase><testcase name="u"/></testsuite>'
    files = [report(junit), ReportFile(kind=ReportKind.DATABASE, path="r", content=record)]
    found = read(files, tree=TREE)
    assert sorted((test.name, test.line) for test in found.tests if test.name == "t") == [("t", 5)]
    assert len(found.tests) == 2
