from __future__ import annotations

from heroci_action.analysis.parallel import (
    Difference,
    confirms,
    failed_ids,
    failed_steps,
    find_differences,
)
from heroci_action.results.packed import expand_or_pack
from heroci_action.results.records import Status
from tests.unit.builders import case, run, run_of, stage, step


def test_equal_outcomes_in_another_order_are_no_difference() -> None:
    tests = [case("a"), case("b", Status.SKIPPED), case("c"), case("c", Status.FAILED)]
    one, other = run_of(*tests), run_of(*reversed(tests))
    assert find_differences(one, other) == ()
    assert find_differences(expand_or_pack(one, 0), other) == ()


def test_a_test_that_fails_is_missing_or_ran_twice_is_a_difference() -> None:
    one = run_of(case("a"), case("b"), case("c"))
    other = run_of(case("a", Status.FAILED), case("c"), case("c"))
    passed, failed = Status.PASSED, Status.FAILED
    assert find_differences(one, other) == (
        Difference(id="pkg.Tests.a", one_process=(passed,), parallel=(failed,)),
        Difference(id="pkg.Tests.b", one_process=(passed,), parallel=()),
        Difference(id="pkg.Tests.c", one_process=(passed,), parallel=(passed, passed)),
    )


def test_only_steps_that_failed_by_themselves_are_in_doubt() -> None:
    bad = case("a", Status.FAILED)
    failed = step("tests", Status.FAILED, tests=(bad, case("b")), exit_code=1)
    too_late = step("tests 2", Status.FAILED, tests=(bad,))
    other = step("check", Status.FAILED, exit_code=1)
    found = failed_steps(run(stage("tests", failed, too_late, other)), ("tests", "tests 2"))
    assert found == (failed,)
    assert failed_ids(found) == ("pkg.Tests.a",)


def test_failures_are_confirmed_only_if_all_of_them_fail_again() -> None:
    again = run_of(case("a", Status.FAILED), case("b", Status.ERRORED), case("c"))
    assert confirms(again, ("pkg.Tests.a", "pkg.Tests.b"))
    assert not confirms(again, ("pkg.Tests.a", "pkg.Tests.c"))
    assert not confirms(again, ("pkg.Tests.not_run",))
