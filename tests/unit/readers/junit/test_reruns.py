"""A failure is only forgiven by a rerun that the report states, within one suite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.results.records import Status
from tests.unit.readers.junit.documents import all_tests, outcomes, read

FAILED_CASE = (
    '<testcase name="{0}" classname="{1}"><failure message="{2}">text of {2}</failure></testcase>'
)
PASSED_CASE = '<testcase name="{0}" classname="{1}"/>'


def failed(name: str = "t", classname: str = "c", message: str = "no") -> str:
    return FAILED_CASE.format(name, classname, message)


def passed(name: str = "t", classname: str = "c") -> str:
    return PASSED_CASE.format(name, classname)


def suite(*cases: str, name: str = "c", attributes: str = "") -> str:
    return f'<testsuite name="{name}" {attributes}>{"".join(cases)}</testsuite>'


def suites(*parts: str) -> str:
    return f"<testsuites>{''.join(parts)}</testsuites>"


@pytest.mark.parametrize(
    "document",
    [
        suite(failed(), passed()),
        suite(passed(), failed()),
        suites(suite(failed()), suite(passed())),
        suites(
            suite(failed(), attributes='hostname="chromium"'),
            suite(passed(), attributes='hostname="firefox"'),
        ),
        suite(failed("a()", "c"), passed("a()", "d")),
        suite(failed("a()"), passed("b()")),
        suite(failed("a()"), passed("a()"), name="another class"),
        suite(failed("row 1()"), passed("row 1()")),
        suite(failed("[1] 3"), passed("[1] 3")),
        suites(suite(failed("a()")), suite(passed("a()"))),
        suite(passed("a()"), failed("a()")),
        suite(failed(), passed(), name="pytest", attributes='tests="2"'),
    ],
    ids=[
        *("row", "later row", "suite", "host", "class", "method", "class of a suite", "blanks"),
        *("parameters", "suite of a method", "method that failed later", "interpreters"),
    ],
)
def test_a_pass_elsewhere_forgives_no_failure(document: str) -> None:
    assert outcomes(document) == {"failed": 1, "passed": 1}


@pytest.mark.parametrize("name", ["a()", "t"])
def test_a_skip_after_a_failure_forgives_nothing(name: str) -> None:
    skipped = f'<testcase name="{name}" classname="c"><skipped/></testcase>'
    document = suite(failed(name), skipped)

    assert outcomes(document) == {"failed": 1, "skipped": 1}
    assert outcomes(document, assume_reruns=True) == {"failed": 1, "skipped": 1}


def test_rows_that_all_passed_or_all_failed_are_tests_of_their_own() -> None:
    assert outcomes(suite(passed(), passed(), passed())) == {"passed": 3}
    assert outcomes(suite(failed(), failed())) == {"failed": 2}


def test_gradle_writes_the_runs_of_a_method_into_the_suite_of_its_class() -> None:
    found = all_tests(
        read(suite(failed("a()", message="1"), failed("a()", message="2"), passed("a()")))
    )

    (test,) = found
    assert (test.status, test.message, test.details) == (Status.FLAKY, "1", "text of 1")
    assert [attempt.message for attempt in test.attempts] == ["1", "2"]


def test_a_method_that_failed_in_each_run_is_one_failure() -> None:
    (test,) = all_tests(read(suite(failed("a()", message="1"), failed("a()", message="2"))))

    assert (test.status, test.message) == (Status.FAILED, "2")
    assert [attempt.message for attempt in test.attempts] == ["1"]


def test_a_method_that_passed_again_after_its_rerun_is_another_test() -> None:
    assert outcomes(suite(failed("a()"), passed("a()"), passed("a()"))) == {"flaky": 1, "passed": 1}


def pytest_suite(tests: int, *cases: str) -> str:
    return suite(*cases, name="pytest", attributes=f'tests="{tests}"')


def test_pytest_does_not_count_the_runs_of_rerunfailures() -> None:
    document = pytest_suite(3, passed("a"), passed("a"), passed("b"), passed("c"), failed("c"))

    tests = {test.name: test for test in all_tests(read(document))}

    assert {name: test.status.value for name, test in tests.items()} == {
        "a": "flaky",
        "b": "passed",
        "c": "failed",
    }
    assert [len(tests[name].attempts) for name in "abc"] == [1, 0, 1]
    assert "does not state the reason" in tests["a"].message
    assert tests["c"].message == "no"


def test_pytest_counts_the_runs_on_several_interpreters() -> None:
    cases = (passed("a"), failed("b"), passed("a"), passed("b"))

    assert outcomes(pytest_suite(4, *cases)) == {"passed": 3, "failed": 1}


def test_a_suite_without_a_count_proves_no_rerun() -> None:
    assert outcomes(suite(passed(), passed(), name="pytest")) == {"passed": 2}


def test_reruns_in_one_suite_of_a_merged_file_say_nothing_about_the_next() -> None:
    both = suites(pytest_suite(1, passed(), passed()), pytest_suite(2, passed("a"), passed("a")))

    assert outcomes(both) == {"flaky": 1, "passed": 2}


TEARDOWN = """<testcase name="t" classname="c"><error message='failed on teardown with "OSError: full"'>rmdir</error>
</testcase>"""


def test_a_test_that_fails_and_fails_in_its_teardown_is_one_test_with_both_texts() -> None:
    document = pytest_suite(3, failed(message="the bug"), passed("a"), TEARDOWN, passed("b"))

    tests = {test.name: test for test in all_tests(read(document))}

    assert {name: test.status.value for name, test in tests.items()} == {
        "t": "failed",
        "a": "passed",
        "b": "passed",
    }
    assert tests["t"].message == "the bug (and 1 more failure)"
    assert all(text in tests["t"].details for text in ("text of the bug", "OSError: full", "rmdir"))


def test_a_failing_teardown_does_not_count_as_a_rerun_of_others() -> None:
    cases = (passed("a"), passed("a"), failed(), TEARDOWN)

    assert outcomes(pytest_suite(3, *cases)) == {"passed": 2, "failed": 1}


def test_a_failing_teardown_of_a_passed_test_is_an_error() -> None:
    assert outcomes(pytest_suite(1, TEARDOWN)) == {"errored": 1}


def test_flaky_and_rerun_elements_are_attempts_with_their_output() -> None:
    flaky = """<testcase name="a"><flakyFailure message="&#10;Expected: &lt;open&gt;&#10;but: &lt;shut&gt;" type="E">
    <stackTrace>at x</stackTrace><system-out>knock</system-out></flakyFailure></testcase>"""
    broken = '<testcase name="b"><failure message="1"/><rerunFailure message="2"/></testcase>'

    tests = {test.name: test for test in all_tests(read(suite(flaky, broken)))}

    assert (tests["a"].status, tests["a"].message) == (Status.FLAKY, "Expected: <open>")
    assert all(text in tests["a"].attempts[0].details for text in ("<shut>", "at x", "knock"))
    assert (tests["b"].status, tests["b"].message) == (Status.FAILED, "1")
    assert [attempt.message for attempt in tests["b"].attempts] == ["2"]


def test_repeated_runs_are_reruns_if_the_user_says_so() -> None:
    gotestsum = suite(failed("a"), failed("b"), passed("b"), passed("c"), passed("c"), name="m")

    assert outcomes(gotestsum) == {"failed": 2, "passed": 3}
    assert outcomes(gotestsum, assume_reruns=True) == {"failed": 1, "flaky": 1, "passed": 2}
    two = suites(suite(failed("a")), suite(passed("a")))
    assert outcomes(two, assume_reruns=True) == {"failed": 1, "passed": 1}
    rows = pytest_suite(2, passed("a"), passed("a"))
    assert outcomes(rows, assume_reruns=True) == {"flaky": 1}


ENDS = st.sampled_from(["", "<failure message='x'/>", "<error message='x'/>", "<skipped/>"])
CASES = st.lists(st.tuples(st.sampled_from(["a", "b()", "c"]), ENDS), max_size=8)


@given(CASES, st.sampled_from(["k", "pytest", "x"]), st.integers(0, 9), st.booleans())
def test_no_test_is_lost_and_no_failure_becomes_a_plain_pass(
    cases: list[tuple[str, str]], name: str, tests: int, assume: bool
) -> None:
    told = [f'<testcase classname="k" name="{test}">{end}</testcase>' for test, end in cases]
    document = suite(*told, name=name, attributes=f'tests="{tests}"')

    found = all_tests(read(document, assume_reruns=assume))

    assert {test.name for test in found} == {test for test, _ in cases}
    failed_ones = {test for test, end in cases if "'x'" in end}
    plain = (Status.PASSED, Status.SKIPPED)
    assert failed_ones <= {test.name for test in found if test.status not in plain}
    runs = sum(1 + len(test.attempts) for test in found)
    assert runs == len(cases)
