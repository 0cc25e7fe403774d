"""Removing output before a document is parsed changes nothing that is read from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heroci_action.readers import PathResolver, Readings, Source, read_sources
from heroci_action.readers.base import BrokenReportError
from heroci_action.readers.junit.document import Document
from heroci_action.readers.junit.strip_passed_output import HELD, strip_passed_output
from heroci_action.readers.xml import listen
from tests.unit.readers.junit.documents import all_tests

PASSED = b'<testcase name="a"><system-out>noise</system-out></testcase>'


def filtered(content: bytes, size: int = 1 << 16) -> bytes:
    def chunks() -> Iterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]

    return b"".join(strip_passed_output(chunks()))


def suite(inner: bytes) -> bytes:
    return b'<?xml version="1.0"?><testsuite>' + inner + b"</testsuite>"


@pytest.mark.parametrize(
    "case",
    [
        PASSED,
        b'<testcase name="a">\n  <system-out>noise\nnoise</system-out>\n</testcase>',
        b'<testcase name="a > b"><system-out>no&amp;ise</system-out></testcase>',
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_the_output_of_a_passed_test_is_removed(case: bytes, size: int) -> None:
    content = filtered(suite(case), size)

    if size > len(case):
        assert b"noise" not in content
    assert content.endswith(b"</testcase></testsuite>")


@pytest.mark.parametrize(
    "inner",
    [
        b'<testcase name="a"><failure>x</failure><system-out>noise</system-out></testcase>',
        b'<testcase name="a"><system-out>noise</system-out><failure>x</failure></testcase>',
        b'<testcase name="a"><system-out>noise</system-out><system-err>x</system-err></testcase>',
        b'<testcase name="a"/><system-out>noise</system-out>',
        b'<testcase name="a"><failure><![CDATA[' + PASSED + b"]]></failure></testcase>",
        b"<!-- " + PASSED + b"-->",
        b"<?p " + PASSED + b"?>",
        b'<testcase name="a"><failure><![CDATA[x]]></failure></testcase>' + PASSED,
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_everything_else_stays_as_it_is(inner: bytes, size: int) -> None:
    assert filtered(suite(inner), size) == suite(inner)


def test_a_wide_document_stays_as_it_is() -> None:
    wide = suite(PASSED).decode().encode("utf-16")

    assert filtered(wide, 100) == wide


def test_no_text_is_held_back_for_long() -> None:
    seen = 0

    def chunks() -> Iterator[bytes]:
        nonlocal seen
        yield suite(b"")[:-12] + PASSED[:31]
        for _ in range(100):
            seen += 1
            yield b"x" * (HELD // 10)

    pieces = strip_passed_output(chunks())
    next(pieces)
    while len(next(pieces)) < HELD:
        pass
    assert seen < 20


CASES = st.lists(
    st.sampled_from(
        (
            '<testcase name="a" time="1">',
            '<testcase name="b"/>',
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
@given(parts=CASES, size=st.integers(1, 60))
def test_a_document_is_read_the_same(parts: list[str], size: int) -> None:
    source = _source(f"<testsuite>{''.join(parts)}</testsuite>".encode(), size)
    stripped = read_sources([source], tree=PathResolver())
    complete = _read_without_stripping(source)

    assert list(map(repr, stripped.tests)) == list(map(repr, complete.tests))
    assert _names(stripped) == _names(complete)


def _source(content: bytes, size: int) -> Source:
    return Source(
        kind="junit",
        path="j",
        opened=lambda: _Pieces(content, size),  # type: ignore[arg-type,return-value]
    )


def _read_without_stripping(source: Source) -> Readings:
    try:
        return listen(
            source, lambda parser: Document(parser, source, PathResolver(), skip_output=False)
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
