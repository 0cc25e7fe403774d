"""Where a failure is, whatever notation its report has."""

from __future__ import annotations

import pytest

from heroci_action.readers import PathResolver, Source, read_sources
from heroci_action.results.records import Status
from tests.unit.readers.junit.documents import only, only_case, read_tests
from tests.unit.readers.junit.test_writers import TREE


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
        ("Error\n  at total (http://localhost:9876/base/src/cart.js?d2b1:4:9)", "src/cart.js", 4),
        (
            "Error\ntotal@https://[::1]:8080/src/cart.js:5:9\n@http://x/src/cart.test.js:1:1",
            "src/cart.js",
            5,
        ),
        ("Error\n  at Context.eval (webpack://shop/./src/cart.test.js:6:9)", "src/cart.test.js", 6),
        ("Error\n  at webpack-internal:///./src/cart.js:7:9", "src/cart.js", 7),
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
    test = only_case(f"<failure><![CDATA[{trace}]]></failure>", tree=TREE)

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
    test = only_case("", attributes=f'name="t" classname="{classname}"', tree=TREE)

    assert test.file == file


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
        test = only(document, tree)
        assert (test.file, test.line) == (file, 7), package


OTHERS = PathResolver(
    tracked=frozenset(
        {
            "test/till.bats",
            "features/a.feature",
            "features/steps/s.py",
            "test/helper.bash",
            "tests/tst_stock.cpp",
            "Tests/CartTests.swift",
            "addons/lamp/test/LampTest.gd",
            "src/units/spec/base_spec.cr",
            "test/cart_test.exs",
            "test/cart_test.dart",
            "t/cart.t",
            "lib/cart.ml",
            "vendor/own/a_test.rb",
            "src/com/acme/TillTest.kt",
            "cypress/e2e/checkout.cy.ts",
            "elements/test/tabs.spec.ts",
            "main.c",
            "backend/shop/tests/test_cart.py",
            "services/a/tests/test_api.py",
            "services/b/tests/test_api.py",
        }
    ),
    roots=("/here",),
    foreign=True,
)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("(in test file test/till.bats, line 30)\n  `refute_output` failed", "test/till.bats:30"),
        (
            "Failing step: When it ... failed\nLocation: features/a.feature:6",
            "features/a.feature:6",
        ),
        (
            'Location: features\\a.feature:6\nTraceback\n  File "features/steps/s.py", line 3, in f',
            "features/a.feature:6",
        ),
        (
            "(from function `f' in file test/helper.bash, line 4,\n in test file test/till.bats, line 22)",
            "test/till.bats:22",
        ),
        (
            "Compared values differ\n   Loc: [/src/tests/tst_stock.cpp(45)]",
            "tests/tst_stock.cpp:45",
        ),
        ("/Users/runner/work/a/b/Tests/CartTests.swift:22", "Tests/CartTests.swift:22"),
        ("not equal (Tests/CartTests.swift:23)", "Tests/CartTests.swift:23"),
        ("FAILED: res://addons/lamp/test/LampTest.gd:40", "addons/lamp/test/LampTest.gd:40"),
        ("got 2\n  # src/units/spec/base_spec.cr:22", "src/units/spec/base_spec.cr:22"),
        (
            "code: assert 1 == 2\nstacktrace:\n  test/cart_test.exs:12: (test)",
            "test/cart_test.exs:12",
        ),
        ("Expected: 1\ntest/cart_test.dart 12:5  main.<fn>", "test/cart_test.dart:12"),
        ("#   at t/cart.t line 7.", "t/cart.t:7"),
        ('File "lib/cart.ml", line 3, characters 0-5', "lib/cart.ml:3"),
        ("- file   : ../tests/tst_stock.cpp\n- line   : 12", "tests/tst_stock.cpp:12"),
        ("error: not checked\nFile: main.c\nLine: 12\nDetails: f()", "main.c:12"),
        ("/home/runner/work/a/a/vendor/own/a_test.rb:7", "vendor/own/a_test.rb:7"),
        ("at com.acme.TillTest.it opens at nine(TillTest.kt:28)", "src/com/acme/TillTest.kt:28"),
        ("at com.acme.TillTest$rings$1.invoke-impl(TillTest.kt:31)", "src/com/acme/TillTest.kt:31"),
        ("at: elements/test/tabs.spec.ts:12:5", "elements/test/tabs.spec.ts:12"),
        ("D:\\a\\b\\Tests\\CartTests.swift:9: error", "Tests/CartTests.swift:9"),
        ("see other/unknown.bats, line 3, not this", None),
        ("version 1.2:3 of main.c", None),
    ],
)
def test_a_place_in_any_notation_is_found_if_git_tracks_its_file(
    text: str, place: str | None
) -> None:
    test = only_case(f"<failure><![CDATA[{text}]]></failure>", tree=OTHERS)

    assert (f"{test.file}:{test.line}" if test.file else None) == place


