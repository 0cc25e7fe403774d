"""What is new, known, fixed, added, removed or slower."""

from __future__ import annotations

import random
from dataclasses import replace

from heroci_action.analysis.baseline import compare, known_since, slower
from heroci_action.results.coverage import Coverage, FileCoverage
from heroci_action.results.differences import FailureAge
from heroci_action.results.records import Result, Status
from tests.unit.builders import case, finding, run, run_of, stage, step

BAD = Status.FAILED


def at(result: Result, day: int, commit: str | None = None) -> Result:
    return replace(result, started_at=f"2026-01-{day:02}T00:00:00+00:00", commit=commit)


def test_failures_are_new_known_or_fixed() -> None:
    before = run_of(case("known", BAD), case("fixed", Status.ERRORED), case("new"))
    now = run_of(case("known", Status.ERRORED), case("fixed"), case("new", BAD))

    found = compare(now, before)

    assert found.new == ("pkg.Tests.new",)
    assert [age.id for age in found.known] == ["pkg.Tests.known"]
    assert found.fixed == ("pkg.Tests.fixed",)
    assert (found.added, found.removed) == (0, 0)
    assert found.counts == before.counts


def test_a_failing_test_that_is_new_is_a_new_failure() -> None:
    assert compare(run_of(case("a", BAD)), run_of()).new == ("pkg.Tests.a",)


def test_what_is_skipped_or_flaky_now_is_not_fixed() -> None:
    before = run_of(case("a", BAD), case("b", BAD), case("c", BAD))
    now = run_of(case("a", Status.SKIPPED), case("b", Status.FLAKY))

    assert compare(now, before).fixed == ()


def test_added_and_removed_tests_are_counted_and_named() -> None:
    found = compare(run_of(case("a"), case("b")), run_of(case("a"), case("c"), case("d")))

    assert (found.added, found.added_names) == (1, ("pkg.Tests.b",))
    assert (found.removed, found.removed_names) == (2, ("pkg.Tests.c", "pkg.Tests.d"))


def test_a_test_is_the_same_one_in_another_file() -> None:
    found = compare(run_of(case("a", BAD, file="new.py")), run_of(case("a", BAD, file="old.py")))

    assert (found.new, found.added, len(found.known)) == ((), 0, 1)


def test_the_age_of_a_failure_goes_back_to_where_it_began() -> None:
    first = at(run_of(case("a", BAD)), 1, "c1")
    second = at(run_of(case("a", BAD)), 2, "c2")
    second = replace(second, comparison=compare(second, first))
    third = at(run_of(case("a", BAD)), 3, "c3")

    (age,) = compare(third, second).known

    assert age == FailureAge(id="pkg.Tests.a", runs=3, since=first.started_at, commit="c1")
    assert known_since(age) == "failing since 2026-01-01 (commit c1), 3 runs in a row"


def test_a_fixed_test_that_fails_again_is_new() -> None:
    first = run_of(case("a", BAD))
    second = replace(run_of(case("a")), comparison=compare(run_of(case("a")), first))

    assert compare(run_of(case("a", BAD)), second).new == ("pkg.Tests.a",)


def test_another_outcome_at_the_same_commit_is_unstable() -> None:
    before, now = at(run_of(case("a", BAD)), 1, "c"), at(run_of(case("a")), 2, "c")

    assert compare(now, before).unstable == ("pkg.Tests.a",)
    assert compare(before, now).unstable == ("pkg.Tests.a",)
    assert compare(now, before, clean=False).unstable == ()
    assert compare(replace(now, commit="d"), before).unstable == ()
    assert compare(replace(now, commit=None), replace(before, commit=None)).unstable == ()


def test_findings_are_new_by_what_they_say_and_not_by_their_line() -> None:
    old = finding("m", file="a.py", line=3, rule="E1")
    moved, again = replace(old, line=9), replace(old, line=12)
    before = run(stage("lint", step("flake8", diagnostics=(old,))))
    now = run(stage("lint", step("flake8", diagnostics=(moved, again))))

    assert compare(now, before).new_findings == (again,)


def test_files_whose_coverage_moved_are_told() -> None:
    def covered(*files: FileCoverage) -> Result:
        return run(coverage=Coverage(files=files))

    same = FileCoverage(path="same.py", covered=(1,))
    before = covered(FileCoverage(path="a.py", covered=(1, 2), missing=(3, 4)), same)
    now = covered(FileCoverage(path="a.py", covered=(1,), missing=(2, 3, 4)), same)

    found = compare(now, before)

    assert found.coverage_files == {"a.py": 50.0}
    assert found.coverage == 60.0


def noisy(seed: int, factor: float = 1.0, noise: float = 0.2) -> dict[str, float]:
    """400 tests of 0.01 to 2 seconds on a machine `factor` times as slow, each up to `noise` off."""
    base = random.Random(1)  # noqa: S311  the same noise in every run
    jitter = random.Random(seed)  # noqa: S311
    return {
        f"t{number}": base.uniform(0.01, 2) * factor * (1 + jitter.uniform(-noise, noise))
        for number in range(400)
    }


def both(before: dict[str, float], now: dict[str, float]) -> list[tuple[str, float, float]]:
    return [(name, seconds, now[name]) for name, seconds in before.items()]


def test_noise_and_a_slow_machine_make_no_test_slower() -> None:
    for seed in range(20):
        assert slower(both(noisy(seed), noisy(100 + seed, factor=3.0))) == ()


def test_a_test_that_got_slower_is_found_on_a_slow_machine() -> None:
    now = noisy(7, factor=2.0) | {"t3": noisy(7, factor=2.0)["t3"] * 4}

    (found,) = slower(both(noisy(8), now))

    assert found.id == "t3"
    assert found.after > 3 * found.before


def test_a_few_milliseconds_are_never_slower() -> None:
    assert slower([("a", 0.001, 0.09)]) == ()


def test_times_of_zero_are_no_harm() -> None:
    assert slower([("a", 5.0, 0.0), ("b", 0.0, 5.0)]) == ()
    assert slower([]) == ()


def test_a_shard_removes_nothing_and_loses_no_coverage() -> None:
    coverage = Coverage(files=(FileCoverage(path="a.py", covered=(1, 2)),))
    part = Coverage(files=(FileCoverage(path="a.py", covered=(1,), missing=(2,)),))
    before = replace(run_of(case("a"), case("b", Status.FAILED)), coverage=coverage)
    found = compare(replace(run_of(case("a")), coverage=part, shard="1/2"), before)
    assert (found.removed, found.removed_names, found.coverage) == (0, (), None)
    assert not found.coverage_files


def test_one_more_failure_among_tests_of_one_name_is_new() -> None:
    known, passed = case("a", BAD), case("a")

    assert compare(run_of(known, known), run_of(known, passed)).new == (known.id,)
    assert compare(run_of(known, passed), run_of(known, passed)).new == ()
    assert [age.id for age in compare(run_of(known), run_of(known, known)).known] == [known.id]
