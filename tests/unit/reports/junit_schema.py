"""The common JUnit structure (what Jenkins reads, with `file` and `line`) as a check in own words."""

from __future__ import annotations

import re
from xml.etree import ElementTree

NUMBER = re.compile(r"\d+")
DECIMAL = re.compile(r"\d+(\.\d+)?")
ANY = re.compile(r".*", re.DOTALL)

COUNTS = {"tests": NUMBER, "failures": NUMBER, "errors": NUMBER, "skipped": NUMBER}
ATTRIBUTES: dict[str, dict[str, re.Pattern[str]]] = {
    "testsuites": {"name": ANY, "time": DECIMAL, "disabled": NUMBER, **COUNTS},
    "testsuite": {"name": ANY, "time": DECIMAL, "disabled": NUMBER, **COUNTS},
    "properties": {},
    "property": {"name": ANY, "value": ANY},
    "testcase": {"name": ANY, "classname": ANY, "time": DECIMAL, "file": ANY, "line": NUMBER},
    "failure": {"message": ANY, "type": ANY},
    "error": {"message": ANY, "type": ANY},
    "skipped": {"message": ANY, "type": ANY},
    "system-out": {},
}
REQUIRED = {
    "testsuites": COUNTS.keys(),
    "testsuite": {"name", *COUNTS},
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}
WITH_TEXT = {"failure", "error", "skipped", "system-out"}


def check(document: bytes) -> ElementTree.Element:
    """The root of a valid document; fails at the first thing that is not as it should be."""
    root = ElementTree.fromstring(document)
    assert root.tag == "testsuites"
    for element in root.iter():
        _check_element(element)
    for suite in root:
        _check_counts(suite)
    for key in COUNTS:
        assert int(root.get(key, "")) == sum(int(suite.get(key, "")) for suite in root)
    return root


def _check_element(element: ElementTree.Element) -> None:
    known = ATTRIBUTES[element.tag]
    for name, value in element.attrib.items():
        assert name in known, f"<{element.tag}> has no attribute {name}"
        assert known[name].fullmatch(value), f"{element.tag}/@{name} is {value!r}"
    assert set(REQUIRED.get(element.tag, ())) <= element.attrib.keys()
    assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    if element.tag not in WITH_TEXT:
        assert not (element.text or "").strip()


def _check_counts(suite: ElementTree.Element) -> None:
    cases = suite.findall("testcase")
    found = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    assert {key: int(suite.get(key, "")) for key in COUNTS} == found
