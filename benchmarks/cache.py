"""(h) The result cache: the keys in a large repository, and a plan looked up in a large store, against `git status`.

    python -m benchmarks.cache [--files N] [--entries N] [--rounds N]

The repository is a clean checkout of the reference project with 100,000 further files. The store has 10,000 entries and
those of the plan, each with 1,000 lines of output.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.plan import fill
from benchmarks.runs import Workplace, timed
from benchmarks.tables import Table, parser, publish, rows_of
from heroci_action.cache.content import read_content
from heroci_action.cache.entry import Entry, StepRecord
from heroci_action.cache.keys import Inputs, stage_keys
from heroci_action.cache.store import Store
from heroci_action.engines.base import StepOutcome, Stream
from heroci_action.plan.actions import Command
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.results.provenance import Origin

AIMS = {"keys": 1.0, "lookup": 0.05}
"""Seconds."""
PLAN = Plan(
    project="shop",
    stages=tuple(
        Stage(name=name, steps=(Step(name="only", action=Command(line=name)),))
        for name in BUILT_IN_STAGES
    ),
)


def main() -> None:
    """Measure and print the table."""
    made = parser(__doc__)
    made.add_argument("--files", type=int, default=100_000)
    made.add_argument("--entries", type=int, default=10_000)
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Workplace(directory=Path(scratch))
        place.check_out()
        fill(place.project / "assets", options.files)
        place.commit()
        store = Store(cache=place.cache, size=1 << 40)
        _store(store, options.entries)
        rounds = [_round(place, store) for _ in range(options.rounds)]
    title = f"Result cache with {options.files:,} files and {options.entries:,} entries"
    note = f"The aims are seconds: keys {AIMS['keys']:g}, lookup {AIMS['lookup']:g}.\n"
    rows = rows_of(rounds, "git status")
    publish(Table(title=title, reference="git status", rows=rows, note=note), options)


def _round(place: Workplace, store: Store) -> dict[str, float]:
    root, status = place.project, ("git", "status", "--porcelain")
    keys = _keys(root, store)
    for key in keys:
        store.save(key, _entry(root))
    found = {
        "git status": timed(status, place.environment, place.directory / "log", root),
        "keys": _seconds(lambda: _keys(root, store)),
        "lookup": _seconds(lambda: [store.find(key, root, 1e9) for key in keys]),
    }
    if None in [store.find(key, root, 1e9) for key in keys]:
        raise SystemExit("an entry was not found")
    return found


def _keys(root: Path, store: Store) -> tuple[str, ...]:
    content = read_content(root).whole
    inputs = Inputs(content=content, facts={}, machine={}, salt=store.salt())
    return tuple(stage_keys(PLAN, inputs).values())


def _store(store: Store, entries: int) -> None:
    for number in range(entries):
        store.save(f"{number * 7919 % 256:02x}{number:062x}", _entry(Path("/shop")))


def _entry(root: Path) -> Entry:
    step = StepRecord(outcome=StepOutcome(exit_code=0))
    step.lines += [(Stream.STDOUT, f"line {number}") for number in range(1_000)]
    origin = Origin(started_at="2026-01-01T00:00:00+00:00")
    return Entry(origin=origin, root=str(root), created=time.time(), steps={"only": step})


def _seconds(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


if __name__ == "__main__":
    main()
