"""An early end is explained: how the process ended, its progress, and the test that was running."""

from __future__ import annotations

import pytest

from heroci_action.readers import Readings
from heroci_action.readers.recorded_run import RecordedRun, Unfinished
from heroci_action.results.records import Status, TestCase
from heroci_action.runner.completeness import (
    Ended,
    early_end,
    excuse_failfast,
    unfinished_tests,
)

TEST = Unfinished(test=TestCase(name="test_x", classname="shop.Cart"), started=100.0)
RUNNING = "shop.Cart.test_x was running"
CLASS = Unfinished(test=TestCase(name="setUpClass", classname="shop.Cart"), fixture=True)


@pytest.mark.parametrize(
    ("run", "exit_code", "reason"),
    [
        (RecordedRun(planned=12, ran=12), 0, None),
        (
            RecordedRun(planned=12, ran=10, complete=False),
            0,
            "the test process exited with code 0 after 10 of 12 tests",
        ),
        (
            RecordedRun(planned=1200, ran=1000, complete=False, unfinished=(CLASS,)),
            0,
            "the test process exited with code 0 after 1,000 of 1,200 tests, during setUpClass of shop.Cart",
        ),
        (
            RecordedRun(planned=2, ran=1, complete=False, unfinished=(TEST,)),
            139,
            "the test process was ended by signal 11 (SIGSEGV) after 1 of 2 tests, while "
            + RUNNING,
        ),
        (
            RecordedRun(planned=2, ran=1, complete=False, died=-9, unfinished=(TEST,)),
            1,
            "a worker process of the tests was ended by signal 9 (SIGKILL) after 1 of 2 tests, while "
            + RUNNING,
        ),
        (
            RecordedRun(complete=False),
            0,
            "the test process exited with code 0 before any test ran",
        ),
        (
            RecordedRun(planned=2, ran=2, intact=False),
            0,
            "something changed the record of the tests while they ran, so some may be missing",
        ),
    ],
)
def test_the_reason_contains_the_progress_of_the_run(
    run: RecordedRun, exit_code: int, reason: str | None
) -> None:
    assert early_end(run, exit_code) == reason


@pytest.mark.parametrize(
    ("item", "exit_code", "ended", "message"),
    [
        (
            TEST,
            None,
            Ended(why="the time limit ended it", at=183.4),
            "was still running after 1 min 23 s, when the time limit ended it",
        ),
        (
            CLASS,
            None,
            Ended(why="the run was interrupted", at=183.4),
            "was still running, when the run was interrupted",
        ),
        (TEST, 0, None, "did not finish: its process exited with code 0"),
        (TEST, 137, None, "did not finish: its process was ended by signal 9 (SIGKILL)"),
        (
            Unfinished(test=TEST.test, exit_code=-11),
            1,
            None,
            "did not finish: its process was ended by signal 11 (SIGSEGV)",
        ),
        (TEST, None, None, "did not finish: its process ended while it was running"),
    ],
)
def test_an_unfinished_test_has_the_cause_as_its_message(
    item: Unfinished, exit_code: int | None, ended: Ended | None, message: str
) -> None:
    run = RecordedRun(complete=False, unfinished=(item,))
    (test,) = unfinished_tests(run, exit_code=exit_code, ended=ended)
    assert (test.id, test.message) == (item.test.id, message)


def stopped(status: Status) -> Readings:
    run = RecordedRun(planned=3, ran=1, complete=False, stopped=True, unfinished=(TEST,))
    return Readings(tests=(TestCase(name="a", status=status),), run=run)


def test_failfast_excuses_the_missing_tests_and_those_that_it_ended() -> None:
    readings = excuse_failfast(stopped(Status.FAILED), None)
    assert readings.warnings == ("shop.Cart.test_x was ended by --failfast",)
    assert early_end(readings.run, 1) is None


@pytest.mark.parametrize(
    ("status", "ended"),
    [(Status.PASSED, None), (Status.FAILED, Ended(why="the time limit ended it", at=1.0))],
    ids=["nothing failed", "HeroCI ended it"],
)
def test_nothing_else_is_excused(status: Status, ended: Ended | None) -> None:
    readings = stopped(status)
    assert excuse_failfast(readings, ended) == readings
    assert early_end(readings.run, 0) is not None
