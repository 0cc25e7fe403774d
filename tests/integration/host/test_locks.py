"""A lock that another run holds is waited for, announced, and given up in the end."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from heroci_action.engines.host import locks
from heroci_action.engines.host.locks import lock
from heroci_action.errors import EngineError


@pytest.mark.promise(
    "another run holds the lock of the environment",
    "this is announced, and given up after ten minutes with exit code 3",
)
def test_a_lock_that_another_run_holds_is_announced_and_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "ANNOUNCE_AFTER", 0.2)
    monkeypatch.setattr(locks, "GIVE_UP_AFTER", 0.4)
    path = tmp_path / "lock"
    said: list[str] = []

    async def wait_for_it() -> None:
        with await lock(path):
            await lock(path, announce=said.append)

    with pytest.raises(EngineError, match="another run has held the lock") as caught:
        anyio.run(wait_for_it)
    assert said == [f"waiting for another run, which holds the lock {path}"]
    assert caught.value.remedy


def test_a_lock_is_free_again_once_its_holder_has_ended(tmp_path: Path) -> None:
    async def take_it_twice() -> None:
        for _ in range(2):
            with await lock(tmp_path / "lock"):
                pass

    anyio.run(take_it_twice)
