"""Nothing that a failed test said is lost, and the first line says what went wrong."""

from __future__ import annotations

import pytest

from heroci_action.readers.junit.captured_text import MAX_ELEMENT
from heroci_action.results.bounds import MAX_TEXT
from heroci_action.results.records import Status
from tests.unit.readers.junit.documents import all_tests, only, only_case, read


def test_every_failure_of_a_case_is_in_the_details() -> None:
    test = only_case(
        '<failure message="dark">at 40</failure><failure message="dim">at 41</failure><error>third</error>'
    )

    assert test.message == "dark (and 2 more failures)"
    assert all(text in test.details for text in ("at 40", "dim", "at 41", "third"))


def test_every_line_of_a_message_is_kept() -> None:
    test = only_case('<failure message="not the same&#10;  Actual: 1&#10;  Expected: 2"/>')

    assert test.message == "not the same"
    assert test.details == "not the same\n  Actual: 1\n  Expected: 2"


@pytest.mark.parametrize(
    ("message", "text", "details"),
    [
        ("no", "trace", "trace"),
        ("no", "E  no\ntrace", "E  no\ntrace"),
        ("a: 1&#10;b: 2", "E   a: 1\nE   b: 2", "E   a: 1\nE   b: 2"),
        ("a: 1&#10;b: 2", "trace", "a: 1\nb: 2\n\ntrace"),
        ("no", "", ""),
    ],
)
def test_a_message_is_not_repeated_if_the_text_or_the_headline_has_it(
    message: str, text: str, details: str
) -> None:
    assert only_case(f'<failure message="{message}">{text}</failure>').details == details


@pytest.mark.parametrize("cut", [None, 1, 3])
def test_output_on_both_sides_of_a_failure_is_kept(cut: int | None) -> None:
    cases = """<testcase name="a"><system-out>noise</system-out></testcase>
    <testcase name="b"><system-out>one</system-out><failure>no</failure><system-err>two</system-err></testcase>
    <testcase name="c"><failure>no</failure><system-out>three</system-out></testcase>
    <testcase name="d"><failure>no<system-err>inside</system-err></failure></testcase>"""
    parts = cases.split("\n")[: cut and cut + 1]

    found = {
        test.name: test.output
        for test in all_tests(read(f"<testsuite>{''.join(parts)}</testsuite>"))
    }

    expected = {"a": "", "b": "one\ntwo", "c": "three", "d": "inside"}
    assert found == {name: expected[name] for name in found}
    assert len(found) == len(parts)


def test_the_output_explains_a_failure_that_says_nothing_else() -> None:
    output = "[ RUN      ] closes\n/src/till.cc:12: Failure\nthe drawer is locked"
    test = only_case(f'<failure message=""/><system-out>{output}</system-out>')

    assert test.message == "the drawer is locked"
    assert test.details == output
    assert test.output == ""


def test_output_stays_output_if_the_failure_says_something() -> None:
    test = only_case('<failure message="a != b"/><system-out>noise</system-out>')

    assert (test.message, test.details, test.output) == ("a != b", "", "noise")


def test_very_long_texts_keep_head_and_tail_and_say_what_was_cut() -> None:
    text = "head" + "x" * (3 * MAX_TEXT) + "tail"
    body = f"<failure message='m'>{text}</failure><system-out>{text}</system-out>"
    test = only_case(f"{body}<rerunFailure><stackTrace>{text}</stackTrace></rerunFailure>")

    kept = (test.details, test.output, test.attempts[0].details)
    for each in kept:
        assert each.startswith("head")
        assert each.endswith("tail")
        head, _, rest = each.partition("\n… ")
        number, _, tail = rest.partition(" characters were left out …\n")
        assert len(head) + int(number.replace(",", "")) + len(tail) == len(text)
    assert sum(map(len, kept)) < MAX_TEXT + 200


def test_one_long_text_has_what_the_short_ones_leave() -> None:
    text = "x" * (MAX_ELEMENT - 10)
    test = only_case(f"<failure message='m'>{text}</failure><system-out>out</system-out>")
    assert (test.message, test.details, test.output) == ("m", text, "out")