def test_the_attributes_of_a_failure_win_over_its_text() -> None:
    failure = '<failure file="main.c" line="44">helper at test/till.bats:30</failure>'

    test = only_case(failure, attributes='name="t" file="main.c" line="9"', tree=OTHERS)

    assert (test.file, test.line) == ("main.c", 44)


def test_the_file_of_a_test_may_be_followed_by_its_description() -> None:
    attributes = 'name="it stops" file="test/till.bats::it stops"'

    test = only_case("<failure>no</failure>", attributes=attributes, tree=OTHERS)

    assert (test.file, test.line) == ("test/till.bats", None)


def test_a_frame_in_the_file_of_the_test_wins_over_a_deeper_one() -> None:
    body = "<failure>test/till.bats:3: in helper\nmain.c:7: in test</failure>"

    test = only_case(body, attributes='name="t" file="main.c" line="1"', tree=OTHERS)

    assert (test.file, test.line) == ("main.c", 7)


@pytest.mark.parametrize(
    "document",
    [
        '<testsuite file="/x/cypress/e2e/checkout.cy.ts"><testcase name="t"><failure/></testcase></testsuite>',
        """<testsuite><properties><property name="test.fileName" value="/x/cypress/e2e/checkout.cy.ts"/></properties>
        <testcase name="t"><failure/></testcase></testsuite>""",
        """<testsuites><testsuite name="Root Suite" file="cypress/e2e/checkout.cy.ts" tests="0"/>
        <testsuite name="Checkout"><testcase name="t"><failure/></testcase></testsuite></testsuites>""",
        """<testsuites><testsuite name="Root Suite" file="cypress/e2e/checkout.cy.ts"/><testsuite name="a"><testsuite>
        <testcase name="t"><failure/></testcase></testsuite></testsuite></testsuites>""",
        '<testsuite><testcase name="t" file="cypress/e2e/checkout.cy.ts"><failure/></testcase></testsuite>',
        '<testsuite name="cypress/e2e/checkout.cy.ts"><testcase name="t"><failure/></testcase></testsuite>',
    ],
    ids=["suite", "property", "empty suite before", "nested", "case", "name of the suite"],
)
def test_the_file_may_be_given_for_the_whole_suite(document: str) -> None:
    assert only(document, OTHERS).file == "cypress/e2e/checkout.cy.ts"


def test_an_empty_suite_says_nothing_about_suites_after_the_next_one_without_a_file() -> None:
    root = '<testsuite name="Root Suite" {}/>'
    suite = '<testsuite name="{0}"><testcase name="{0}"><failure/></testcase></testsuite>'
    document = "".join(
        (root.format('file="main.c"'), suite.format("a"), root.format(""), suite.format("b"))
    )

    files = {
        test.name: test.file for test in read_tests(f"<testsuites>{document}</testsuites>", OTHERS)
    }

    assert files == {"a": "main.c", "b": None}


def test_tests_that_ran_in_a_directory_are_found_below_it() -> None:
    test = only_case(
        "<failure>shop/tests/test_cart.py:11: AssertionError</failure>",
        attributes='name="t" classname="shop.tests.test_cart"',
        tree=OTHERS,
    )

    assert (test.file, test.line) == ("backend/shop/tests/test_cart.py", 11)


