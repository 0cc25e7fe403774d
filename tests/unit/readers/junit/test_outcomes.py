"""How a test ended: elements, attributes, and the totals of a suite."""

from __future__ import annotations

import pytest

from heroci_action.results.records import Status
from tests.unit.readers.junit.documents import all_tests, only_case, outcomes, read


@pytest.mark.parametrize(
    ("element", "status", "message"),
    [
        (
            '<skipped type="pytest.skip" message="not now">x.py:1: not now</skipped>',
            "skipped",
            "not now",
        ),
        ('<skipped type="pytest.xfail" message="known"/>', "skipped", "expected failure: known"),
        ("<skipped/>", "skipped", ""),
        ("<skip>no bell here</skip>", "skipped", "no bell here"),
        ("<incomplete>later</incomplete>", "skipped", "later"),
        ('<error message="at teardown"/>', "errored", "at teardown"),
        ('<failure type="AssertionError"/>', "failed", "AssertionError"),
        ("<failure>\n  only text\nmore</failure>", "failed", "only text"),
        ("<failure/>", "failed", ""),
        ('<skipped message="s"/><error message="then worse"/>', "errored", "then worse"),
        ('<failure message="one"/><error message="two"/>', "failed", "one (and 1 more failure)"),
        ("<properties><property name='a' value='b'/></properties>", "passed", ""),
        ("<description>adds up</description><tags><tag>slow</tag></tags>", "passed", ""),
    ],
)
def test_the_worst_element_decides(element: str, status: str, message: str) -> None:
    test = only_case(element)

    assert (test.status.value, test.message) == (status, message)


@pytest.mark.promise("a test case contains an unknown element", "the test has not passed")
@pytest.mark.parametrize(
    "element",
    [
        "<warning>no data</warning>",
        "<crash/>",
        '<x:aborted xmlns:x="u"/>',
        "<failures>3</failures>",
    ],
)
def test_an_unknown_element_is_never_a_pass(element: str) -> None:
    test = only_case(element)

    assert test.status is Status.ERRORED
    assert test.message.startswith("unknown element <")


def test_a_failure_inside_of_another_element_is_never_a_pass() -> None:
    step = only_case('<steps><step><failure message="no door">at 3</failure></step></steps>')
    wrapped = only_case('<outcome><failure message="no door">at 3</failure></outcome>')

    assert (step.status, step.message) == (Status.FAILED, "no door")
    assert wrapped.status is Status.ERRORED
    for test in (step, wrapped):
        assert "at 3" in test.details
    assert "no door" in wrapped.details


@pytest.mark.promise(
    "a suite contains elements that look like tests, but are not JUnit's",
    "the report fails and names the file",
)
@pytest.mark.parametrize(
    "element",
    [
        '<TestCase name="b"/>',
        '<test-case name="b" result="passed"/>',
        '<check status="failed"/>',
        '<Failure message="b"/>',
    ],
)
def test_an_element_that_may_be_a_test_is_not_ignored(element: str) -> None:
    (problem,) = read(f"<testsuite>{PLAIN}{element}{element}</testsuite>").problems

    assert problem == f"r.xml: contains <{element[1:].split(maxsplit=1)[0]}>, which is not JUnit"


def test_elements_that_describe_a_suite_are_no_problem() -> None:
    described = '<metadata><test>x</test></metadata><attachment name="a"/><status value="failed"/>'

    assert read(f"<testsuite>{described}{PLAIN}</testsuite>").problems == ()


def test_the_text_of_an_unknown_element_is_kept() -> None:
    test = only_case('<warning type="W">Warning\nNobody provides the data.</warning>')

    assert test.message == "unknown element <warning>: Nobody provides the data."
    assert "Nobody provides the data." in test.details


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ('status="run" result="completed"', "passed"),
        ('status="passed"', "passed"),
        ('result="PASS"', "passed"),
        ('outcome="Succeeded"', "passed"),
        ('status="notrun"', "skipped"),
        ('status="run" result="skipped"', "skipped"),
        ('status="not run"', "skipped"),
        ('result="xfail"', "skipped"),
        ('status="failed"', "failed"),
        ('result="fail"', "failed"),
        ('status="run" result="FAILURE"', "failed"),
        ('outcome="error"', "errored"),
        ('status="timed-out"', "errored"),
        ('status="broken"', "errored"),
        ('success="false"', "failed"),
        ('success="True" status="run"', "passed"),
        ('passed="0"', "failed"),
        ('failed="true"', "failed"),
        ('failed="false" error="0"', "passed"),
        ('error="true"', "errored"),
        ('skipped="true"', "skipped"),
        ('executed="false"', "skipped"),
        ('state="failed"', "failed"),
        ('result="42"', "errored"),
        ('Result="Failed"', "failed"),
        ('verdict="fail"', "failed"),
        ('failures="0" errors="0" assertions="2"', "passed"),
        ('failures="1" errors="0" assertions="2"', "failed"),
    ],
)
def test_an_attribute_may_say_how_a_test_ended(attributes: str, status: str) -> None:
    test = only_case("", attributes=f'name="t" {attributes}')

    assert test.status.value == status
    assert test.status.is_failure == ("=" in test.message)


def test_an_element_and_an_attribute_count_as_the_worse_of_them() -> None:
    assert only_case("<skipped/>", attributes='name="t" status="failed"').status is Status.FAILED
    assert only_case("<failure/>", attributes='name="t" status="passed"').status is Status.FAILED


def test_the_output_of_a_test_that_failed_by_an_attribute_is_kept() -> None:
    test = only_case("<system-out>why</system-out>", attributes='name="t" status="failed"')

    assert (test.message, test.output) == ('status="failed"', "why")


