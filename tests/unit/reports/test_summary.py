from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.analysis.baseline import compare
from heroci_action.analysis.gates import judge
from heroci_action.github.environment import MAX_SUMMARY as LIMIT
from heroci_action.options import Gates
from heroci_action.reports.coverage_section import ranges
from heroci_action.reports.links import CodeLinks
from heroci_action.reports.summary import SMALLEST, render
from heroci_action.results.coverage import ChangedLines, Coverage, FileCoverage
from heroci_action.results.provenance import LeftOutLine
from heroci_action.results.records import Attempt, FixtureTimes, Result, Status, TestCase
from tests.unit.builders import case, failures, finding, run, run_of, stage, step
from tests.unit.reports.test_markdown import Page
from tests.unit.result_strategies import results

TAGS = set(
    "h1 h2 p strong code table thead tbody tr th td details summary b pre ul li".split()  # noqa: SIM905
)


def lines(result: Result) -> list[str]:
    return render(result).splitlines()


def counted(page: str) -> int:
    """Return how many failed tests a page accounts for, by name or in a count."""
    section = page[page.index(" failed tests") :]
    named = len(set(re.findall(r"test_\d{5}", section)))
    more = re.findall(r"… and ([\d,]+) more tests? (?:of|with the same failure)", section)
    return named + sum(int(number.replace(",", "")) for number in more)


@given(results)
def test_no_result_makes_markup_of_its_own(result: Result) -> None:
    page = Page(render(result))

    assert set(page.tags) <= TAGS
    assert not page.comments
    assert page.tags.count("details") == page.tags.count("summary")


@given(results, st.integers(0, 2 * SMALLEST))
def test_a_page_is_always_within_its_bytes(result: Result, budget: int) -> None:
    assert len(render(result, budget=budget).encode()) < max(budget, 1)


def test_the_verdict_comes_first() -> None:
    assert lines(run(stage("base", step())))[0] == "# ✅ project: passed in 10 s"
    failed = run(stage("lint", step("black", Status.FAILED)), stage("base", step()))
    assert lines(failed)[0] == "# ❌ project: failed in lint after 10 s"
    cancelled = run(stage("base", step()), status=Status.CANCELLED)
    assert lines(cancelled)[0] == "# 🚫 project: cancelled after 10 s"


def test_the_verdict_names_the_stages_that_fail_the_run() -> None:
    lint = stage("lint", step("flake8", Status.FAILED), optional=True)
    result = run(lint, stage("tests", step("tests", Status.FAILED)))

    assert render(result).startswith("# ❌ project: failed in tests after 10 s\n")


def test_the_headline_says_since_when_a_test_fails() -> None:
    known, fresh = case("known", Status.FAILED), case("fresh", Status.FAILED)
    before = replace(run_of(known), started_at="2026-01-31T10:00:00+00:00", commit="0" * 40)

    def headline(*tests: TestCase) -> str:
        now = run_of(*tests)
        return lines(replace(now, comparison=compare(now, before)))[0]

    start = "# ❌ project: failed in tests after 10 s"
    since = "failing since 2026-01-31 (commit 000000000000), 2 runs in a row"
    assert headline(known) == f"{start}, {since}"
    assert headline(known, fresh) == f"{start}, with new failures"
    assert headline(case("known")).startswith("# ✅ project: passed in")


def test_the_commit_of_an_old_failure_makes_no_markup() -> None:
    known = case("known", Status.FAILED)
    before = replace(run_of(known), commit="<b>0123")
    now = replace(run_of(known), comparison=compare(run_of(known), before))
    assert "(commit &lt;b&gt;0123)" in lines(now)[0]


def test_what_explains_the_run_has_a_title_if_anything_precedes_it() -> None:
    passed = run(stage("base"))
    failed = run_of(case("test_total", Status.FAILED, message="1 != 2"))

    assert "## Details" not in render(passed)
    assert render(failed).index("1 failed test") < render(failed).index("## Details\n\n<details>")


def test_counts_and_coverage_follow() -> None:
    coverage = Coverage(files=(FileCoverage(path="a.py", covered=(1, 2), missing=(3,)),))
    only = step("tests", Status.FAILED, tests=(case("a"), case("b", Status.ERRORED)))

    line = lines(run(stage("tests", only), coverage=coverage))[2]

    assert line.startswith("**2 tests** · 1 passed · 1 with errors · **66.67 %** covered")


