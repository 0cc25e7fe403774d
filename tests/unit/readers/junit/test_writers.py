"""The documents of well-known writers of JUnit XML, in examples of our own."""

from __future__ import annotations

import pytest

from heroci_action.readers import PathResolver
from heroci_action.results.records import Status, TestCase
from tests.unit.readers.junit.documents import outcomes, read_tests

TREE = PathResolver(
    tracked=frozenset(
        {
            "app/src/test/java/com/acme/CartTest.java",
            "app/src/main/java/com/acme/Cart.java",
            "src/cart.test.js",
            "src/cart.js",
            "shop/cart_test.go",
            "shop/cart.go",
            "crates/cart/src/lib.rs",
            "Shop.Tests/CartTests.cs",
            "Shop/Cart.cs",
            "tests/CartTest.php",
            "spec/cart_spec.rb",
            "shop/tests/test_cart.py",
        }
    ),
    roots=("/here",),
    foreign=True,
)


def cases(content: str) -> list[TestCase]:
    return read_tests(content, TREE)


SUREFIRE = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="com.acme.CartTest" time="1,234.5" tests="4">
  <properties><property name="java.version" value="21"/></properties>
  <testcase name="total" classname="com.acme.CartTest" time="1,234.5"/>
  <testcase name="flaky" classname="com.acme.CartTest" time="0.1">
    <flakyFailure message="expected: &lt;1&gt; but was: &lt;2&gt;" type="org.opentest4j.AssertionFailedError">
      <stackTrace><![CDATA[org.opentest4j.AssertionFailedError: expected: <1> but was: <2>
    at org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:39)
    at com.acme.CartTest.flaky(CartTest.java:21)]]></stackTrace>
      <system-out>noise of the first run</system-out>
    </flakyFailure>
    <flakyError type="java.io.IOException">second</flakyError>
  </testcase>
  <testcase name="broken" classname="com.acme.CartTest" time="0.1">
    <failure message="no" type="AssertionError">AssertionError: no
    at com.acme.Cart.total(Cart.java:9)
    at app//com.acme.CartTest.broken(CartTest.java:33)
    at java.base/java.lang.reflect.Method.invoke(Method.java:580)</failure>
    <rerunFailure message="no again" type="AssertionError"><stackTrace>again</stackTrace></rerunFailure>
    <system-out>printed</system-out>
  </testcase>
  <testcase name="later" classname="com.acme.CartTest"><skipped message="not now"/></testcase>
