from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from heroci_action.analysis.baseline import compare
from heroci_action.analysis.critical_path import critical_path
from heroci_action.analysis.failures import (
    Failure,
    explanation,
    failed,
    failures_of,
    group,
    mark_passed_elsewhere,
    put_kinds_first,
    useful_lines,
)
from heroci_action.reports import html, summary
from heroci_action.results.packed import pack
from heroci_action.results.records import Attempt, StageResult, Status, TestCase
from tests.unit.builders import case, run, run_of, stage, step
from tests.unit.result_strategies import texts

PYTEST = """
    def test_total():
        basket = Basket()
>       assert basket.total == 3
E       assert 2 == 3
E        +  where 2 = <Basket>.total

tests/test_basket.py:12: AssertionError
"""
UNITTEST = """Traceback (most recent call last):
  File "/lib/unittest/case.py", line 58, in run
    yield
  File "/w/tests/test_a.py", line 9, in test_a
    self.assertEqual(1, 2)
AssertionError: 1 != 2
"""


def ids(stages: tuple[StageResult, ...]) -> list[str]:
    return [each.name for each in stages]


def timed(name: str, duration: float, *needs: str, status: Status = Status.PASSED) -> StageResult:
    return stage(name, step(), duration=duration, needs=needs, status=status)


def test_only_what_came_to_no_good_end_failed() -> None:
    cases = [case(status.value, status) for status in Status]

    assert [test.name for test in failed(cases)] == ["failed", "errored", "cancelled"]


def failures(*cases: TestCase, name: str = "results/a.xml") -> tuple[Failure, ...]:
    return failures_of([stage("tests", step(name, tests=cases))])


@pytest.mark.parametrize(
    ("change", "groups"),
    [
        ({}, 1),
        ({"details": "another call"}, 1),
        ({"message": "500 != 200"}, 2),
        ({"line": 8}, 2),
        ({"file": "b.py"}, 2),
        ({"status": Status.ERRORED}, 2),
        ({"message": ""}, 2),
    ],
)
def test_failures_at_one_place_with_one_message_are_a_group(
    change: dict[str, object], groups: int
) -> None:
    first = {"status": Status.FAILED, "file": "a.py", "line": 7, "message": "404 != 200"}
    cases = (case("a", **first), case("b", **(first | change)))  # type: ignore[arg-type]

    assert len(group(failures(*cases))) == groups


def test_without_a_place_the_whole_texts_must_be_equal() -> None:
    texts = ("one", "one", "other")
    cases = [case(str(n), Status.FAILED, message="m", details=d) for n, d in enumerate(texts)]

    assert [len(members.failures) for members in group(failures(*cases))] == [2, 1]


def test_the_largest_group_comes_first() -> None:
    names = [("a", "rare"), ("b", "often"), ("c", "often")]
    groups = group(failures(*(case(n, Status.FAILED, message=message) for n, message in names)))

    assert [members.first.name for members in groups] == ["b", "a"]


def test_beyond_a_limit_each_kind_comes_first_and_counts_its_other_tests() -> None:
    cases = [
        case(f"t{n}", Status.FAILED, message=f"order {n} costs {n % 3}", file="t.py", line=n)
        for n in range(1, 8)
    ]
    groups = group(failures(*cases, case("other", Status.FAILED, message="no route")))

    ranked = put_kinds_first(groups, 7)

    assert [(members.first.name, members.similar) for members in ranked[:3]] == [
        ("t1", 6),
        ("other", 0),
        ("t2", 0),
    ]
    assert len(ranked) == 8
    assert put_kinds_first(groups, 8) == groups


def test_each_failure_has_its_source_if_there_are_several() -> None:
    bad = case("a", Status.FAILED)
    steps = (step("results/a.xml", tests=(bad,)), step("results/b.xml", tests=(case("b"),)))

    (alone,) = failures(bad)
    (among,) = failures_of([stage("tests", *steps)])
    stages = failures_of([stage("unit", steps[0]), stage("browser", steps[0])])

    assert (alone.source, alone.origin) == ("", "")
    assert (among.source, among.origin) == ("results/a.xml", "in results/a.xml")
    assert [one.source for one in stages] == ["unit/results/a.xml", "browser/results/a.xml"]