def test_each_stage_has_its_result_time_share_and_cache() -> None:
    page = lines(
        run(
            stage("base", step(cached=True), emoji="📦", duration=2.5),
            stage("lint", step("a", cached=True), step("b"), duration=5),
            stage("image", status=Status.SKIPPED, reason="no Docker", optional=True),
        )
    )

    assert "| 📦\u00a0**base** | ✅ passed | 2.5\u00a0s | 25\u00a0% | yes |  |" in page
    assert any(
        "| 5.0\u00a0s | 50\u00a0% | 1 of 2 steps | a 0.00\u00a0s, b 0.00\u00a0s |" in line
        for line in page
    )
    assert any("| ⏭️ skipped (optional) |  |  |  | no Docker |" in line for line in page)


def test_the_time_before_the_first_stage_is_that_of_the_engine() -> None:
    skipped = stage("image", status=Status.SKIPPED)

    slow, quick = (
        lines(run(skipped, stage("base", step(), started=started, duration=2)))
        for started in (1.5, 0.5)
    )

    assert "| engine start |  | 1.5\u00a0s | 15\u00a0% |  |  |" in slow
    assert not any("engine start" in line for line in quick)


def test_the_critical_path_is_one_line() -> None:
    page = render(
        run(
            stage("base", step(), duration=2),
            stage("lint", step(), needs=("base",), duration=1),
            stage("tests", step(), needs=("base",), duration=6),
        )
    )

    assert "Critical path: base 2.0 s → tests 6.0 s = 8.0 s, 80 % of the run" in page


def test_a_failed_step_shows_its_reason_remedy_and_last_lines() -> None:
    output = "\n".join(f"line {number}" for number in range(100))
    broken = step(
        "migrate",
        Status.FAILED,
        reason="no database",
        remedy="run `createdb`",
        output=output,
        log="logs/tests.migrate.log",
    )

    page = render(run(stage("tests", broken)))

    assert "**tests/migrate** failed: no database. **Remedy:** run `createdb`" in page
    assert "line 99" in page
    assert "line 60\n" in page
    assert "line 59\n" not in page
    assert "logs/tests.migrate.log" in page


def test_a_cancelled_run_says_what_was_under_way() -> None:
    page = render(
        run(
            stage(
                "tests",
                step("check"),
                step("tests", Status.CANCELLED, output="half way"),
                reason="interrupted by SIGINT",
            ),
            status=Status.CANCELLED,
        )
    )

    assert "🚫 **tests/tests** cancelled.\n" in page
    assert "half way" in page
    assert "interrupted by SIGINT" in page


def test_failures_at_one_place_with_one_message_are_one_block_that_names_them_all() -> None:
    page = render(run_of(*failures(5, causes=2)))

    assert "## 5 failed tests, 2 different" in page
    assert page.count("The same failure in:") == 2
    assert counted(page) == 5


