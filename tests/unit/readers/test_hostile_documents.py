"""Documents that nobody would write: no reader breaks, and none takes long."""

from __future__ import annotations

import gzip
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.readers import PathResolver, Readings, Source, read_sources
from heroci_action.readers.registry import BY_KIND, recognize
from heroci_action.text import legal_xml
from tests.unit.readers.junit.documents import all_tests

TREE = PathResolver(tracked=frozenset({"a.py", "b/c.py", "é.py"}), roots=("/r",), foreign=True)

NAMES = (
    *(
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
        "properties",
    ),
    *(
        "flakyFailure",
        "rerunError",
        "stackTrace",
        "coverage",
        "class",
        "line",
        "source",
        "report",
        "package",
    ),
    *("sourcefile", "checkstyle", "file"),
)
ATTRIBUTES = (
    *(
        "name",
        "classname",
        "file",
        "line",
        "time",
        "message",
        "type",
        "status",
        "timestamp",
        "hostname",
    ),
    *("number", "hits", "filename", "condition-coverage", "nr", "ci", "mb", "severity", "source"),
)
VALUES = st.one_of(
    st.sampled_from(
        ("", "0", "1", "-1", "1e999", "nan", "a.py", "/r/a.py", "../x", "b\\c.py", "50% (1/2)")
    ),
    st.sampled_from(
        ("9" * 30, "2026-01-01T00:00:00", "9999-12-31T23:59:59", "::error::", "a" * 2_000)
    ),
    st.text(max_size=12).map(legal_xml),
)


def element(inner: st.SearchStrategy[list[ET.Element]]) -> st.SearchStrategy[ET.Element]:
    def made(
        name: str, given_ones: dict[str, str], text: str, children: list[ET.Element]
    ) -> ET.Element:
        one = ET.Element(name, given_ones)
        one.text = text
        one.extend(children)
        return one

    attributes = st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES, max_size=5)
    return st.builds(made, st.sampled_from(NAMES), attributes, VALUES, inner)


trees = st.recursive(
    element(st.just([])), lambda below: element(st.lists(below, max_size=4)), max_leaves=25
)
KINDS = ["junit", "cobertura", "jacoco", "checkstyle"]
GIVEN = (
    b'<testsuites><testsuite name="pytest"><testcase name="t" time="1"><failure message="m">x</failure>'
    b"</testcase></testsuite></testsuites>"
)


def readings(kind: str, content: bytes) -> Readings:
    source = Source(kind=kind, path="x", content=content, limit=1_000_000)
    return read_sources([source], tree=TREE)


@given(trees, st.sampled_from(KINDS))
def test_any_tree_of_elements_is_read_or_refused(root: ET.Element, kind: str) -> None:
    found = readings(kind, ET.tostring(root))

    assert all(warning.startswith("x: ") for warning in found.problems)
    assert all(test.duration >= 0 for test in found.tests)


@given(trees)
def test_no_case_of_a_junit_document_is_lost(root: ET.Element) -> None:
    whole = ET.Element("testsuites")
    suite = ET.SubElement(whole, "testsuite")
    for name in ("a", "b"):
        ET.SubElement(suite, "testcase", name=name)
    suite.insert(1, root)

    found = readings("junit", ET.tostring(whole))

    assert found.problems or {"a", "b"} <= {test.name for test in all_tests(found)}


@pytest.mark.promise("a report contains any bytes", "it is read, or refused with a reason")
@given(st.binary(max_size=300), st.sampled_from(sorted(BY_KIND)))
def test_any_bytes_are_read_or_refused(content: bytes, kind: str) -> None:
    recognize(content)
    readings(kind, content)
    readings(kind, gzip.compress(content))


@given(st.data())
def test_a_damaged_document_is_read_as_far_as_it_goes(data: st.DataObject) -> None:
    content = bytearray(GIVEN)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))

    found = readings("junit", bytes(content[:cut]))

    assert len(found.tests) <= 1


LONG = 40_000


@pytest.mark.parametrize(
    "text",
    [
        " in " * (LONG // 4),
        "at " + "a." * (LONG // 2),
        "at (" * (LONG // 4),
        "\n".join(["at x (a.js:1:1"] * (LONG // 15)),
        'File "' * (LONG // 6),
        "a:" * (LONG // 2),
        "panicked at '" * (LONG // 13),
        "\x1b[" * (LONG // 2),
        "&" * LONG,
        "a.go:" * (LONG // 5),
        " " * LONG,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_no_text_keeps_a_reader_busy_without_end(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    content = f'<testsuite><testcase name="t"><failure message="m">{escaped}</failure></testcase></testsuite>'
    readings("junit", content.encode())
    readings("junit", content.replace("&amp;", "&").encode())
    for kind in (
        "flake8",
        "pylint",
        "mypy",
        "ruff",
        "black",
    ):
        readings(kind, text.encode())
    recognize(text.encode())
