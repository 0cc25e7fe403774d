"""JUnit XML of several writers becomes test cases."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.engines.base import ReportFile
from heroci_action.readers import PathResolver, Readings, Source, read, read_sources
from heroci_action.results.packed import unpack
from heroci_action.results.records import PassedTests, Status, TestCase

TREE = PathResolver(
    tracked=frozenset({"shop/tests/test_cart.py", "shop/cart.py", "shop/__init__.py"}),
    roots=("/src",),
)


def report(content: str | bytes, path: str = "junit.xml") -> ReportFile:
    raw = content.encode() if isinstance(content, str) else content
    return ReportFile(kind="junit", path=path, content=raw)


def readings(*contents: str | bytes, tree: PathResolver = TREE) -> Readings:
    return read([report(content, f"{n}.xml") for n, content in enumerate(contents)], tree=tree)


def only(content: str, tree: PathResolver = TREE) -> TestCase:
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
    tree = PathResolver(directory="backend", tracked=frozenset({"backend/a/tests.py"}))
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
    assert [warning.split(":")[0] for warning in found.problems] == ["0.xml", "2.xml"]


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;"/></testsuite>"""


@pytest.mark.parametrize(
    "content", ["", "  \n", "no xml", "{}", "<coverage/>", "<html></html>", BOMB, b"\xff\xfe\x00"]
)
def test_what_is_no_junit_is_a_problem_with_its_name(content: str | bytes) -> None:
    found = readings(content)
    assert found.tests == ()
    (problem,) = found.problems
    assert problem.startswith("0.xml: not a complete junit report: ")


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
    files = [report(junit), ReportFile(kind="database-record", path="r", content=record)]
    found = read(files, tree=TREE)
    assert sorted((test.name, test.line) for test in found.tests if test.name == "t") == [("t", 5)]
    assert len(found.tests) == 2


PRINTED_FIRST = """<testsuite><testcase name="a"><system-out>noise</system-out></testcase>
<testcase name="b"><system-out>one</system-out><failure>no</failure><system-err>two</system-err></testcase>
<testcase name="c"><failure>no</failure><system-out>three</system-out></testcase></testsuite>"""


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("outputs", [False, True])
def test_output_of_a_failed_test_is_kept_on_both_sides_of_its_failure(
    *, outputs: bool, packed: bool
) -> None:
    content = PRINTED_FIRST.encode()
    source = Source(kind="junit", path="j", content=content, outputs=outputs, packed=packed)
    found = read_sources([source], tree=TREE)

    said = {test.name: test.output for test in found.tests}
    assert said.pop("a", "") == ("noise" if outputs else "")
    assert said == {"b": "one\ntwo", "c": "three"}
    assert (found.passed is not None) == (packed and not outputs)


def test_packed_tests_are_those_that_have_nothing_to_tell() -> None:
    content = b"""<testsuite><testcase name="a" file="shop/cart.py" line="3" time="0.5"/>
    <testcase name="b"><skipped/></testcase>
    <testcase name="c" status="notrun"/><testcase name="d"><rerunFailure/></testcase><testcase name="e"/></testsuite>"""
    source = Source(kind="junit", path="j", content=content, packed=True)

    found = read_sources([source], tree=TREE)

    assert [(test.name, test.status.value) for test in found.tests] == [
        ("b", "skipped"),
        ("c", "skipped"),
        ("d", "flaky"),
    ]
    assert found.passed
    one, two = unpack(found.passed)
    assert (one.name, one.file, one.line, one.duration) == ("a", "shop/cart.py", 3, 0.5)
    assert two.name == "e"


@pytest.mark.parametrize("name", ["pytest", "other"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_second_run_of_a_packed_test_is_seen_in_the_same_file(name: str, *, packed: bool) -> None:
    content = f"""<testsuite name="{name}"><testcase name="a"/><testcase name="b"><failure message="no"/></testcase>
    <testcase name="b"/><testcase name="c"/><testcase name="c"/></testsuite>""".encode()
    source = Source(kind="junit", path="j", content=content, packed=packed)

    found = read_sources([source], tree=TREE)

    tests = [*found.tests, *unpack(found.passed or PassedTests())]
    ends = sorted((test.name, test.status.value) for test in tests)
    if name == "pytest":
        assert ends == [("a", "passed"), ("b", "failed"), ("c", "flaky")]
    else:
        assert ends == [("a", "passed"), ("b", "flaky"), ("c", "passed"), ("c", "passed")]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from(
                ("", "<failure message='x'/>", "<skipped/>", "<system-out>o</system-out>")
            ),
        ),
        max_size=8,
    ),
    st.sampled_from(("pytest", "x")),
)
def test_packing_changes_no_test(cases: list[tuple[str, str]], name: str) -> None:
    told = "".join(f'<testcase name="{test}">{inner}</testcase>' for test, inner in cases)
    content = f'<testsuite name="{name}">{told}</testsuite>'.encode()
    plain, packed = (
        read_sources(
            [Source(kind="junit", path="j", content=content, packed=one, outputs=False)],
            tree=TREE,
        )
        for one in (False, True)
    )

    def ordered(tests: Iterable[TestCase]) -> list[str]:
        return sorted(map(repr, tests))

    assert ordered((*packed.tests, *unpack(packed.passed or PassedTests()))) == ordered(plain.tests)
