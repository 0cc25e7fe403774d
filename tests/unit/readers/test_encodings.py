"""XML in any encoding that a document may declare, true or not."""

from __future__ import annotations

import codecs

import pytest

from heroci_action.readers import PathResolver, Source, read_sources
from tests.unit.readers.junit.documents import all_tests


def names(content: bytes) -> list[str]:
    source = Source(kind="junit", path="r.xml", content=content)
    found = read_sources([source], tree=PathResolver())
    assert found.problems == ()
    return [test.name for test in all_tests(found)]


def document(encoding: str, name: str) -> str:
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
    return f'{declaration}<testsuite name="s"><testcase name="{name}" classname="c"/></testsuite>'


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("ISO-8859-1", "Größe"),
        ("windows-1252", "„Größe“"),
        ("koi8-r", "размер"),
        ("Shift_JIS", "大きさ"),
        ("EUC-JP", "大きさ"),
        ("GB2312", "大小"),
        ("Big5", "大小"),
        ("UTF8", "Größe"),
    ],
)
def test_a_declared_encoding_is_used(encoding: str, name: str) -> None:
    assert names(document(encoding, name).encode(encoding)) == [name]


@pytest.mark.parametrize(
    "encoding",
    [
        "x-shop",
        "utf-16",
        "ucs-2",
        "cp037",
        "base64",
        "rot13",
        "idna",
        "punycode",
        "undefined",
        "UTF 8",
    ],
)
def test_an_encoding_that_is_unknown_or_cannot_be_true_is_read_as_utf_8(encoding: str) -> None:
    assert names(document(encoding, "Größe").encode()) == ["Größe"]


@pytest.mark.parametrize("declared", ["utf-16", "UTF-16 LE", "utf-8"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"), (b"", "utf-16-le")],
)
def test_utf_16_is_recognized_by_its_bytes(declared: str, mark: bytes, encoding: str) -> None:
    assert names(mark + document(declared, "Größe").encode(encoding)) == ["Größe"]
