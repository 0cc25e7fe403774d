from __future__ import annotations

from hypothesis import given

from heroci_action.analysis.critical_path import critical_path
from heroci_action.analysis.failures import failed, group, useful_lines
from heroci_action.results.records import StageResult, Status
from tests.unit.builders import case, stage, step
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


def test_messages_that_differ_in_numbers_are_one_cause() -> None:
    groups = group(
        case(f"t{n}", Status.FAILED, message=f"timeout after {n} s at 0x7f{n}a") for n in range(9)
    )

    assert [len(members.tests) for members in groups] == [9]


def test_failures_and_errors_are_no_one_cause_and_silence_is_none() -> None:
    groups = group(
        [
            case("a", Status.FAILED, message="m"),
            case("b", Status.ERRORED, message="m"),
            case("c", Status.FAILED),
            case("d", Status.FAILED),
        ]
    )

    assert len(groups) == 4


def test_the_most_frequent_cause_comes_first() -> None:
    names = [("a", "rare"), ("b", "often"), ("c", "often")]
    groups = group(case(name, Status.FAILED, message=message) for name, message in names)

    assert [members.first.name for members in groups] == ["b", "a"]


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
