from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st

from heroci_action.readers import PathResolver, Source, read_sources
from heroci_action.reports import junit
from heroci_action.results.records import Attempt, Result, Status
from tests.unit.builders import case, finding, run, run_of, stage, step
from tests.unit.reports.junit_schema import check
from tests.unit.result_strategies import results


def rendered(result: Result) -> ElementTree.Element:
    return check(junit.render(result))


def cases(result: Result) -> dict[str, ElementTree.Element]:
    return {case.get("name", ""): case for case in rendered(result).iter("testcase")}


def ends(result: Result) -> list[tuple[str, str, str]]:
    """Suite, case and how it ended, in order."""
    return [
        (suite.get("name", ""), each.get("name", ""), _end(each))
        for suite in rendered(result)
        for each in suite
        if each.tag == "testcase"
    ]


def _end(each: ElementTree.Element) -> str:
    return next(
        (tag for tag in ("failure", "error", "skipped") if each.find(tag) is not None), "passed"
    )


@given(results)
def test_every_result_gives_a_valid_document(result: Result) -> None:
    rendered(result)


@example(run(stage("\x1b", step("name", tests=(case("test_a"),)))))
@given(results)
def test_every_test_is_in_it_once(result: Result) -> None:
    suites = [suite for suite in rendered(result) if "/" in suite.get("name", "")]

    assert sum(len(suite.findall("testcase")) for suite in suites) >= result.counts.total


def test_a_test_has_its_file_and_line() -> None:
    only = cases(run_of(case("test_a", file="tests/test_a.py", line=7, duration=0.25)))["test_a"]

    assert only.attrib == {
        "name": "test_a",
        "classname": "pkg.Tests",
        "file": "tests/test_a.py",
        "line": "7",
        "time": "0.250000",
    }


def test_failures_and_errors_are_apart_each_with_message_and_traceback() -> None:
    found = cases(
        run_of(
            case("bad", Status.FAILED, message="1 != 2", details="Traceback\n1 != 2"),
            case("broken", Status.ERRORED, message="KeyError: 'x'", details="Traceback"),
            case("left", Status.SKIPPED, message="no network"),
        )
    )

    assert found["bad"].find("failure").attrib["message"] == "1 != 2"  # type: ignore[union-attr]
    assert found["bad"].findtext("failure") == "Traceback\n1 != 2"
    assert found["broken"].find("error").attrib["message"] == "KeyError: 'x'"  # type: ignore[union-attr]
    assert found["left"].find("skipped").attrib["message"] == "no network"  # type: ignore[union-attr]


def test_a_failure_that_says_nothing_is_a_failure_all_the_same() -> None:
    assert ends(run_of(case("mute", Status.FAILED)))[0][2] == "failure"
    assert ends(run_of(case("mute", Status.ERRORED)))[0][2] == "error"


def test_a_long_message_is_whole_in_the_text() -> None:
    long = "x" * 5_000
    only = cases(run_of(case("long", Status.FAILED, message=long)))["long"]

    assert only.findtext("failure") == long


def test_every_line_of_a_message_is_in_the_text() -> None:
    message = "Expected: 2\nActual: 1"
    found = cases(
        run_of(
            case("apart", Status.FAILED, message=message, details="at t.py:3"),
            case("within", Status.FAILED, message=message, details=f"{message}\nat t.py:3"),
        )
    )

    assert found["apart"].findtext("failure") == f"{message}\n\nat t.py:3"
    assert found["within"].findtext("failure") == f"{message}\nat t.py:3"


def test_earlier_attempts_are_in_the_output() -> None:
    attempts = (Attempt(status=Status.FAILED, message="1 != 2", details="at t.py:3"),)
    cases_of = [
        case(name, status, output="printed", attempts=attempts)
        for name, status in (("flaky", Status.FLAKY), ("bad", Status.FAILED))
    ]

    for found in cases(run_of(*cases_of)).values():
        assert found.findtext("system-out") == (
            "printed\nAn earlier attempt failed: 1 != 2\nat t.py:3"
        )


