"""Work is done in several processes, and nothing of it is lost silently."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from heroci_action import process_pool
from heroci_action.process_pool import WORTHWHILE, LostError, spread

HEAVY = [WORTHWHILE] * 6


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_pool, "_processors", lambda: 2)


def children() -> set[str]:
    """Return the ids of this process's children, zombies included (proc_pid_stat(5))."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            _, parent, *_ = path.read_text().rpartition(")")[2].split()
            found |= {path.parent.name} if parent == str(os.getpid()) else set()
    return found


def test_results_of_other_processes_come_back_in_the_order_of_the_items() -> None:
    made = spread(lambda item: (item * 2, os.getpid()), range(6), HEAVY)

    numbers, pids = zip(*made, strict=True)
    assert numbers == (0, 2, 4, 6, 8, 10)
    assert os.getpid() not in pids
    assert spread(lambda item: hash(f"t{item}"), range(6), HEAVY) == [
        hash(f"t{item}") for item in range(6)
    ]


def test_a_process_that_is_done_takes_the_next_item() -> None:
    def work(item: int) -> int:
        time.sleep(0.5 if item == 0 else 0.01)
        return os.getpid()

    pids = spread(work, range(6), HEAVY)

    assert pids.count(pids[0]) == 1


def test_very_many_items_are_all_worked_on() -> None:
    assert spread(lambda item: item, range(7_777), [WORTHWHILE] * 7_777) == list(range(7_777))


@pytest.mark.parametrize("weights", [[1] * 6, [0] * 6])
def test_light_work_is_done_in_this_process(weights: list[int]) -> None:
    assert set(spread(lambda _: os.getpid(), range(6), weights)) == {os.getpid()}


def test_nothing_is_forked_while_other_threads_run() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert set(spread(lambda _: os.getpid(), range(6), HEAVY)) == {os.getpid()}
    finally:
        done.set()
        thread.join()


def test_only_the_item_whose_process_ended_is_lost() -> None:
    def work(item: int) -> int:
        if item == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    made = spread(work, range(6), HEAVY)

    lost = [one for one in made if isinstance(one, LostError)]
    assert isinstance(made[3], LostError)
    assert str(made[3]) == "the process that worked on it ended abruptly"
    assert lost == [made[3]]
    assert all(one == item for item, one in enumerate(made) if not isinstance(one, LostError))


def test_exceptions_of_the_work_are_raised_with_their_traceback() -> None:
    def work(item: int) -> int:
        return 1 // (item - 2)

    # Other tests of this process may have children that live on.
    before = children()
    with pytest.raises(ZeroDivisionError) as caught:
        spread(work, range(6), HEAVY)
    assert "test_process_pool.py" in str(caught.value.__cause__)
    assert children() <= before