def test_attempts_share_the_limit() -> None:
    runs = f"<flakyFailure>{'x' * MAX_TEXT}</flakyFailure>" * 4

    test = only_case(runs)

    assert sum(len(attempt.details) for attempt in test.attempts) < MAX_TEXT + 400


@pytest.mark.parametrize(
    ("body", "headline"),
    [
        ('<failure message="own words" type="T">else</failure>', "own words"),
        ('<failure message="Failed">    cart_test.go:7: got 1</failure>', "got 1"),
        ('<failure type="test failure">thread panicked</failure>', "thread panicked"),
        (
            '<failure type="T">C::t\nFailed asserting that 1 is 2.</failure>',
            "Failed asserting that 1 is 2.",
        ),
        ('<failure type="T">C::t with data set #0 (3)\nNot 2.</failure>', "Not 2."),
        ('<failure message="T" type="T">T: got 2</failure>', "T: got 2"),
        (
            '<failure message="Failed">=== RUN   TestA\n    a_test.go:12: want 3\n--- FAIL: TestA (0.00s)</failure>',
            "want 3",
        ),
        (
            '<error message="None" type="NoneType">\nFailing step: Given it ... undefined\nNone</error>',
            "Failing step: Given it ... undefined",
        ),
        ('<failure message="null">TypeError: x is null</failure>', "TypeError: x is null"),
        ('<failure message="undefined">\n-----\nno such step</failure>', "no such step"),
        (
            '<failure message="FAILED: res://a/b.gd:40"><![CDATA[\nthe lamp is dark\n]]></failure>',
            "the lamp is dark",
        ),
        (
            '<failure message="/src/a_test.cc:12&#10;Expected equality of:&#10;  total&#10;    Which is: 3"/>',
            "Expected equality of: total",
        ),
        (
            '<error>Traceback (most recent call last):\n  File "a.py", line 1\n    x()\nValueError: bad\n</error>',
            "ValueError: bad",
        ),
        (
            "<failure><![CDATA[\nASSERTION FAILURE:\n- file : a.cpp\n- line : 1\n- message: 3 is 4]]></failure>",
            "3 is 4",
        ),
        ('<failure message="Failed"/>', "Failed"),
        ('<failure type="T"/>', "T"),
        ('<failure message="Error: one: two"/>', "Error: one: two"),
        ('<failure message="  spaced  "/>', "spaced"),
        ("<failure>\n\n</failure>", ""),
    ],
)
def test_the_headline_is_the_first_line_that_says_something(body: str, headline: str) -> None:
    assert only_case(body).message == headline


def test_hostile_text_comes_through_unchanged() -> None:
    test = only_case(
        "<failure><![CDATA[a]]]]><![CDATA[>b]]></failure>", attributes="name='::error::x'"
    )

    assert (test.name, test.details) == ("::error::x", "a]]>b")


def test_a_skipped_test_has_its_reason_and_no_output() -> None:
    test = only_case('<skipped message="not now">later</skipped><system-out>noise</system-out>')

    assert (test.status, test.message, test.output) == (Status.SKIPPED, "not now", "")


def test_text_around_the_cases_belongs_to_none() -> None:
    assert (
        only(
            "<testsuite>x<testcase name='a'>y<failure>z</failure>w</testcase>v</testsuite>"
        ).details
        == "z"
    )


@pytest.mark.parametrize("first", [True, False])
def test_what_a_suite_printed_is_the_output_of_its_first_failed_test(first: bool) -> None:
    output = "<system-out>no bulb</system-out><system-err>dark</system-err>"
    cases = """<testcase name="a"/><testcase name="b"><failure>no</failure><system-out>own</system-out></testcase>
    <testcase name="c"><failure>no</failure></testcase>"""
    suite = f"{output}{cases}" if first else f"{cases}{output}"

    found = all_tests(read(f'<testsuite name="lamp">{suite}</testsuite>'))

    outputs = {test.name: test.output for test in found}
    assert outputs == {"a": "", "b": "own\noutput of suite 'lamp':\nno bulb\ndark", "c": ""}


def test_what_a_suite_printed_is_not_kept_if_its_tests_passed() -> None:
    cases = '<testcase name="a"/><testcase name="b"><skipped/></testcase>'

    found = all_tests(read(f"<testsuite>{cases}<system-out>noise</system-out></testsuite>"))

    assert [test.output for test in found] == ["", ""]