</testsuite>"""


def test_surefire_has_elements_for_flaky_tests_and_reruns() -> None:
    flaky, broken, later, total = cases(SUREFIRE)

    assert total.duration == 1234.5
    assert flaky.status is Status.FLAKY
    assert [attempt.status for attempt in flaky.attempts] == [Status.FAILED, Status.ERRORED]
    assert flaky.message == "expected: <1> but was: <2>"
    assert (flaky.file, flaky.line) == ("app/src/test/java/com/acme/CartTest.java", 21)
    assert "noise of the first run" in flaky.attempts[0].details
    assert broken.status is Status.FAILED
    assert (broken.message, broken.line, broken.output) == ("no", 33, "printed")
    assert [attempt.message for attempt in broken.attempts] == ["no again"]
    assert (later.status, later.message) == (Status.SKIPPED, "not now")


# One document for each writer, as it writes it, and what is in there.
DIALECTS = {
    "gradle": (
        """<testsuite name="com.acme.CartTest" tests="2" skipped="0" failures="1" timestamp="2026-01-01T00:00:00"
        hostname="h" time="0.02"><properties/><testcase name="a()" classname="com.acme.CartTest" time="0.01"/>
        <testcase name="b()" classname="com.acme.CartTest" time="0.01"><failure message="m" type="T">t</failure>
        </testcase><system-out><![CDATA[]]></system-out><system-err><![CDATA[]]></system-err></testsuite>""",
        {"passed": 1, "failed": 1},
    ),
    "jest": (
        """<testsuites name="jest tests" tests="2" failures="1" errors="0" time="1.2"><testsuite name="Cart" errors="0">
        <testcase classname="Cart adds" name="Cart adds" time="0.003"/>
        <testcase classname="Cart fails" name="Cart fails" time="0.003">
        <failure>Error: one</failure><failure>Error: two</failure></testcase></testsuite></testsuites>""",
        {"passed": 1, "failed": 1},
    ),
    "mocha": (
        """<testsuites name="Mocha Tests" time="0.01" tests="2" failures="1"><testsuite name="Root Suite" tests="0"
        file="/x/src/cart.test.js"/><testsuite name="Cart" tests="2"><testcase name="Cart adds" time="0.0"
        classname="adds"/><testcase name="Cart fails" time="0.00" classname="fails"><failure message="boom"
        type="Error"><![CDATA[Error: boom]]></failure></testcase></testsuite></testsuites>""",
        {"passed": 1, "failed": 1},
    ),
    "nextest": (
        """<testsuites name="nextest-run" tests="2" failures="1" errors="0" uuid="u" time="0.1"><testsuite name="cart"
        tests="2" disabled="0"><testcase name="tests::adds" classname="cart" time="0.004"><flakyFailure
        type="test failure"><system-out>x</system-out></flakyFailure></testcase><testcase name="tests::fails"
        classname="cart"><failure type="test failure with exit code 101">thread panicked</failure>
        <rerunFailure type="test failure">again</rerunFailure></testcase></testsuite></testsuites>""",
        {"flaky": 1, "failed": 1},
    ),
    "bazel": (
        """<testsuites><testsuite name="//shop:cart_test" tests="1" failures="0" errors="1"><testcase
        name="shop/cart_test" status="run" duration="3" time="3"><error message="exited with error code 1"/></testcase>
        <system-out>Generated test.log</system-out></testsuite></testsuites>""",
        {"errored": 1},
    ),
    "phpunit": (
        """<testsuites><testsuite name="All" tests="3"><testsuite name="CartTest" file="/app/tests/CartTest.php">
        <testsuite name="CartTest::testRows" tests="2"><testcase name="testRows with data set #0" class="CartTest"
        classname="CartTest" file="/app/tests/CartTest.php" line="9" assertions="1" time="0.01"/><testcase
        name="testRows with data set #1" class="CartTest" file="/app/tests/CartTest.php" line="9"><failure
        type="ExpectationFailedException">CartTest::testRows
        /app/tests/CartTest.php:25</failure></testcase></testsuite><testcase name="testRisky" class="CartTest"><warning
        type="Warning">w</warning></testcase></testsuite></testsuite></testsuites>""",
        {"passed": 1, "failed": 1, "errored": 1},
    ),
    "unittest-xml-reporting": (
        """<testsuites><testsuite name="shop.tests.test_cart.TestCart-20260101000000" tests="3" file="test_cart.py"
        timestamp="2026-01-01T00:00:00"><testcase classname="shop.tests.test_cart.TestCart" name="test_a" time="0.000"
        file="shop/tests/test_cart.py" line="4"/><testcase classname="shop.tests.test_cart.TestCart" name="test_b"
        file="shop/tests/test_cart.py" line="7"><error type="ValueError" message="bad"><![CDATA[x]]></error></testcase>
        <testcase classname="shop.tests.test_cart.TestCart" name="test_c" line="9"><skipped type="skip"
        message="no"/></testcase></testsuite></testsuites>""",
        {"passed": 1, "errored": 1, "skipped": 1},
    ),
    "googletest": (
        """<testsuites tests="3" failures="1" disabled="1" errors="0" time="0.01" name="AllTests"><testsuite name="Cart"
        tests="3"><testcase name="Adds" status="run" result="completed" time="0." classname="Cart"/><testcase
        name="DISABLED_x" status="notrun" result="suppressed" time="0." classname="Cart"/><testcase name="F"
        status="run" result="completed" classname="Cart"><failure message="a" type="">a</failure><failure message="b"
        type="">b</failure></testcase></testsuite></testsuites>""",
        {"passed": 1, "failed": 1, "skipped": 1},
    ),
    "a suite that could not be set up": (
        """<testsuite name="com.acme.CartTest" errors="1"><error message="no database"/>
        <testcase name="a"/></testsuite>""",
        {"errored": 1, "passed": 1},
    ),
    "missing counts and times": (
        "<testsuites><testsuite><testcase name='a'/><testcase/></testsuite></testsuites>",
        {"passed": 2},
    ),
}


@pytest.mark.parametrize("writer", DIALECTS)
def test_every_writer_is_counted_right(writer: str) -> None:
    document, expected = DIALECTS[writer]

    assert outcomes(document) == expected


def test_several_failures_of_one_case_are_one_failed_test_with_all_texts() -> None:
    test, _ = cases(DIALECTS["jest"][0])

    assert test.message == "Error: one (and 1 more failure)"
    assert test.details == "Error: one\n\nError: two"


def test_a_test_without_a_class_is_known_by_its_suite() -> None:
    (test,) = cases(DIALECTS["bazel"][0])

    assert test.id == "//shop:cart_test.shop/cart_test"


def test_a_suite_that_errored_is_a_test_of_its_name() -> None:
    error, _ = cases(DIALECTS["a suite that could not be set up"][0])

    assert (error.id, error.message) == ("com.acme.CartTest", "no database")
    assert error.file == "app/src/test/java/com/acme/CartTest.java"
