"""Documents in any encoding, packed, damaged, or not quite XML."""

from __future__ import annotations

import gzip
import zlib

import pytest

from heroci_action.engines.base import ReportFile
from heroci_action.readers import read as read_files
from heroci_action.readers import xml
from heroci_action.readers.junit.durations import seconds
from heroci_action.results.packed import unpack
from tests.unit.readers.junit.documents import TREE, all_tests, only, read
from tests.unit.readers.junit.test_writers import SUREFIRE

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
    test = only(content)

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
    test = only(ONE.format(written))

    assert test.details == read


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    test = only(ONE.format("caf|").encode().replace(b"|", b"\xe9"))

    assert test.details == "caf\ufffd"


def test_a_bomb_of_zeros_stops_at_the_limit() -> None:
    packed = gzip.compress(b"<testsuite>" + b" " * 10_000_000)

    (problem,) = read(packed, limit=1_000_000).problems

    assert "it has more than 1,000,000 bytes" in problem


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_damaged_gzip_is_a_problem(cut: int) -> None:
    packed = gzip.compress(SUREFIRE.encode())

    assert "r.xml: not a complete junit report" in read(packed[:-cut]).problems[0]
    assert read(packed[: len(packed) // 2] + b"garbage" * 10).problems
    assert zlib.decompress(packed, wbits=31)  # whole, it is none


def test_text_behind_the_document_costs_nothing_that_was_read() -> None:
    found = read(ONE.format("x") + "\nnpm ERR! code 1")

    assert len(found.tests) == 1
    assert len(found.problems) == 1


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
        ("PT1.5S", 1.5),
        ("00:01:02.5000000", 62.5),
        ("01:30", 90.0),
        ("PT1H", 0.0),
        (":1", 0.0),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, expected: float) -> None:
    assert seconds(text) == expected


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;"/></testsuite>"""


@pytest.mark.parametrize(
    "content", ["", "  \n", "no xml", "{}", "<coverage/>", "<html></html>", BOMB, b"\xff\xfe\x00"]
)
def test_a_file_that_is_not_junit_xml_is_a_problem_that_names_it(content: str | bytes) -> None:
    found = read(content)

    assert (found.tests, found.passed) == ((), ())
    (problem,) = found.problems
    assert problem.startswith("r.xml: not a complete junit report: ")


def test_a_file_that_is_cut_off_keeps_its_complete_cases() -> None:
    found = read('<testsuite><testcase name="a"/><testcase name="b"><failure>cut')

    assert [test.name for test in all_tests(found)] == ["a"]
    assert len(found.problems) == 1


def test_a_doctype_that_only_refers_to_a_dtd_is_harmless() -> None:
    text = '<!DOCTYPE testsuite SYSTEM "http://127.0.0.1:9/x.dtd"><testsuite><testcase name="t"/></testsuite>'

    assert only(text).name == "t"


def test_nested_and_prefixed_suites_are_read() -> None:
    text = """<x:testsuites xmlns:x="urn:x"><x:testsuite><x:testsuite><x:testcase name="a"/></x:testsuite>
    <x:testcase name="b"><x:failure message="no"/></x:testcase></x:testsuite></x:testsuites>"""

    assert sorted((test.name, test.message) for test in all_tests(read(text))) == [
        ("a", ""),
        ("b", "no"),
    ]


@pytest.mark.parametrize("element", ["testsuite", "testcase"])
def test_a_document_that_is_nested_too_deep_keeps_what_precedes(element: str) -> None:
    deep = f"<{element}>" * 20_000 + f"</{element}>" * 20_000

    found = read(f'<testsuite><testcase name="t"/>{deep}</testsuite>')

    assert [test.name for test in all_tests(found)][:1] == ["t"]
    assert "nested more than 1,000 deep" in found.problems[0]


def test_a_tag_that_does_not_end_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xml, "MAX_TAG", 1 << 19)
    found = read(f'<testsuite><testcase name="t"/><testcase name="{"x" * (1 << 20)}"/></testsuite>')

    assert [test.name for test in all_tests(found)] == ["t"]
    assert "it has a tag of more than" in found.problems[0]


def test_only_what_is_more_than_a_pass_is_not_packed() -> None:
    found = read(
        """<testsuite><testcase name="a" file="shop/cart.py" line="3" time="0.5"/>
        <testcase name="b"><skipped/></testcase><testcase name="c" status="notrun"/>
        <testcase name="d"><flakyFailure/></testcase><testcase name="e"><properties/></testcase></testsuite>"""
    )

    assert [test.name for test in found.tests] == ["b", "c", "d"]
    one, two = unpack(found.passed[0])
    assert (one.name, one.file, one.line, one.duration) == ("a", "shop/cart.py", 3, 0.5)
    assert two.name == "e"


def test_a_test_that_the_probes_recorded_as_well_counts_once_as_they_saw_it() -> None:
    record = b'{"event": "case", "classname": "c", "name": "t", "status": "failed", "line": 5, "file": "a.py"}'
    junit = b'<testsuite><testcase classname="c" name="t"/><testcase name="u"/></testsuite>'
    files = [
        ReportFile(kind="junit", path="j", content=junit),
        ReportFile(kind="database-record", path="r", content=record),
    ]

    found = read_files(files, tree=TREE)

    assert sorted((test.name, test.line) for test in found.tests) == [("t", 5), ("u", None)]
    assert found.passed == ()
