"""What comes out of the store, and what does not."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from heroci_action.cache.entry import Entry, StepRecord
from heroci_action.cache.store import Store
from heroci_action.engines.base import ReportFile, StepOutcome, Stream
from heroci_action.plan.report_kinds import JUNIT, Report
from heroci_action.results.provenance import Origin

KEY = "ab" * 32
SHOP = Path("/home/a/shop")
ASKED = (Report(kind=JUNIT, path="junit.xml"),)


def entry(*, age: float = 0.0) -> Entry:
    return Entry(
        origin=Origin(started_at="2026-01-01T00:00:00+00:00", commit="1a2b", url="https://x/1"),
        root=str(SHOP),
        created=time.time() - age,
        duration=3.0,
        warnings=("PostgreSQL 16 is used",),
        steps={
            "tests": StepRecord(
                lines=[(Stream.STDERR, "/home/a/shop/a.py, /home/a/shop2, \udcff")],
                outcome=StepOutcome(exit_code=0, facts={"log": "/home/a/shop/log"}),
                duration=2.0,
                reports={
                    ASKED: (ReportFile(kind=JUNIT, path="a", content=b"/home/a/shop/b.py\xff"),)
                },
            )
        },
    )


def add(store: Store, key: str = KEY, *, age: float = 0.0) -> Path:
    """Store an entry and return its file."""
    store.save(key, entry(age=age))
    return store.directory / key[:2] / key


def test_an_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Store(cache=tmp_path)
    add(store)
    found = store.find(KEY, SHOP, 60)
    assert found is not None
    assert replace(found, created=0.0) == replace(entry(), created=0.0)


def test_an_entry_of_another_clone_has_the_paths_of_this_one(tmp_path: Path) -> None:
    store = Store(cache=tmp_path)
    add(store)
    found = store.find(KEY, tmp_path, 60)
    assert found is not None
    step = found.steps["tests"]
    assert step.lines == [(Stream.STDERR, f"{tmp_path}/a.py, /home/a/shop2, \udcff")]
    assert step.reports[ASKED][0].content == f"{tmp_path}/b.py".encode() + b"\xff"
    assert step.outcome is not None
    assert step.outcome.facts == {"log": f"{tmp_path}/log"}


@pytest.mark.parametrize("age", [61.0, -60.0])
def test_an_entry_that_is_too_old_or_of_the_future_is_a_miss(tmp_path: Path, age: float) -> None:
    store = Store(cache=tmp_path)
    add(store, age=age)
    assert store.find(KEY, SHOP, 60) is None


def test_a_damaged_entry_is_a_miss(tmp_path: Path) -> None:
    store = Store(cache=tmp_path)
    file = add(store)
    whole = file.read_bytes()
    half = len(whole) // 2
    flipped = whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]
    for damaged in (b"", whole[:-1], whole[:40], flipped, b"\0" + whole):
        file.write_bytes(damaged)
        assert store.find(KEY, SHOP, 60) is None


def test_the_entries_used_last_are_kept(tmp_path: Path) -> None:
    keys = [f"{number:02}" * 32 for number in range(3)]
    files = [add(Store(cache=tmp_path), key) for key in keys]
    for number, file in enumerate(files):
        os.utime(file, (number, number))
    store = Store(cache=tmp_path, size=2 * max(file.stat().st_size for file in files))
    store.find(keys[0], SHOP, 60)
    store.prune()
    assert [file.exists() for file in files] == [True, False, True]


def test_clearing_removes_every_entry_and_keeps_the_salt(tmp_path: Path) -> None:
    store = Store(cache=tmp_path)
    salt = store.salt()
    add(store)
    assert "1 stored" in store.describe()
    assert store.clear() == 1
    assert "0 stored, 0 B" in store.describe()
    assert store.salt() == salt
    assert stat.S_IMODE((store.directory / "salt").stat().st_mode) == 0o600
