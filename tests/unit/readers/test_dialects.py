"""What each well-known writer of JUnit XML makes of its tests, in documents of our own."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter

import pytest

from heroci_action.readers import PathResolver, Readings, Source, read_sources
from heroci_action.readers.junit import seconds
from heroci_action.results.records import Status, TestCase

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


def readings(content: str | bytes, **options: object) -> Readings:
    raw = content.encode() if isinstance(content, str) else content
    source = Source(kind="junit", path="r.xml", content=raw, **options)  # type: ignore[arg-type]
    return read_sources([source], tree=TREE)


def cases(content: str | bytes) -> tuple[TestCase, ...]:
    found = readings(content)
    assert found.warnings == ()
    return found.tests


def counted(content: str) -> dict[str, int]:
    return dict(Counter(test.status.value for test in cases(content)))


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


def test_surefire_says_flaky_and_rerun_with_elements() -> None:
    total, flaky, broken, later = cases(SUREFIRE)

    assert total.duration == 1234.5
    assert flaky.status is Status.FLAKY
    assert [attempt.status for attempt in flaky.attempts] == [Status.FAILED, Status.ERRORED]
    assert flaky.message == "expected: <1> but was: <2>"
    assert (flaky.file, flaky.line) == ("app/src/test/java/com/acme/CartTest.java", 21)
    assert "noise" not in flaky.details + flaky.output
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
        {"passed": 2, "failed": 1},
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

    assert counted(document) == expected


def test_several_failures_of_one_case_are_one_failed_test_with_all_texts() -> None:
    _, test = cases(DIALECTS["jest"][0])

    assert test.message == "Error: one (and 1 more failure)"
    assert test.details == "Error: one\nError: two"


def test_a_test_without_a_class_is_known_by_its_suite() -> None:
    (test,) = cases(DIALECTS["bazel"][0])

    assert test.id == "//shop:cart_test.shop/cart_test"


def test_a_suite_that_errored_is_a_test_of_its_name() -> None:
    error, _ = cases(DIALECTS["a suite that could not be set up"][0])

    assert (error.id, error.message) == ("com.acme.CartTest", "no database")
    assert error.file == "app/src/test/java/com/acme/CartTest.java"


@pytest.mark.parametrize(
    ("trace", "file", "line"),
    [
        (
            (
                "java.lang.AssertionError\n\tat org.junit.Assert.fail(Assert.java:89)\n"
                "\tat com.acme.Cart.total(Cart.java:12)\n\tat com.acme.Main.main(Main.java:1)"
            ),
            "app/src/main/java/com/acme/Cart.java",
            12,
        ),
        (
            (
                "Error: no\n    at Object.<anonymous> (/build/42/src/cart.test.js:12:5)\n"
                "    at node_modules/jest/run.js:1:1"
            ),
            "src/cart.test.js",
            12,
        ),
        ("Error: no\n    at add (file:///build/src/cart.js:3:9)", "src/cart.js", 3),
        ("Error\n    at C:\\build\\src\\cart.js:3:9", "src/cart.js", 3),
        ("AssertionError\n \u276f src/cart.test.js:7:20", "src/cart.test.js", 7),
        ("    cart_test.go:25: got 1, wanted 2", "shop/cart_test.go", 25),
        (
            "panic: boom\ngoroutine 1 [running]:\n\t/usr/lib/go/src/panic.go:884 +0x21\n\t/b/shop/cart.go:9 +0x1d",
            "shop/cart.go",
            9,
        ),
        ("thread 'x' panicked at crates/cart/src/lib.rs:10:5:\nboom", "crates/cart/src/lib.rs", 10),
        ("panicked at 'boom', crates/cart/src/lib.rs:11:5", "crates/cart/src/lib.rs", 11),
        (
            (
                "   at Xunit.Assert.Equal() in C:\\x\\Assert.cs:line 1\n"
                "   at Shop.CartTests.Total() in C:\\a\\b\\Shop.Tests\\CartTests.cs:line 42"
            ),
            "Shop.Tests/CartTests.cs",
            42,
        ),
        ("CartTest::testRows\n/app/tests/CartTest.php:25\n", "tests/CartTest.php", 25),
        ("# ./spec/cart_spec.rb:12:in `block'", "spec/cart_spec.rb", 12),
        (
            (
                'File "/ci/build/shop/tests/test_cart.py", line 5, in test\n'
                'File "/usr/lib/python3/site-packages/shop/tests/test_cart.py", line 9, in x'
            ),
            "shop/tests/test_cart.py",
            5,
        ),
    ],
)
def test_the_place_comes_from_the_traceback_of_each_language(
    trace: str, file: str, line: int
) -> None:
    (test,) = cases(
        f'<testsuite><testcase name="t"><failure><![CDATA[{trace}]]></failure></testcase></testsuite>'
    )

    assert (test.file, test.line) == (file, line)


@pytest.mark.parametrize(
    ("classname", "file"),
    [
        ("com.acme.CartTest", "app/src/test/java/com/acme/CartTest.java"),
        ("com.acme.CartTest$Inner", "app/src/test/java/com/acme/CartTest.java"),
        ("src/cart.test.js", "src/cart.test.js"),
        ("com.other.CartTest", None),
        ("Shop.CartTests", None),
        ("Cart adds", None),
        ("", None),
        ("." * 3_000, None),
    ],
)
def test_the_file_comes_from_the_class_where_nothing_else_says_it(
    classname: str, file: str | None
) -> None:
    (test,) = cases(f'<testsuite><testcase name="t" classname="{classname}"/></testsuite>')

    assert test.file == file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("0,25", 0.25),
        ("1,234,567", 1234567.0),
        ("1 234.5", 1234.5),
        ("1'234.5", 1234.5),
        ("250ms", 0.25),
        ("1.5s", 1.5),
        ("2 min", 120.0),
        ("1e-05", 1e-05),
        ("0.", 0.0),
        ("-1", 0.0),
        ("infinity", 0.0),
        ("1.2.3", 0.0),
        ("9" * 400, 0.0),
        ("PT1S", 0.0),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, expected: float) -> None:
    assert seconds(text) == expected


ONE = '<testsuite><testcase name="é"><failure message="m">{}</failure></testcase></testsuite>'


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + ONE.format("x").encode(),
        ('<?xml version="1.0" encoding="UTF-16"?>' + ONE.format("x")).encode("utf-16"),
        ('<?xml version="1.0"?>' + ONE.format("x")).encode("utf-16"),
        b"\xfe\xff"
        + ('<?xml version="1.0" encoding="utf-16"?>' + ONE.format("x")).encode("utf-16-be"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>' + ONE.format("x")).encode("latin-1"),
        ('<?xml version="1.0" encoding="windows-1252"?>' + ONE.format("x")).encode("cp1252"),
        gzip.compress(ONE.format("x").encode()),
        gzip.compress(ONE[:20].encode()) + gzip.compress(ONE[20:].format("x").encode()),
        b"\n\n  <?xml version='1.0'?>" + ONE.format("x").encode(),
    ],
    ids=[
        "bom",
        "utf-16",
        "utf-16 undeclared",
        "utf-16-be",
        "latin-1",
        "cp1252",
        "gzip",
        "gzips",
        "blank",
    ],
)
def test_encodings_and_packing_make_no_difference(content: bytes) -> None:
    (test,) = cases(content)

    assert (test.name, test.details) == ("é", "x")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\x1b[31mred\x1b[0m b", "ared b"),
        ("nul \x00 and &#0; &#x1b; &#xFFFF;", "nul \ufffd and \ufffd \ufffd \ufffd"),
        ("fish & chips &nbsp; &amp; &lt; &#65;", "fish & chips &nbsp; & < A"),
        ("\x08" + "x" * 200_000 + "&#1;" * 20_000, "\ufffd" + "x" * 200_000 + "\ufffd" * 20_000),
    ],
)
def test_characters_that_xml_forbids_are_replaced(written: str, read: str) -> None:
    (test,) = cases(ONE.format(written))

    assert test.details == read


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    (test,) = cases(ONE.format("caf|").encode().replace(b"|", b"\xe9"))

    assert test.details == "caf\ufffd"


def test_a_bomb_of_zeros_stops_at_the_limit() -> None:
    packed = gzip.compress(b"<testsuite>" + b" " * 50_000_000)

    (problem,) = readings(packed, limit=1_000_000).problems

    assert "it has more than 1,000,000 bytes" in problem


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_damaged_gzip_is_a_problem(cut: int) -> None:
    packed = gzip.compress(SUREFIRE.encode())

    assert "r.xml: not a complete junit report" in readings(packed[:-cut]).problems[0]
    assert readings(packed[: len(packed) // 2] + b"garbage" * 10).problems
    assert zlib.decompress(packed, wbits=31)  # whole, it is none


def test_text_behind_the_document_costs_nothing_that_was_read() -> None:
    found = readings(ONE.format("x") + "\nnpm ERR! code 1")

    assert len(found.tests) == 1
    assert len(found.problems) == 1


def test_a_deep_document_is_no_harm() -> None:
    deep = "<testsuite>" * 20_000 + '<testcase name="t"/>' + "</testsuite>" * 20_000

    assert [test.name for test in cases(deep)] == ["t"]


def test_what_passed_tests_printed_can_be_left_out() -> None:
    document = """<testsuite><testcase name="a"><system-out>x</system-out></testcase><testcase name="b"><failure/>
    <system-out>y</system-out></testcase></testsuite>"""

    assert [test.output for test in readings(document).tests] == ["x", "y"]
    assert [test.output for test in readings(document, outputs=False).tests] == ["", "y"]


REPEATED = """<testsuite name="{}"><testcase classname="c" name="t"><failure message="m"/></testcase>
<testcase classname="c" name="t"/></testsuite>"""


RERUN = """<testsuite name="pytest" tests="2"><testcase classname="c" name="t"/><testcase classname="c" name="t"/>
</testsuite>"""


def test_a_repeated_case_is_a_retry() -> None:
    assert counted(REPEATED.format("com.acme.CartTest")) == {"flaky": 1}


def test_pytest_rerunfailures_writes_reruns_as_cases_without_an_element() -> None:
    assert counted(RERUN) == {"flaky": 1}
    assert counted(RERUN.replace('"pytest"', '"rows"')) == {"passed": 2}
    assert counted(REPEATED.format("pytest")) == {"failed": 1}


def failing(body: str, name: str = "t", classname: str = "c") -> TestCase:
    (test,) = cases(
        f'<testsuite><testcase name="{name}" classname="{classname}">{body}</testcase></testsuite>'
    )
    return test


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            '<failure message="Failed">    cart_test.go:7: got 1</failure>',
            "    cart_test.go:7: got 1",
        ),
        ('<failure type="test failure">thread panicked</failure>', "thread panicked"),
        (
            '<failure type="T">C::t\nFailed asserting that 1 is 2.</failure>',
            "Failed asserting that 1 is 2.",
        ),
        ('<failure message="Failed"/>', "Failed"),
        ('<failure type="T"/>', "T"),
        ('<failure message="own words" type="T">else</failure>', "own words"),
    ],
)
def test_a_message_that_says_nothing_gives_way_to_the_first_line(body: str, message: str) -> None:
    """Otherwise all failures of such a writer would be taken for one cause."""
    assert failing(body).message == message


def test_a_bare_file_name_is_meant_from_the_package_of_the_test() -> None:
    tree = PathResolver(tracked=frozenset({"shop/x_test.go", "bill/x_test.go", "x_test.go"}))
    for package, file in (
        ("example.com/m/shop", "shop/x_test.go"),
        ("example.com/m/bill", "bill/x_test.go"),
        ("example.com/m", "x_test.go"),
        ("example.com/workshop", "x_test.go"),
    ):
        body = "<failure>    x_test.go:7: no</failure>"
        document = (
            f'<testsuite><testcase name="t" classname="{package}">{body}</testcase></testsuite>'
        )
        source = Source(kind="junit", path="r", content=document.encode())
        (test,) = read_sources([source], tree=tree).tests
        assert (test.file, test.line) == (file, 7), package