def test_failures_that_differ_in_numbers_are_blocks_until_the_page_is_full() -> None:
    def page_of(number: int) -> str:
        cases = [
            case(
                f"test_{n:05}",
                Status.FAILED,
                message=f"order {n} costs {n % 7}",
                file="t.py",
                line=n,
            )
            for n in range(1, number + 1)
        ]
        result = run_of(*cases, case("test_99999", Status.FAILED, message="no route"))
        return render(result, budget=LIMIT // 10)

    few, many = page_of(3), page_of(1_200)

    assert all(f"order {n} costs {n}" in few for n in (1, 2, 3))
    assert "similar" not in few
    assert "order 1 costs 1" in many
    assert "<b>and 1,199 more tests with a similar message</b>" in many
    assert "no route" in many
    assert counted(many) == 1_201


def test_a_failure_says_which_job_it_is_from_and_where_it_passed() -> None:
    bad = case("a", Status.FAILED, message="boom", passed_in=("py312",))
    steps = (step("py311", tests=(bad,)), step("py312", tests=(case("a"),)))

    assert "boom (failed in py311, passed in py312)" in render(run(stage("tests", *steps)))


def test_without_a_traceback_the_end_of_the_output_is_shown() -> None:
    page = render(run_of(case("a", Status.FAILED, output="the drawer is locked")))

    assert "```text\nthe drawer is locked\n```" in page


def test_a_frequent_cause_keeps_its_traceback_before_the_last_names() -> None:
    page = render(run_of(*failures(2_000, causes=1)), budget=LIMIT // 10)

    assert '  File "x.py", line 1, in x' in page


def test_lint_findings_are_listed_by_tool() -> None:
    page = render(
        run(
            stage(
                "lint",
                step("black", Status.FAILED, diagnostics=(finding("would change", file="a.py"),)),
                step(
                    "flake8",
                    Status.FAILED,
                    diagnostics=tuple(
                        finding(f"m{n}", file="b.py", line=n, rule="E1") for n in range(1, 151)
                    ),
                ),
            )
        )
    )

    assert "<b>black</b>: 1 finding in 1 file" in page
    assert "<b>flake8</b>: 150 findings in 1 file" in page
    assert "- `b.py:100` **E1** m100" in page
    assert "- … and 50 more, in `junit.xml`" in page


def test_the_least_covered_files_come_first() -> None:
    files = tuple(
        FileCoverage(path=f"f{n:02}.py", covered=tuple(range(n)), missing=tuple(range(n, 20)))
        for n in range(20)
    )
    page = render(run(stage("t", step()), coverage=Coverage(files=files)))

    listed = re.findall(r"^\| `(f\d\d).py`", page, re.MULTILINE)
    assert listed == [f"f{n:02}" for n in range(10)]


def test_the_slowest_tests_and_what_was_used_and_warnings_are_there() -> None:
    slow = tuple(case(f"test_{n}", duration=n) for n in range(20))
    page = render(
        run(
            stage(
                "tests",
                step("tests", tests=slow, facts={"database": "postgresql 17"}, warnings=("w3",)),
                warnings=("w2",),
            ),
            warnings=("w1",),
        )
    )

    assert page.index("test_19") < page.index("test_10")
    assert "tearing them down took" not in page
    assert "test_9`" not in page
    assert "| tests/tests | database | postgresql 17 |" in page
    assert [page.count(f"⚠️ {text}") for text in ("w1", "tests: w2", "tests/tests: w3")] == [1] * 3


def test_the_time_of_fixtures_stands_with_the_slowest_tests() -> None:
    told = step(
        "unit",
        tests=(case("test_1", duration=1),),
        fixtures=FixtureTimes(total=9, longest=(("`A`", 9),)),
    )
    page = render(run(stage("tests", told)))

    assert "Class setup and teardown took an additional 9.0 s, of which `A` 9.0 s." in page
    assert "| fixtures |" not in page

    both = render(run(stage("tests", told, replace(told, name="more"))))
    assert "9.0 s (in tests/unit)" in both
    assert "9.0 s (in tests/more)" in both


@pytest.mark.parametrize(
    ("number", "causes", "budget"), [(20_000, 1, LIMIT), (1_000, 1_000, LIMIT // 10)]
)
def test_of_very_many_failures_each_is_named_or_counted(
    number: int, causes: int, budget: int
) -> None:
    result = run_of(*failures(number, causes=causes))

    page = render(result, budget=budget)

    assert budget // 4 < len(page.encode()) < budget
    assert counted(page) == number


def test_counted_tests_are_counted_by_class() -> None:
    page = render(run_of(*failures(2_000, causes=2_000, classes=10)), budget=LIMIT // 10)

    assert Counter(re.findall(r"more tests of `tests.test_(\d).ManyTests`", page)) == Counter(
        "0123456789"
    )


def test_two_megabytes_of_text_in_one_place_do_no_harm() -> None:
    big = "x|`<" * 500_000
    only = case("test_" + big, Status.FAILED, message=big, details=big, output=big, file=big)
    bad = step("tests", Status.FAILED, tests=(only,), reason=big, output=big, facts={big: big})
    worse = step("lint", Status.FAILED, diagnostics=(finding(big, file=big),))

    page = render(
        run(stage("tests", bad, worse, step("x", Status.FAILED, output=big)), project=big)
    )

    assert len(page.encode()) < 100_000


def test_a_page_without_room_is_its_head() -> None:
    page = render(run_of(*failures(100, causes=3)), budget=1_000)

    assert page.startswith("# ❌ project: failed in tests")
    assert "see `summary.md` for the full report" in page
    assert render(run_of(), budget=10) == ""


def test_line_numbers_are_written_as_ranges() -> None:
    assert ranges((9, 3, 4, 5, 11)) == "3-5, 9, 11"
    assert ranges(()) == ""


def compared(now: Result, before: Result) -> Result:
    return replace(now, comparison=compare(now, before))


def test_the_comparison_counts_and_names() -> None:
    before = replace(
        run_of(case("old", Status.FAILED), case("gone")), started_at="2026-01-02T00:00"
    )
    now = run_of(case("old", Status.FAILED), case("fresh", Status.FAILED))

    page = render(compared(now, before))

    assert "Compared with the run of 2026-01-02: **1 new failure**" in page
    assert "**1 new failure** · 1 known failure · 1 added · 1 removed" in page
    assert "failing since 2026-01-02, 2 runs in a row" in page
    assert "- `pkg.Tests.gone`" in page


def test_what_a_reviewer_acts_on_comes_before_times_and_comparison() -> None:
    bad = step(
        "tests", Status.FAILED, tests=(case("old", Status.FAILED), case("fresh", Status.FAILED))
    )
    wrong = step("flake8", Status.FAILED, diagnostics=(finding("unused", file="a.py"),))
    changed = ChangedLines(base="0" * 40, files=(FileCoverage(path="a.py", missing=(3,)),))
    now = run(stage("lint", wrong), stage("tests", bad), changed=changed)
    before = run(stage("tests", step("tests", tests=(case("old", Status.FAILED), case("gone")))))

    page = render(compared(now, before))

    order = (
        "1 known failure",
        "2 failed tests",
        "## Findings",
        "## Changed lines",
        "<b>Stages</b>",
    )
    positions = [page.index(text) for text in (*order, "<b>Comparison</b>")]
    assert positions == sorted(positions)
    assert "fresh</code> <b>🆕 new</b>" in page
    assert page.count("failing, 2 runs in a row") == 1
    assert "<details open>" not in page
    assert "<details open><summary><b>Stages</b>" in render(run(stage("lint", step())))


def test_a_place_is_linked_to_its_line_if_git_knows_the_file() -> None:
    links = CodeLinks(address="https://github.com/o/r/blob/abc", tracked={"shop/a b.py"})
    tests = (
        case("a", Status.FAILED, file="shop/a b.py", line=3),
        case("b", Status.FAILED, file="/etc/passwd", line=1),
    )

    page = render(run_of(*tests), links=links)

    assert '<a href="https://github.com/o/r/blob/abc/shop/a%20b.py#L3"><code>shop/a b.py:3' in page
    assert page.count("<a ") == 1


def test_a_gate_shows_its_figures_once() -> None:
    coverage = Coverage(files=(FileCoverage(path="a.py", covered=(1, 2), missing=(3,)),))
    page = render(judge(run(coverage=coverage), Gates(coverage_minimum=60)))

    assert page.count("coverage is 66.67 %, at least 60 %") == 1


def test_no_baseline_is_no_comparison() -> None:
    assert "Compared" not in render(run_of(case("a", Status.FAILED)))


def test_very_many_new_failures_leave_room_for_their_names() -> None:
    tests = tuple(failures(2_000, causes=30))

    page = render(compared(run_of(*tests), run_of()), budget=LIMIT // 10)

    assert len(page.encode()) < LIMIT // 10
    assert "**2,000 new failures**" in page
    assert counted(page) == 2_000


def test_coverage_says_how_it_moved() -> None:
    def covered(*missing: int) -> Result:
        ran = tuple({1, 2, 3, 4} - set(missing))
        file = FileCoverage(path="a.py", covered=ran, missing=missing)
        return run(coverage=Coverage(files=(file,)))

    page = render(compared(covered(3, 4), covered(4)))

    assert "coverage -25.00 points" in page
    assert "| `a.py` | 50.0\u00a0%\u00a0(-25.00\u00a0points) | 3-4 |" in page


def test_changed_lines_that_never_ran_are_listed() -> None:
    file = FileCoverage(path="a.py", covered=(1,), missing=(3, 4, 9))
    page = render(replace(run(), changed=ChangedLines(base="0123456789abcdef", files=(file,))))

    assert "**25.00 %** of changed lines covered" in page
    assert "## Changed lines: 25.00 % covered since `0123456789ab`" in page
    assert "| `a.py` | 25.0\u00a0% | 3-4, 9 |" in page


def test_flaky_tests_are_counted_apart_and_listed() -> None:
    attempts = (Attempt(status=Status.FAILED),) * 2
    flaky = case("t", Status.FLAKY, message="timed | out", attempts=attempts, file="a.py", line=3)

    page = render(run_of(flaky, case("u")))

    assert "1 passed · 1 flaky" in page
    assert "| `pkg.Tests.t` | `a.py:3` | 2\u00a0times | timed \\| out |" in page


def test_the_picture_has_a_bar_for_each_stage_that_ran() -> None:
    result = run(
        stage("section lint", step(), started=0.0, duration=2.0),
        stage("bad :crit, 0, 1\n`x`", step(status=Status.FAILED), started=2.5, duration=4.0),
        stage("image", status=Status.SKIPPED),
    )

    picture = render(result).split("```mermaid\n")[1].split("```")[0].splitlines()

    assert picture == [
        "gantt",
        "    dateFormat x",
        "    axisFormat %M:%S",
        "    _section lint :0, 2000ms",
        "    bad _crit_ 0_ 1 _x_ :crit, 2500, 4000ms",
    ]


def test_stages_that_all_began_at_once_need_no_picture() -> None:
    assert "mermaid" not in render(run(stage("tests", step(), duration=3.0)))


def test_lines_of_the_ci_that_did_not_run_are_collapsed_with_their_reasons() -> None:
    left_out = LeftOutLine(line="curl a | sh", source="ci.yml", reason="it uses the network")
    page = render(run(stage("tests"), left_out=(left_out,)))

    fold = page[page.index("<b>Lines of the project's CI that did not run</b>") :]
    assert "it uses the network" in fold
    assert "ci.yml" in fold
    assert "curl a" in fold
