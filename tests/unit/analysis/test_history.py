from __future__ import annotations

import re
from dataclasses import replace

from heroci_action.analysis.history import (
    FAILED,
    LONGEST_NAME,
    RUNS,
    SLOWEST,
    extend_history,
    flipping_tests,
    sparkline,
    whole_history,
)
from heroci_action.reports.html import render as render_page
from heroci_action.reports.summary import render
from heroci_action.results.coverage import Coverage
from heroci_action.results.records import Result, Status
from heroci_action.results.serialise import dump, load
from tests.unit.builders import case, failures, run, run_of, stage


def after(*runs: Result) -> Result:
    """Return the last run with the history of the others."""
    history = runs[0]
    for now in runs[1:]:
        history = replace(now, history=extend_history(history))
    return history


def test_the_history_is_bounded_in_runs_and_names() -> None:
    slow = [case(f"slow_{number}", duration=1.0 + number) for number in range(100)]
    flaky = [case(f"flaky_{number}", Status.FLAKY) for number in range(100)]
    endless = case("x" * 10_000, duration=1_000.0)
    long = case("y" * 10_000, Status.FAILED)
    many = after(*[run_of(long, *failures(200, causes=1), *slow, *flaky, endless)] * 30)

    assert len(many.history) == RUNS
    assert all(len(past.failed) == len(past.flaky) == FAILED for past in many.history)
    assert all(len(name) <= LONGEST_NAME for past in many.history for name in past.failed)
    assert all(len(past.slowest) == SLOWEST - 1 for past in many.history)
    assert load(dump(many)) == many


def test_a_test_that_flips_is_named_and_one_that_broke_once_is_not() -> None:
    good, bad = case("flips"), case("flips", Status.FAILED)
    broke = case("broke", Status.FAILED)

    last = after(run_of(bad), run_of(good), run_of(bad, broke), run_of(good, broke))

    assert flipping_tests(whole_history(last)) == ("pkg.Tests.flips",)
    page = render(last)
    assert "<b>History</b>" in page
    assert "The last 4 runs, the oldest first: ❌✅❌❌" in page
    assert "| `pkg.Tests.flips` | ❌✅❌✅ |" in page


def test_a_mended_test_does_not_flip_unless_nothing_was_changed() -> None:
    good, bad = run_of(case("mended")), run_of(case("mended", Status.FAILED))
    assert flipping_tests(whole_history(after(good, bad, bad, good, good))) == ()
    assert flipping_tests(whole_history(after(bad, good))) == ()

    same = [replace(each, commit="abc") for each in (bad, good)]
    assert flipping_tests(whole_history(after(good, *same))) == ("pkg.Tests.mended",)


def test_slow_tests_show_their_times_of_the_last_runs() -> None:
    runs = [run_of(case("slow", duration=time), case("fast", duration=0.01)) for time in (1, 2, 4)]

    last = after(*runs)

    assert "| 4.0\u00a0s | ▁▃█ | `pkg.Tests.slow` |" in render(last)
    page = render_page(last, sources={}).decode()
    assert "<td>▁▃█</td><td><code>pkg.Tests.slow</code></td>" in page
    assert "pkg.Tests.fast" not in page


def test_each_sparkline_has_its_last_value_and_its_range() -> None:
    runs = [
        replace(run(stage("tests", duration=time), coverage=Coverage()), duration=time)
        for time in (2.0, 8.0, 4.0)
    ]
    last = after(*runs, replace(run(stage("lint", duration=1.0)), duration=1.5))

    text = render(last).replace("\u00a0", " ")
    assert "| duration | ▂█▄▁ | 1.5 s | 1.5 s to 8.0 s |" in text
    assert "| stage tests | ▁█▃ | | 2.0 s to 8.0 s |" in re.sub(r"\| +\|", "| |", text)
    assert '<td class="n">1.5 s to 8.0 s</td>' in render_page(last, sources={}).decode()


def test_a_test_that_is_often_flaky_is_named_with_its_outcomes() -> None:
    good, flaky = run_of(case("t")), run_of(case("t", Status.FLAKY))

    last = after(flaky, good, flaky, good)

    assert "| `pkg.Tests.t` | 🔀✅🔀✅ |" in render(last)
    page = render_page(last, sources={}).decode()
    assert "<td><code>pkg.Tests.t</code></td><td>🔀✅🔀✅</td>" in page
    assert '<h2 id="history">History</h2>' not in render_page(good, sources={}).decode()


def test_a_partial_run_is_no_part_of_the_history() -> None:
    partial = replace(run_of(case("a")), partial="only what failed")

    assert extend_history(partial) == ()


def test_a_sparkline_has_a_block_for_each_known_value() -> None:
    assert sparkline([1.0, None, 2.0, 8.0]) == "▁▂█"
    assert sparkline([1.0, 1.0]) == "▁▁"
    assert sparkline([1.0, None]) == ""