def test_a_failed_test_knows_where_it_passed() -> None:
    bad = case("a", Status.FAILED, file="t.py")
    jobs = {
        "py311": (bad,),
        "py312": (case("a", file="t.py"),),
        "other file": (case("a", file="other.py"),),
        "skipped": (case("a", Status.SKIPPED, file="t.py"),),
    }
    steps = [step(name, tests=cases) for name, cases in jobs.items()]
    packed = step("py313", passed=pack([case("b"), case("a", file="t.py")]))

    result = mark_passed_elsewhere(run(stage("tests", *steps, packed)))

    (failure,) = failures_of(result.stages)
    assert failure.test.passed_in == ("py312", "py313")
    assert failure.origin == "failed in py311, passed in py312, py313"


def test_a_pass_in_the_same_file_or_of_one_source_changes_nothing() -> None:
    result = run_of(case("a", Status.FAILED), case("a"))

    assert mark_passed_elsewhere(result) is result


def test_without_a_traceback_the_end_of_the_output_explains_a_failure() -> None:
    lines = "\n".join(f"line {number}" for number in range(30))
    text = explanation(case("a", Status.FAILED, output=lines))

    assert text.startswith("… (10 lines before these in junit.xml)\nline 10\n")
    assert text.endswith("line 29")
    assert explanation(case("a", Status.FAILED, output=lines, details="boom")) == "boom"


def test_messages_of_other_attempts_are_part_of_the_explanation() -> None:
    attempts = [Attempt(status=Status.FAILED, message=text) for text in ("the real bug", "boom")]
    test = case("a", Status.ERRORED, message="boom", details="t.py:7", attempts=tuple(attempts))

    assert explanation(test) == "t.py:7\nEarlier attempt failed: the real bug"


def test_a_short_traceback_is_shown_whole() -> None:
    assert useful_lines(UNITTEST) == UNITTEST.strip()


def test_of_a_long_one_the_last_frame_is_shown() -> None:
    lines = useful_lines("noise\n" * 50 + UNITTEST).splitlines()

    assert lines[0] == '  File "/w/tests/test_a.py", line 9, in test_a'
    assert lines[2] == "AssertionError: 1 != 2"
    assert lines[3] == "… (53 more lines in junit.xml)"


def test_of_pytest_the_line_that_failed_is_shown() -> None:
    lines = useful_lines("setup\n" * 50 + PYTEST).splitlines()

    assert lines[0] == ">       assert basket.total == 3"
    assert lines[1] == "E       assert 2 == 3"


@given(texts)
def test_useful_lines_are_few_whatever_the_text(text: str) -> None:
    assert useful_lines(text * 100).count("\n") <= 20


def test_the_critical_path_is_the_heaviest_chain_of_needs() -> None:
    stages = (
        timed("tests", 5, "base"),
        timed("base", 2),
        timed("lint", 6, "base"),
        timed("integration", 4, "tests", "lint"),
    )

    assert ids(critical_path(stages)) == ["base", "lint", "integration"]


def test_stages_that_did_not_run_are_on_no_path() -> None:
    stages = (timed("base", 2), timed("image", 9, "base", status=Status.SKIPPED))

    assert ids(critical_path(stages)) == ["base"]
    assert critical_path(()) == ()


def test_needs_in_a_circle_or_unknown_ones_end() -> None:
    stages = (timed("a", 1, "b", "nobody"), timed("b", 2, "a"))

    assert set(ids(critical_path(stages))) == {"a", "b"}


def test_new_failures_come_first_in_the_summary_and_on_the_page() -> None:
    known, new = case("a_known", Status.FAILED), case("b_new", Status.FAILED)
    now = run_of(known, new)
    compared = replace(now, comparison=compare(now, run_of(known)))

    pages = (summary.render(compared), html.render(compared, sources={}).decode())

    for page in pages:
        assert page.index("b_new") < page.index("a_known")
