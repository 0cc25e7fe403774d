"""Compare responses with the expectations of a check."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from heroci_action.probes.heroci_http_check import Answer, Outcome, differences, junit, problem

BODY = '{"count": 2, "ok": true, "results": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], "none": null}'


@pytest.mark.parametrize(
    "check",
    [
        {},
        {"status": 200},
        {"contains": '"count": 2'},
        {"json": {"count": 2}},
        {"json": {"results": [{"id": 1}, {"name": "b"}]}},
        {"json": {"none": None, "ok": True}},
        {"json": {}},
    ],
)
def test_matching_response_passes(check: dict[str, Any]) -> None:
    assert problem({"path": "/", **check}, Answer(200, BODY)) is None


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"status": 201}, "expected status 201, got 200"),
        ({"contains": "hero"}, "the answer does not contain 'hero'"),
        ({"json": {"count": 3}}, "expected answer.count to be 3, got 2"),
        ({"json": {"ok": 1}}, "expected answer.ok to be 1, got true"),
        ({"json": {"page": 1}}, "answer.page is missing"),
        ({"json": {"results": [{"id": 1}]}}, "expected answer.results to be"),
        (
            {"json": {"results": [{"id": 1}, {"id": 9}]}},
            "expected answer.results[1].id to be 9, got 2",
        ),
        ({"json": [1]}, "expected answer to be [1], got"),
        ({"json": {"none": False}}, "expected answer.none to be false, got null"),
    ],
)
def test_mismatch_shows_the_beginning_of_the_response(check: dict[str, Any], said: str) -> None:
    found = problem({"path": "/", **check}, Answer(200, BODY))
    assert found is not None
    assert found.startswith(said)
    assert found.endswith(repr(BODY))


def test_long_response_is_cut() -> None:
    found = problem({"path": "/", "status": 500}, Answer(200, "x" * 100_000))
    assert found is not None
    assert len(found) < 700


def test_response_that_is_not_json_is_not_compared() -> None:
    found = problem({"path": "/", "json": {"a": 1}}, Answer(200, "<html>"))
    assert found == "the answer is not JSON; the answer begins: '<html>'"


def test_reports_all_differences() -> None:
    wanted = {"a": {"b": 1, "c": [1, {"d": 2}]}}
    found = {"a": {"b": 2, "c": [1, {"d": 3}]}}
    assert [text.split(" to be")[0] for text in differences(wanted, found, "answer")] == [
        "expected answer.a.b",
        "expected answer.a.c[1].d",
    ]


def test_junit_is_valid_for_hostile_responses() -> None:
    outcomes = [
        Outcome("GET /", 0.5, None),
        Outcome("a\x00]]>", 1.0, "expected ]]> \x1b[31m <b>; the answer x"),
    ]
    suite = ET.fromstring(junit(outcomes))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "expected ]]> \ufffd[31m <b>"
