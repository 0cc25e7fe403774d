"""A test counts once, and a flaky one is neither hidden nor made of two different tests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heroci_action.analysis.flaky import rerun_by_pytest, retried, settle
from heroci_action.results.records import Status, StepResult, TestCase
from tests.unit.builders import case, step

BAD, GOOD, SKIP = Status.FAILED, Status.PASSED, Status.SKIPPED


def file(*statuses: Status, name: str = "t", **facts: str) -> StepResult:
    tests = tuple(
        case(name, status, message=f"run {number}" if status is BAD else "")
        for number, status in enumerate(statuses)
    )
    failed = BAD in statuses
    return step(
        "f", BAD if failed else GOOD, tests=tests, facts=facts, reason="1" if failed else None
    )


def ends(*steps: StepResult) -> list[list[str]]:
    return [[test.status.value for test in step.tests] for step in settle(steps)]


def test_one_file_stays_as_it_is() -> None:
    only = step("f", tests=(case("a"), case("b", BAD), case("c", SKIP)))

    assert settle([only]) == (only,)


def outcomes(*statuses: Status) -> list[str]:
    return [test.status.value for test in retried(file(*statuses).tests)]


def test_a_retry_in_the_same_file_is_flaky() -> None:
    (test,) = retried(file(BAD, BAD, GOOD).tests)

    assert test.status is Status.FLAKY
    assert test.message == "run 0"
    assert [attempt.message for attempt in test.attempts] == ["run 0", "run 1"]


def test_rows_of_a_table_with_one_name_are_tests_of_their_own() -> None:
    assert outcomes(GOOD, BAD) == ["passed", "failed"]
    assert outcomes(BAD, GOOD, GOOD) == ["failed", "passed", "passed"]
    assert outcomes(GOOD, GOOD) == ["passed", "passed"]
    assert outcomes(BAD, BAD) == ["failed", "failed"]
    assert ends(file(BAD, BAD, GOOD)) == [["failed", "failed", "passed"]]


def test_pytest_writes_reruns_as_cases_without_an_element() -> None:
    def pytest_outcomes(*statuses: Status) -> list[str]:
        return [test.status.value for test in rerun_by_pytest(file(*statuses).tests)]

    assert pytest_outcomes(GOOD) == ["passed"]
    assert pytest_outcomes(GOOD, GOOD, GOOD) == ["flaky"]
    assert pytest_outcomes(GOOD, BAD) == ["failed"]
    assert pytest_outcomes(BAD, Status.ERRORED) == ["errored"]
    assert pytest_outcomes(BAD, GOOD) == ["failed"]
    assert pytest_outcomes(GOOD, SKIP) == ["skipped"]


def test_a_file_with_a_failure_heals_none_in_another() -> None:
    assert ends(file(BAD), file(GOOD, BAD)) == [[], ["passed", "failed"]]


def test_several_files_tell_of_one_test() -> None:
    assert ends(file(GOOD), file(GOOD)) == [[], ["passed"]]
    assert ends(file(BAD), file(BAD)) == [[], ["failed"]]
    assert ends(file(BAD), file(GOOD)) == [[], ["flaky"]]
    assert ends(file(GOOD), file(BAD)) == [["flaky"], []]
    assert ends(file(SKIP), file(GOOD), file(SKIP)) == [[], ["passed"], []]
    assert ends(file(SKIP), file(BAD)) == [[], ["failed"]]


def test_tests_of_the_same_name_in_other_files_are_others() -> None:
    one = step("1", tests=(case("t", file="a/tests.py"),))
    two = step("2", BAD, tests=(case("t", BAD, file="b/tests.py"),))

    assert settle([one, two]) == (one, two)


WINDOW = {"began": "2026-01-01T10:00:00", "ended": "2026-01-01T10:05:00"}
LATER = {"began": "2026-01-01T10:06:00", "ended": "2026-01-01T10:07:00"}


def test_what_runs_at_the_same_time_on_another_machine_is_no_rerun() -> None:
    there, here = file(GOOD, host="a", **WINDOW), file(BAD, host="b", **WINDOW)

    assert ends(there, here) == [[], ["failed"]]
    assert settle([there, here])[1].status is BAD


def test_what_runs_later_or_on_the_same_machine_may_be_one() -> None:
    assert ends(file(BAD, host="a", **WINDOW), file(GOOD, host="b", **LATER)) == [[], ["flaky"]]
    assert ends(file(BAD, host="a", **WINDOW), file(GOOD, host="a", **WINDOW)) == [[], ["flaky"]]


def test_a_step_with_another_failure_stays_failed() -> None:
    both = step("f", BAD, tests=(case("t", BAD), case("u", BAD)))

    settled, _ = settle([both, file(GOOD)])

    assert settled.status is BAD
    assert [test.name for test in settled.tests] == ["u"]


def test_a_step_that_failed_for_another_reason_stays_failed_with_tests_of_one_name_in_it() -> None:
    again = case("t"), case("other"), case("t")
    one = step("one", status=Status.FAILED, tests=again, reason="exit code 3")

    (settled,) = settle([one])

    assert settled == one


names = st.sampled_from("abc")
cases = st.builds(case, names, st.sampled_from([GOOD, BAD, SKIP, Status.ERRORED]))
files = st.lists(cases, max_size=4).map(lambda tests: step("f", tests=tuple(tests)))


@given(st.lists(files, max_size=4))
def test_no_test_is_lost_and_no_failure_turns_into_a_plain_pass(steps: list[StepResult]) -> None:
    def by_id(given: tuple[StepResult, ...] | list[StepResult]) -> dict[str, set[Status]]:
        found: dict[str, set[Status]] = {}
        for test in (test for one in given for test in one.tests):
            found.setdefault(test.id, set()).add(test.status)
        return found

    before, after = by_id(steps), by_id(settle(steps))
    unhappy = {BAD, Status.ERRORED, Status.FLAKY}
    assert before.keys() == after.keys()
    assert all(after[name] & unhappy for name in before if before[name] & unhappy)


def test_many_tests_take_no_quadratic_time() -> None:
    tests: tuple[TestCase, ...] = tuple(case(f"t{number}") for number in range(20_000))

    settled = settle([step("1", tests=tests), step("2", tests=tests)])

    assert [len(one.tests) for one in settled] == [0, 20_000]
