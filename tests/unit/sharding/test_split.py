"""Every test is in exactly one shard, and shards are balanced."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from heroci_action.analysis.times import times
from heroci_action.probes.heroci_sharding import Part, split
from heroci_action.results.packed import pack
from tests.unit.builders import case, run, stage, step

NAMES = st.text(max_size=12)
UNITS = st.dictionaries(NAMES, st.integers(1, 50), max_size=30)
TIMES = st.dictionaries(
    NAMES, st.tuples(st.floats(0, 1e6, allow_nan=False), st.integers(1, 100)), max_size=30
)
TOTALS = st.integers(1, 12)
Known = dict[str, tuple[float, int]]


@given(units=UNITS, total=TOTALS, known=TIMES)
def test_every_test_is_in_exactly_one_shard(
    units: dict[str, int], total: int, known: Known
) -> None:
    tests = [unit for unit, number in units.items() for _ in range(number)]
    ran: Counter[str] = Counter()
    for number in range(1, total + 1):
        mine, event = Part(number, total, known).choose(tests)
        chosen = [unit for unit in tests if unit in mine]
        assert (event["tests"], event["of"]) == (len(chosen), len(tests))
        ran.update(chosen)
    assert ran == Counter(units)


@given(units=UNITS, total=TOTALS, known=TIMES, data=st.data())
def test_split_does_not_depend_on_the_order_of_tests(
    units: dict[str, int], total: int, known: Known, data: st.DataObject
) -> None:
    names, timed = data.draw(st.permutations([*units])), data.draw(st.permutations([*known]))
    shuffled = split({name: units[name] for name in names}, total, {k: known[k] for k in timed})
    assert shuffled == split(units, total, known)


@given(units=UNITS, total=TOTALS)
def test_shards_without_times_differ_by_at_most_one_class(
    units: dict[str, int], total: int
) -> None:
    loads = Counter(dict.fromkeys(range(1, total + 1), 0))
    for unit, number in split(units, total, {}).items():
        loads[number] += units[unit]
    largest = max(units.values(), default=0)
    assert max(loads.values()) - min(loads.values()) <= largest


@given(units=UNITS, total=TOTALS, known=TIMES, data=st.data())
def test_different_splits_have_different_fingerprints(
    units: dict[str, int], total: int, known: Known, data: st.DataObject
) -> None:
    other = data.draw(TIMES)
    first = Part(1, total, known).choose(units)[1]["split"]
    second = Part(total, total, other).choose(units)[1]["split"]
    same = split(dict.fromkeys(units, 1), total, known) == split(
        dict.fromkeys(units, 1), total, other
    )
    assert (first == second) == same


def test_largest_class_is_assigned_first_without_times() -> None:
    placed = split({"a": 1, "b": 1, "c": 2}, 2, {})
    assert placed["a"] == placed["b"] != placed["c"]


def test_times_balance_the_shards() -> None:
    units = {"slow": 1, **{f"quick{n}": 10 for n in range(8)}}
    known = {"slow": (8.0, 1), **{f"quick{n}": (1.0, 10) for n in range(8)}}
    placed = split(units, 2, known)
    assert [unit for unit in units if placed[unit] == placed["slow"]] == ["slow"]


def test_new_class_is_estimated_by_the_average_test() -> None:
    placed = split({"old": 10, "other": 9, "new": 20}, 2, {"old": (10.0, 10), "other": (9.0, 9)})
    assert placed["old"] == placed["other"] != placed["new"]


def test_grown_class_is_estimated_longer() -> None:
    known = {"a": (10.0, 10), "b": (9.0, 9), "c": (8.0, 8), "d": (7.0, 7)}
    placed = split({"a": 30, "b": 9, "c": 8, "d": 7}, 2, known)
    assert [unit for unit in placed if placed[unit] == placed["a"]] == ["a"]


def test_shrunk_class_is_estimated_shorter() -> None:
    known = {"a": (100.0, 10), "b": (6.0, 6), "c": (5.0, 5), "d": (4.0, 4)}
    placed = split({"a": 1, "b": 6, "c": 5, "d": 4}, 2, known)
    assert placed["a"] == placed["d"] != placed["b"] == placed["c"]


def test_more_shards_than_classes_leave_some_empty() -> None:
    mine, event = Part(3, 3, {}).choose(["a.A", "a.A", "a.B"])
    assert not mine
    assert (event["shard"], event["tests"], event["of"]) == ("3/3", 0, 3)


def test_times_of_a_baseline_include_packed_tests() -> None:
    listed = [case("a", classname="x.A", duration=1.0), case("b", classname="x.A", duration=0.5)]
    packed = pack([case("c", classname="x.A", duration=0.5), case("d", classname="", duration=2.0)])
    result = run(stage("tests", step(tests=tuple(listed), passed=packed)))
    assert times(result) == {"x.A": (2.0, 3), "d": (2.0, 1)}
