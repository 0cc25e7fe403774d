"""Cases that are found without parsing them are read as if they were parsed."""

from __future__ import annotations

from typing import Self

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heroci_action.readers import PathResolver, Readings, Source, read_sources
from heroci_action.readers.base import BrokenReportError
from heroci_action.readers.junit.document import Document
from heroci_action.readers.junit.plain_cases import PlainCases
from heroci_action.readers.xml import listen
from tests.unit.readers.junit.documents import all_tests

PASSED = b'<testcase name="a"><system-out>noise</system-out></testcase>'


def found(piece: bytes) -> int:
    cases = PlainCases.find(piece)
    return len(cases) if cases else 0


@pytest.mark.parametrize(
    "case",
    [
        b'<testcase name="a"/>',
        b'<testcase classname="c" name="a" time="0.1" />\n',
        PASSED,
        b'<testcase name="a">\n  <system-out>noise\nnoise</system-out>\n</testcase>',
        b'<testcase name="a > b"><system-out>no&amp;ise</system-out></testcase>',
        b'<testcase name="a"><system-out><![CDATA[a <b> ]] ]>]]></system-out></testcase>',
        b'<testcase name="a"><system-out>x</system-out><system-err>y</system-err></testcase>',
    ],
)
def test_a_case_with_only_attributes_and_output_is_found(case: bytes) -> None:
    assert found(case * 3) == 3


@pytest.mark.parametrize(
    "case",
    [
        b'<testcase name="a"><failure>x</failure></testcase>',
        b'<testcase name="a"><system-out>x</system-out><failure>x</failure></testcase>',
        b'<testcase name="a"><failure>x</failure><system-out>x</system-out></testcase>',
        b'<testcase name="a"><system-out>x<failure/></system-out></testcase>',
        b'<testcase name="a&lt;b"/>',
        '<testcase name="\u00e9"/>'.encode(),
        b'<testcase name="a\n"/>',
        b'<testcase name="a" name="b"/>',
        b"<testcase name='a'/>",
        b'<testcase name="a"',
    ],
)
def test_no_other_case_is_found(case: bytes) -> None:
    assert found(case) == 0
    assert found(PASSED + case + PASSED) == 2


@pytest.mark.parametrize(
    "inner",
    [
        b"<!-- " + PASSED + b"-->",
        b"<?p " + PASSED + b"?>",
        b"<system-out><![CDATA[" + PASSED + b"]]></system-out>",
        b'<testcase name="x"><failure><![CDATA[' + PASSED + b"]]></failure></testcase>",
        b'<testcase name="x"><failure>' + PASSED + b"</failure></testcase>",
    ],
)
@pytest.mark.parametrize("size", [30, 1 << 16])
def test_what_only_looks_like_a_case_is_parsed(inner: bytes, size: int) -> None:
    document = b"<testsuite>" + PASSED + inner + PASSED + b"</testsuite>"

    assert_read_the_same(document, size)


def assert_read_the_same(document: bytes, size: int) -> None:
    source = _source(document, size)
    quick = read_sources([source], tree=PathResolver())
    parsed = _read_by_parsing(source)

    assert list(map(repr, quick.tests)) == list(map(repr, parsed.tests))
    assert _names(quick) == _names(parsed)


CASES = st.lists(
    st.sampled_from(
        (
            '<testcase name="a" time="1">',
            '<testcase name="b"/>',
            '<testcase name="b" time="2"/>',
            '<testcase name="b" time="2" status="failed"/>',
            "</testcase>",
            "<system-out>",
            "</system-out>",
            "<system-err>",
            "</system-err>",
            "<failure>",
            "</failure>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            " ",
            "text",
            "&lt;",
            "&wrong;",
            "\x01",
            "é",
            "</testsuite>",
            '<testsuite name="x">',
            '<testcase name="c"><system-out>said</system-out></testcase>',
            '<testcase name="d"><system-out>said</system-out><failure>no</failure></testcase>',
            '<testcase name="e"><failure>no</failure><system-out>said</system-out></testcase>',
        )
    ),
    max_size=14,
)


@example(
    parts=["<failure>", '<testsuite name="x">', PASSED.decode(), '<testcase name="b"/>'], size=1
)
@example(
    parts=["<failure>", "text", PASSED.decode(), "text", "</failure>"],
    size=1,
)
@given(parts=CASES, size=st.integers(1, 400))
def test_a_document_is_read_the_same(parts: list[str], size: int) -> None:
    assert_read_the_same(f"<testsuite>{''.join(parts)}</testsuite>".encode(), size)


def _source(content: bytes, size: int) -> Source:
    return Source(
        kind="junit",
        path="j",
        opened=lambda: _Pieces(content, size),  # type: ignore[arg-type,return-value]
    )


def _read_by_parsing(source: Source) -> Readings:
    try:
        return listen(
            source, lambda parser: Document(parser, source, PathResolver(), parse_all=True)
        )
    except BrokenReportError as broken:
        return broken.kept


def _names(readings: Readings) -> list[str]:
    return sorted(test.id for test in all_tests(readings))


class _Pieces:
    """A stream that returns few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        self._pieces = [content[start : start + size] for start in range(0, len(content), size)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, _: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""
