"""Packed tests are the same tests, wherever they are looked at."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.analysis.baseline import compare
from heroci_action.analysis.slowest import slowest_tests
from heroci_action.errors import UsageError
from heroci_action.reports import junit
from heroci_action.results import packed as packing
from heroci_action.results.packed import expand_or_pack, pack, unpack, without
from heroci_action.results.records import PassedTests, Result, Status, TestCase
from heroci_action.results.serialise import dump, load
from tests.unit.builders import case, run, run_of, stage, step
from tests.unit.result_strategies import lines, names, optional_texts, texts

plain = st.builds(
    TestCase,
    name=texts,
    classname=texts,
    duration=st.integers(0, 10**10).map(lambda micros: micros / 1_000_000),
    file=optional_texts,
    line=lines,
)
BAD, GOOD = Status.FAILED, Status.PASSED


def packed(*tests: TestCase) -> PassedTests:
    made = pack(tests)
    assert made
    return made


@given(st.lists(plain, min_size=1, max_size=30))
def test_what_was_packed_comes_out_as_it_was(tests: list[TestCase]) -> None:
    assert list(unpack(packed(*tests))) == tests
    assert [name for name, _ in packing.names(packed(*tests))] == [test.id for test in tests]


@given(st.lists(plain, min_size=1, max_size=20), st.sets(st.integers(0, 19)))
def test_tests_are_taken_out_by_their_rows(tests: list[TestCase], rows: set[int]) -> None:
    packet = packed(*tests)
    rest = [test for row, test in enumerate(tests) if row not in rows]

    assert list(unpack(without(packet, rows) or PassedTests())) == rest
    assert list(unpack(packet, rows)) == [test for row, test in enumerate(tests) if row in rows]


def test_blocks_end_and_the_slowest_of_all_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "BLOCK", 7)
    tests = [case(f"t{n}", duration=n * 37 % 101 / 1000) for n in range(100)]
    packet = packed(*tests)

    assert len(packet.blocks) == 15
    assert list(unpack(packet)) == tests
    slowest = sorted(tests, key=lambda test: -test.duration)
    assert list(packet.slowest) == slowest[: packing.SLOWEST]
    assert packet.duration == pytest.approx(sum(test.duration for test in tests))


def block(text: object) -> str:
    return b64encode(zlib.compress(json.dumps(text).encode())).decode()


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "AAAA",
        "!",
        packed(case("a")).blocks[0][:-9],
        *map(
            block,
            (
                {},
                [],
                7,
                [[0], [1], None],
                [[0], [1, 2], None, ["a"]],
                [[1], [1], None, ["a"]],
                [[-1], [1], None, ["a"]],
                [[0], ["1"], None, ["a"]],
                [[0], [1], ["x"], ["a"]],
                [[0], [1], None, [5]],
                [[0, 0], [1, 1], None, ["a", "b"]],
            ),
        ),
    ],
)
def test_a_packet_that_nobody_packed_is_refused(damaged: str) -> None:
    packet = replace(packed(case("a")), blocks=(damaged,))

    with pytest.raises(ValueError, match="packed tests"):
        packing.check(packet)
    with pytest.raises(UsageError, match="damaged"):
        load(dump(run(stage("tests", step(passed=packet)))))


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LARGEST", 100)

    with pytest.raises(ValueError, match="damaged"):
        packing.check(packed(case("a" * 1_000)))


def suite_of(passed: PassedTests | None, *tests: TestCase) -> list[dict[str, str]]:
    result = run(stage("tests", step("s", tests=tests, passed=passed)))
    root = ET.fromstring(junit.render(result))
    return [root.attrib, *(one.attrib for one in root.iter() if one.tag != "testsuites")]


@given(st.lists(plain, min_size=1, max_size=8))
def test_junit_has_the_same_of_packed_tests(tests: list[TestCase]) -> None:
    assert suite_of(packed(*tests)) == suite_of(None, *tests)


def test_very_many_keys_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    column = packing.keys(packed(*(case(f"t{number}") for number in (1, 2, 3, 3))))
    for together in (1, 2, 100):
        monkeypatch.setattr(packing, "MAX_SET", together)
        monkeypatch.setattr(packing, "PART", together)
        assert packing.repeated(column) == {column[2]}


def test_above_the_limit_passed_tests_are_packed_and_below_it_they_are_listed() -> None:
    result = run_of(case("a"), case("b", output="said"), case("c", BAD), case("d"))

    above, below = expand_or_pack(result, 2), expand_or_pack(expand_or_pack(result, 2), 3)

    ((only,),) = (one.steps for one in above.stages)
    assert [test.name for test in only.tests] == ["b", "c"]
    assert only.passed
    assert only.passed.count == 2
    assert above.counts == result.counts
    assert [test.name for test in below.tests] == ["b", "c", "a", "d"]
    assert load(dump(above)) == above


def test_a_comparison_is_the_same_with_a_packed_baseline() -> None:
    now = run_of(
        *(case(f"t{n}", duration=9.0 if n == 5 else 0.1) for n in range(40)), case("x", BAD)
    )
    before = run_of(*(case(f"t{n}", duration=0.1) for n in range(1, 42)), case("x"))

    def apart(result: Result) -> Result:
        return expand_or_pack(result, 0)

    expected = compare(now, before)
    found = compare(apart(now), apart(before))

    assert (expected.new, expected.added_names, expected.removed) == (
        ("pkg.Tests.x",),
        ("pkg.Tests.t0",),
        2,
    )
    assert [one.id for one in expected.slower] == ["pkg.Tests.t5"]
    assert found == expected
    assert compare(now, apart(before)) == compare(apart(now), before) == expected


def test_the_slowest_are_found_among_packed_and_listed_tests() -> None:
    tests = [case(f"t{n}", duration=float(n)) for n in range(60)]
    result = run_of(*tests[::2])
    mixed = replace(
        result, stages=(stage("s", step(tests=tuple(tests[::2]), passed=pack(tests[1::2]))),)
    )

    assert slowest_tests(mixed, 10) == tests[:-11:-1]


def test_nothing_is_packed_to_nothing() -> None:
    assert pack(()) is None
    assert without(packed(case("a")), {0}) is None


@given(names)
def test_any_name_can_be_packed(name: str) -> None:
    assert next(unpack(packed(case(name)))).name == name