def test_findings_are_failures_of_their_tool_one_for_each_file() -> None:
    lint = step(
        "flake8",
        Status.FAILED,
        diagnostics=(
            finding("unused", file="b.py", line=3, rule="F401"),
            finding("too long", file="a.py", line=9, column=80, rule="E501"),
            finding("too long", file="b.py", line=5, rule="E501"),
        ),
    )

    result = run(stage("lint", step("black"), lint))

    assert ends(result) == [
        ("lint", "black", "passed"),
        ("lint/flake8", "a.py", "failure"),
        ("lint/flake8", "b.py", "failure"),
    ]
    only = cases(result)["b.py"]
    assert (only.get("file"), only.get("line")) == ("b.py", "3")
    assert only.findtext("failure") == "b.py:3: F401 unused\nb.py:5: E501 too long"
    assert "1 more finding" in only.find("failure").attrib["message"]  # type: ignore[union-attr]


def test_findings_of_a_tool_that_passed_fail_nothing() -> None:
    result = run(stage("lint", step("ruff", diagnostics=(finding("hm", file="a.py"),))))

    assert ends(result) == [("lint/ruff", "ruff", "passed")]


def test_steps_without_tests_are_cases_of_their_stage() -> None:
    result = run(
        stage(
            "tests",
            step("check"),
            step("migrate", Status.FAILED, reason="no database", output="OperationalError"),
            step("tests", Status.SKIPPED, reason="'migrate' failed"),
        ),
    )

    assert ends(result) == [
        ("tests", "check", "passed"),
        ("tests", "migrate", "failure"),
        ("tests", "tests", "skipped"),
    ]
    assert cases(result)["migrate"].findtext("failure") == "OperationalError"


def test_a_stage_that_was_skipped_is_a_skipped_case_with_its_reason() -> None:
    result = run(stage("image", status=Status.SKIPPED, reason="no Docker"))

    assert ends(result) == [("image", "image", "skipped")]
    assert cases(result)["image"].find("skipped").attrib["message"] == "no Docker"  # type: ignore[union-attr]


def test_a_stage_whose_service_never_started_is_an_error() -> None:
    broken = stage(
        "tests", step("check", Status.SKIPPED), status=Status.ERRORED, reason="no PostgreSQL"
    )

    assert ("tests", "tests", "error") in ends(run(broken))


def test_a_test_step_that_failed_without_a_failed_test_is_seen() -> None:
    result = run(
        stage("tests", step("tests", Status.FAILED, tests=(case("ok"),), reason="exit code 3"))
    )

    assert ends(result) == [("tests/tests", "ok", "passed"), ("tests/tests", "tests", "failure")]


def test_nothing_tells_the_machine_or_the_hour() -> None:
    document = junit.render(run_of(case("a"))).decode()

    assert "hostname" not in document
    assert "timestamp" not in document


def test_hostile_text_stays_text() -> None:
    hostile = "]]>\x00\x1b[31mred\x1b[0m\udc80<failure>&amp;\ufffe"

    only = cases(run_of(case(hostile, Status.FAILED, message=hostile, details=hostile)))

    assert list(only) == ["]]>\ufffdred\ufffd<failure>&amp;\ufffd"]


def test_times_are_plain_decimals() -> None:
    document = junit.render(run_of(case("a", duration=1e-9), case("b", duration=0.00001)))

    assert b"e-" not in document
    assert check(document).find("testsuite").get("time") == "0.000010"  # type: ignore[union-attr]


@given(st.text("ab[;1m\\\x7f\x85\x90\x9b\x9c\x9d", min_size=1, max_size=8))
def test_names_with_control_characters_are_written_and_read_unchanged(name: str) -> None:
    named = run_of(case(name, Status.FAILED, classname=name, message="m", details=name))

    source = Source(kind="junit", path="x", content=junit.render(named))
    read = read_sources([source], tree=PathResolver()).tests

    assert [(one.name, one.classname, one.details) for one in read] == [(name, name, name)]


@given(results)
def test_the_document_of_the_tests_counts_as_heroci_does(result: Result) -> None:
    text = junit.test_pieces(result)
    counts = result.counts
    if text is None:
        assert not any(step.has_tests for each in result.stages for step in each.steps)
        return
    root = check(b"".join(text))
    found = {name: int(root.get(name, "")) for name in ("tests", "failures", "errors", "skipped")}
    assert found["tests"] == counts.total
    assert found["failures"] + found["errors"] == counts.bad
    assert found["skipped"] == counts.skipped
    assert len(list(root.iter("testcase"))) == counts.total
