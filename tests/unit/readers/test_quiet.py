"""What is taken out of a document before it is parsed changes nothing that is read from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heroci_action.readers import PathResolver, Readings, Source, read_sources
from heroci_action.readers.strip_passed_output import HELD, quiet
from heroci_action.results.packed import unpack
from heroci_action.results.records import PassedTests

PASSED = b'<testcase name="a"><system-out>noise</system-out></testcase>'


def filtered(content: bytes, size: int = 1 << 16) -> bytes:
    def chunks() -> Iterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]

    return b"".join(quiet(chunks()))


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
def test_what_a_passed_test_printed_is_gone(case: bytes, size: int) -> None:
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


def test_no_text_is_held_for_long() -> None:
    seen = 0

    def chunks() -> Iterator[bytes]:
        nonlocal seen
        yield suite(b"")[:-12] + PASSED[:31]
        for _ in range(100):
            seen += 1
            yield b"x" * (HELD // 10)

    pieces = quiet(chunks())
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
@settings(max_examples=1_000)
def test_a_document_is_read_the_same(parts: list[str], size: int) -> None:
    content = f"<testsuite>{''.join(parts)}</testsuite>".encode()
    loud, calm = (
        read_sources([_source(content, size, outputs=outputs)], tree=PathResolver())
        for outputs in (True, False)
    )

    told = [test for test in loud.tests if test.status.value != "passed"]
    assert [test for test in calm.tests if test.status.value != "passed"] == told
    assert _passed(calm) == _passed(loud)
    # A text that nobody reads may have in it what XML forbids.
    assert set(calm.problems) <= set(loud.problems)


def _source(content: bytes, size: int, *, outputs: bool) -> Source:
    return Source(
        kind="junit",
        path="j",
        opened=lambda: _Pieces(content, size),  # type: ignore[arg-type,return-value]
        packed=True,
        outputs=outputs,
    )


def _passed(readings: Readings) -> list[str]:
    tests = [*readings.tests, *unpack(readings.passed or PassedTests())]
    return sorted(test.id for test in tests if test.status.value == "passed")


class _Pieces:
    """A stream that gives few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        self._pieces = [content[start : start + size] for start in range(0, len(content), size)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, _: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""
