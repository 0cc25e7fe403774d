"""Work is distributed over several processes, and no result is lost silently."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from heroci_action import process_pool
from heroci_action.process_pool import MIN_WEIGHT, LostError, spread

HEAVY = [MIN_WEIGHT] * 6


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_pool, "_processors", lambda: 2)


def test_results_of_other_processes_keep_the_order_of_the_items() -> None:
    made = spread(lambda item: (item * 2, os.getpid()), range(6), HEAVY)

    numbers, pids = zip(*made, strict=True)
    assert numbers == (0, 2, 4, 6, 8, 10)
    assert os.getpid() not in pids
    assert spread(lambda item: hash(f"t{item}"), range(6), HEAVY) == [
        hash(f"t{item}") for item in range(6)
    ]


def test_idle_process_takes_the_next_item() -> None:
    def work(item: int) -> int:
        time.sleep(0.5 if item == 0 else 0.01)
        return os.getpid()

    pids = spread(work, range(6), HEAVY)

    assert pids.count(pids[0]) == 1


def test_very_many_items_are_all_worked_on() -> None:
    assert spread(lambda item: item, range(7_777), [MIN_WEIGHT] * 7_777) == list(range(7_777))


@pytest.mark.parametrize("weights", [[1] * 6, [0] * 6])
def test_light_work_is_done_here(weights: list[int]) -> None:
    assert set(spread(lambda _: os.getpid(), range(6), weights)) == {os.getpid()}


def test_beside_other_threads_nothing_is_forked() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert set(spread(lambda _: os.getpid(), range(6), HEAVY)) == {os.getpid()}
    finally:
        done.set()
        thread.join()


def test_what_a_process_did_not_come_to_is_lost_and_the_rest_is_there() -> None:
    def work(item: int) -> int:
        if item == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    made = spread(work, range(6), HEAVY)

    lost = [one for one in made if isinstance(one, LostError)]
    assert isinstance(made[3], LostError)
    assert str(made[3]) == "its process ended with signal 9"
    assert lost == [made[3]]
    assert all(one == item for item, one in enumerate(made) if not isinstance(one, LostError))


def test_what_the_work_raises_is_raised_with_its_traceback() -> None:
    def work(item: int) -> int:
        return 1 // (item - 2)

    with pytest.raises(RuntimeError, match=r"test_process_pool\.py(?s:.*)ZeroDivisionError"):
        spread(work, range(6), HEAVY)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