PLAIN = '<testcase name="a"/>'
FAILED = '<testcase name="b"><failure message="no"/></testcase>'


@pytest.mark.parametrize(
    ("suite", "problem"),
    [
        (f'<testsuite name="s" failures="1">{PLAIN}</testsuite>', "suite 's' declares 1 failure"),
        (f'<testsuite name="s" errors="2">{FAILED}</testsuite>', "declares 2 failures"),
        (f'<testsuite name="s" errors=" +2.0 ">{FAILED}</testsuite>', "declares 2 failures"),
        (f'<testsuite name="s" failures="1,234">{PLAIN}</testsuite>', "declares 1,234 failures"),
        (f'<testsuite name="s" failed="1">{PLAIN}</testsuite>', "declares 1 failure"),
        ('<testsuite name="s" failures="1" errors="1"/>', "show none"),
        (f'<testsuite name="s" result="failed">{PLAIN}</testsuite>', 'states result="failed"'),
        (f'<testsuite name="s" success="false">{PLAIN}</testsuite>', 'states success="false"'),
        ('<testsuite name="s" tests="4" skipped="1"/>', "declares 3 tests, but contains none"),
        (
            f'<testsuites name="all" errors="1"><testsuite name="s">{PLAIN}</testsuite></testsuites>',
            "suite 'all' declares 1 failure",
        ),
    ],
    ids=[
        "failure",
        "fewer",
        "sign",
        "thousands",
        "failed",
        "no-case",
        "result",
        "success",
        "no-tests",
        "root",
    ],
)
def test_a_suite_that_declares_more_than_it_shows_is_a_problem(suite: str, problem: str) -> None:
    (found,) = read(suite).problems

    assert found.startswith("r.xml: suite ")
    assert problem in found


def test_a_suite_inside_of_another_is_reported_once() -> None:
    inner = f'<testsuite name="inner" failures="1">{PLAIN}</testsuite>'
    found = read(
        f'<testsuites failures="1"><testsuite failures="1">{inner}</testsuite></testsuites>'
    )

    assert ["'inner'" in problem for problem in found.problems] == [True]
    assert [test.name for test in all_tests(found)] == ["a"]


@pytest.mark.parametrize(
    "suite",
    [
        f'<testsuite failures="1">{FAILED}</testsuite>',
        f'<testsuite failures="0">{FAILED}</testsuite>',
        f'<testsuite failures="many" errors="-1" tests="">{PLAIN}</testsuite>',
        '<testsuite failures="2"><testcase name="a"><failure/><failure/></testcase></testsuite>',
        '<testsuite failures="1"><testcase name="a" status="failed"/></testsuite>',
        '<testsuite failures="1"><testcase name="a"><warning/></testcase></testsuite>',
        '<testsuite errors="1"><error message="no database"/></testsuite>',
        f'<testsuite status="failed" failed="1">{FAILED}</testsuite>',
        f'<testsuite status="done" result="passed" success="true">{PLAIN}</testsuite>',
        '<testsuite tests="0"/>',
        '<testsuite tests="3" skipped="2" disabled="1"/>',
        f'<testsuites tests="1"><testsuite tests="1">{PLAIN}</testsuite></testsuites>',
        """<testsuite failures="3"><testcase name="a"><failure/><rerunFailure/><rerunFailure/></testcase>
        </testsuite>""",
        f'<testsuites failures="1"><testsuite failures="1">{FAILED}</testsuite></testsuites>',
    ],
)
def test_totals_that_the_cases_explain_are_no_problem(suite: str) -> None:
    assert read(suite).problems == ()


@pytest.mark.parametrize("name", ["QtVersion", "QTestVersion"])
def test_the_errors_that_qttest_declares_are_warnings(name: str) -> None:
    version = f'<properties><property name="{name}" value="6.7.2"/></properties>'
    suite = f'<testsuite name="s" errors="29" failures="{{}}">{version}{PLAIN}</testsuite>'

    assert read(suite.format(0)).problems == ()
    assert read(f"<testsuites errors='29'>{suite.format(0)}</testsuites>").problems == ()
    assert "declares 1 failure" in read(suite.format(1)).problems[0]


def test_the_summary_of_failsafe_is_no_result() -> None:
    found = read(
        '<failsafe-summary result="254" timeout="false"><errors>1</errors></failsafe-summary>'
    )

    assert (found.tests, found.problems) == ((), ())
    assert "without results" in found.warnings[0]


def test_output_of_a_suite_is_not_that_of_a_test() -> None:
    assert outcomes(
        "<testsuite><system-out>x</system-out><testcase/><system-err>y</system-err></testsuite>"
    ) == {"passed": 1}


def test_cases_inside_of_cases_and_suites_inside_of_cases_count() -> None:
    inner = '<testcase name="b"><failure message="inner"/></testcase>'
    suite = '<testsuite name="s"><testcase name="c"/></testsuite>'
    found = all_tests(
        read(
            f'<testsuite><testcase name="a">{inner}{suite}<failure message="outer"/></testcase>{PLAIN}</testsuite>'
        )
    )

    assert sorted((test.name, test.message) for test in found) == [
        ("a", ""),
        ("a", "outer"),
        ("b", "inner"),
        ("c", ""),
    ]


def test_the_test_that_pytest_was_running_when_it_ended_has_not_passed() -> None:
    document = (
        '<testsuites name="pytest tests"><testsuite name="pytest" tests="1">'
        '<testcase classname="a" name="test_a"/><testcase time="0.1"/></testsuite></testsuites>'
    )
    bad = [test for test in all_tests(read(document)) if test.status.is_failure]
    assert [test.message for test in bad] == ["did not finish: pytest ended while it was running"]
    assert outcomes(document) == {"passed": 1, "errored": 1}
