"""A record proves that a test run came to its end, or names what was missing and what was running."""

from __future__ import annotations

from typing import Any

import pytest

from heroci_action.readers.recorded_run import ProcessRecord, RecordedRun, recorded_run
from heroci_action.results.records import TestCase

Event = dict[str, Any]


def process(pid: int = 1) -> Event:
    return {"event": "process", "pid": pid}


def begin(tests: int | None, *, n: object = 0, what: str = "suite", worker: bool = False) -> Event:
    return {"event": "begin", "n": n, "what": what, "tests": tests, "worker": worker}


def end(*, n: object = 0, **more: object) -> Event:
    return {"event": "end", "n": n, **more}


def start(name: str, **more: object) -> Event:
    return {"event": "start", "n": name, "name": name, **more}


def stop(name: str, **more: object) -> Event:
    return {"event": "stop", "n": name, **more}


def ran(*names: str) -> tuple[Event, ...]:
    return tuple(event for name in names for event in (start(name), stop(name)))


def course(*processes: tuple[Event, ...]) -> RecordedRun:
    records = []
    for events in processes:
        record = ProcessRecord()
        for event in events:
            if event["event"] == "start":
                record.start(event, TestCase(name=str(event["name"])))
            record.take(event)
        records.append(record)
    found = recorded_run(records)
    assert found is not None
    return found


def running(run: RecordedRun) -> list[str]:
    return [item.test.name for item in run.unfinished]


def test_a_run_that_ended_with_every_test_is_complete() -> None:
    run = course((process(), begin(2), *ran("a", "b"), end(ran=2)))
    assert run == RecordedRun(planned=2, ran=2)


def test_a_run_without_its_end_is_incomplete_and_names_what_was_running() -> None:
    run = course((process(), begin(3), *ran("a"), start("b", at=12.5)))
    assert (run.complete, run.ran, run.planned, running(run)) == (False, 1, 3, ["b"])
    assert run.unfinished[0].started == 12.5


def test_a_run_that_ended_with_too_few_tests_is_incomplete() -> None:
    assert not course((process(), begin(3), *ran("a", "b"), end(ran=2))).complete


@pytest.mark.parametrize("excuse", [{"left_out": 1}, {"ran": 3}])
def test_tests_of_a_class_without_set_up_are_not_missing(excuse: Event) -> None:
    assert course((process(), begin(3), *ran("a", "b"), end(**excuse))).complete


def test_tests_that_no_process_recorded_are_lost_records() -> None:
    main = (process(), begin(2), end(ran=2))
    worker = (process(2), begin(2, worker=True), *ran("a"), end())
    assert not course(main, worker).intact
    assert course(main, (*worker, *ran("b"))).intact


def test_what_a_test_repeats_of_itself_replaces_no_other_test() -> None:
    twice = course((process(), begin(2), *ran("a"), end(ran=2, repeated=1)))
    assert (twice.complete, twice.intact) == (False, True)


def test_the_exit_code_of_a_session_is_that_of_the_first_one_that_failed() -> None:
    ends = tuple(end(n=number, exit_code=code) for number, code in enumerate((0, 5, 3, 1)))
    assert course((process(), *ran("a"), *ends)).exit_code == 3


def test_a_run_that_was_told_to_stop_is_incomplete_and_says_so() -> None:
    run = course((process(), begin(3), *ran("a", "b"), end(stopped=True)))
    assert (run.complete, run.stopped) == (False, True)
    assert not course((process(), begin(3), *ran("a"), start("b"))).stopped


def test_a_runner_that_did_not_return_is_incomplete_even_if_its_suite_ended() -> None:
    events = (process(), begin(None, n=9, what="runner"), begin(1), *ran("a"), end(ran=1))
    assert not course(events).complete
    assert course((*events, end(n=9))).complete


def test_a_suite_that_was_built_and_never_run_is_missing() -> None:
    first = (process(), {"event": "built", "tests": 1}, begin(1), *ran("a"), end(ran=1))
    assert course(first).complete
    run = course((*first, {"event": "built", "tests": 4}))
    assert (run.complete, run.ran, run.planned) == (False, 1, 5)


def test_tests_of_workers_are_planned_by_the_main_process_only() -> None:
    main = (process(), begin(3), end(ran=3))
    workers = [
        (process(2), begin(2, worker=True), *ran("a", "b"), end()),
        (process(3), begin(1, worker=True), *ran("c"), end()),
    ]
    assert course(main, *workers) == RecordedRun(planned=3, ran=3)
    assert not course(main, workers[0], workers[1][:-1]).complete


def test_a_run_whose_worker_died_is_incomplete_even_if_every_test_ended() -> None:
    died = {"event": "died", "pid": 2, "exit_code": -9}
    run = course((process(), begin(2), died, end(ran=2)), (process(2), *ran("a", "b")))
    assert (run.complete, run.died) == (False, -9)


def test_only_the_test_of_the_worker_that_died_is_unfinished() -> None:
    main = (process(), begin(3), {"event": "died", "pid": 3, "exit_code": -9})
    alive = (process(2), begin(2, worker=True), *ran("a"), start("b"))
    dead = (process(3), begin(1, worker=True), start("c"))
    run = course(main, alive, dead)
    assert (running(run), run.died, run.unfinished[0].exit_code) == (["c"], -9, -9)
    assert not run.complete


def test_a_fixture_is_unfinished_only_if_nothing_started_after_it() -> None:
    fixture = start("setUpClass", fixture=True)
    assert running(course((process(), begin(2), *ran("a"), fixture))) == ["setUpClass"]
    assert running(course((process(), begin(2), fixture, start("b")))) == ["b"]


def test_a_test_that_will_be_run_again_has_not_run_yet() -> None:
    again = (start("a"), stop("a", rerun=True))
    assert course((process(), begin(1), *again)).ran == 0
    assert course((process(), begin(1), *again, *ran("a"), end())).ran == 1


def test_a_plan_that_grows_counts_once() -> None:
    run = course((process(), begin(2), begin(3), *ran("a", "b", "c"), end()))
    assert (run.planned, run.complete) == (3, True)


def test_a_record_without_its_first_line_was_changed() -> None:
    assert not course((*ran("a"), end(ran=1))).intact


def test_processes_without_tests_record_no_run() -> None:
    record = ProcessRecord()
    record.take(process())
    assert recorded_run([record]) is None
