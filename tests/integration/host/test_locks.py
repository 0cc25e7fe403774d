"""A lock that another run holds is waited for, announced, and given up in the end."""

from __future__ import annotations

import os
import re
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.host import locks
from heroci_action.engines.host.locks import lock
from heroci_action.errors import EngineError


@pytest.mark.promise(
    "another run holds the lock of the environment",
    "its process is named, and the wait is given up after ten minutes with exit code 3",
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

    with pytest.raises(EngineError) as caught:
        anyio.run(wait_for_it)
    holder = rf"process {os.getpid()}, started .+ ago in {Path.cwd()}"
    (sentence,) = said
    assert re.fullmatch(f"waiting for {holder}, which holds the lock {path}", sentence)
    assert re.match(f"{holder} has held the lock '{path}' for ", caught.value.cause)
    assert caught.value.remedy


def test_a_lock_is_announced_although_the_system_does_not_tell_who_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LOCKS", tmp_path / "missing")
    monkeypatch.setattr(locks, "GIVE_UP_AFTER", 0.2)

    async def wait_for_it() -> None:
        with await lock(tmp_path / "lock"):
            await lock(tmp_path / "lock")

    with pytest.raises(EngineError, match=r"^another run has held the lock"):
        anyio.run(wait_for_it)


def test_a_lock_is_free_again_once_its_holder_has_ended(tmp_path: Path) -> None:
    async def take_it_twice() -> None:
        for _ in range(2):
            with await lock(tmp_path / "lock"):
                pass

    anyio.run(take_it_twice)