@pytest.mark.parametrize("service", ["a", "b"])
def test_of_equally_good_directories_that_of_the_report_is_meant(service: str) -> None:
    failure = "<failure>tests/test_api.py:5: AssertionError</failure>"
    case = f'<testcase name="t" classname="tests.test_api">{failure}</testcase>'
    source = Source(
        kind="junit",
        path=f"services/{service}/junit.xml",
        content=f"<testsuite>{case}</testsuite>".encode(),
    )

    (test,) = read_sources([source], tree=OTHERS).tests

    assert (test.file, test.line) == (f"services/{service}/tests/test_api.py", 5)


def test_a_class_may_have_a_suffix_in_parentheses() -> None:
    test = only_case("", attributes='name="t" classname="com.acme.CartTest(H2)"', tree=TREE)

    assert test.file == "app/src/test/java/com/acme/CartTest.java"


WRITERS = PathResolver(
    tracked=frozenset(
        {
            "src/cart.js",
            "src/Cart.php",
            "test/shop/cart_test.clj",
            "test/unit/test_cart.gd",
            "app/src/test/kotlin/CartTest.kt",
            "app/src/main/kotlin/Assertions.kt",
        }
    ),
    roots=("/here",),
    foreign=True,
)


@pytest.mark.parametrize(
    ("attributes", "body", "place"),
    [
        pytest.param(
            'classname="/here/src/cart" name="no-unused-vars" file="/here/src/cart.js"',
            "<failure>line 3, col 7, Error - unused</failure>",
            ("src/cart.js", 3),
            id="ESLint",
        ),
        pytest.param(
            'classname="res://test/unit/test_cart.gd" name="test_total"',
            "<failure>[3] expected to equal [4]:\n      at line 12</failure>",
            ("test/unit/test_cart.gd", 12),
            id="GUT",
        ),
        pytest.param(
            'name="src/Cart.php:12"',
            '<failure message="undefined method"/>',
            ("src/Cart.php", 12),
            id="PHPStan",
        ),
        pytest.param(
            'classname="shop.cart-test" name="total-test"',
            "<failure>expected: 4</failure>",
            ("test/shop/cart_test.clj", None),
            id="clojure.test",
        ),
        pytest.param(
            'classname="shop.CartTest" name="adds up"',
            "<failure>\tat shop.CartTest$1$1.invokeSuspend(CartTest.kt:12)</failure>",
            ("app/src/test/kotlin/CartTest.kt", 12),
            id="Kotlin without the folders of its package",
        ),
        pytest.param(
            'classname="shop.CartTest" name="adds up"',
            "<failure>\tat org.library.Assertions.fail(Assertions.kt:9)</failure>",
            (None, None),
            id="a class of a library with the name of a file",
        ),
        pytest.param(
            'classname="cart" name="total"',
            "<properties><property name='file' value='src/cart.js'/><property name='line' value='5'/>"
            "</properties><failure>no</failure>",
            ("src/cart.js", 5),
            id="properties of the case",
        ),
        pytest.param(
            'classname="cart" name="reads" file="src/cart.js"',
            "<failure>line 3: unexpected token in the input</failure>",
            ("src/cart.js", None),
            id="a line of the input under test",
        ),
    ],
)
def test_a_place_is_read_as_each_writer_states_it(
    attributes: str, body: str, place: tuple[str | None, int | None]
) -> None:
    test = only_case(body, attributes=attributes, tree=WRITERS)

    assert (test.file, test.line) == place


def test_a_place_in_the_output_counts_if_the_failure_has_no_text() -> None:
    # CTest, whose failures say only "Failed".
    test = only_case(
        '<failure message="Failed"/><system-out>cart: /b/src/cart.test.js:25: no</system-out>',
        attributes='name="cart" classname="cart"',
        tree=PathResolver(tracked=frozenset({"src/cart.test.js"}), foreign=True),
    )

    assert (test.file, test.line) == ("src/cart.test.js", 25)
