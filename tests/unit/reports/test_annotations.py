from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given

from heroci_action.analysis.baseline import compare
from heroci_action.github.commands import MAX_ANNOTATIONS, MAX_MESSAGE, annotation
from heroci_action.reports.annotations import annotate
from heroci_action.results.coverage import ChangedLines, Coverage, FileCoverage
from heroci_action.results.records import Result, Severity, Status, TestCase
from tests.unit.builders import case, failures, finding, run, run_of, stage, step
from tests.unit.github.runner import obeyed
from tests.unit.result_strategies import results


@given(results)
def test_every_result_gives_commands_within_the_limits(result: Result) -> None:
    notes = annotate(result)
    found = obeyed("\n".join(map(annotation, notes)))

    assert [each.name for each in found] == [note.level.value for note in notes]
    assert max(Counter(each.name for each in found).values(), default=0) <= MAX_ANNOTATIONS
    assert all(len(each.message) <= MAX_MESSAGE for each in found)


def test_a_failed_test_is_annotated_at_its_line() -> None:
    only = case("test_a", Status.FAILED, file="t.py", line=7, message="1 != 2", details="trace")

    (note,) = annotate(run_of(only, case("test_b")))

    assert (note.file, note.line, note.level) == ("t.py", 7, Severity.ERROR)
    assert note.title == "pkg.Tests.test_a failed"
    assert note.message == "1 != 2\n\ntrace"


def test_broken_stages_come_before_tests_and_these_before_findings() -> None:
    result = run(
        stage("lint", step("flake8", Status.FAILED, diagnostics=(finding(file="a.py", line=1),))),
        stage("tests", step("tests", Status.FAILED, tests=(case("bad", Status.FAILED),))),
        stage("image", step("build", Status.ERRORED, reason="disk full", remedy="free some")),
    )

    assert [note.title for note in annotate(result)] == [
        "image/build errored",
        "pkg.Tests.bad failed",
        "flake8",
    ]
    assert annotate(result)[0].message == "disk full\nRemedy: free some"


def test_failures_at_one_place_with_one_message_are_one_annotation() -> None:
    (note,) = annotate(run_of(*failures(488, causes=1)))

    assert "The same failure in 487 more tests: " in note.message
    assert "and 477 more" in note.message


def test_messages_that_differ_in_numbers_keep_their_annotations_while_there_is_room() -> None:
    def different(number: int) -> list[TestCase]:
        return [
            case(f"t{n}", Status.FAILED, message=f"{n} != 200", file="t.py", line=n)
            for n in range(1, number + 1)
        ]

    places = {note.line for note in annotate(run_of(*different(10)))}
    crowded = annotate(
        run_of(*different(30), case("other", Status.FAILED, message="no route", file="o.py"))
    )

    assert places == set(range(1, 11))
    assert [note.line for note in crowded] == [1, None, *range(2, 9), None]
    assert crowded[1].title == "pkg.Tests.other failed"
    assert "29 more tests failed with a similar message." in crowded[0].message
    assert crowded[-1].message == "22 more; they are in the job summary and in junit.xml"


def test_an_annotation_says_which_job_it_is_from_and_where_the_test_passed() -> None:
    bad = case("a", Status.FAILED, message="boom", passed_in=("py312", "py313"))
    steps = (step("py311", tests=(bad,)), step("py312", tests=(case("a"),)))

    (note,) = annotate(run(stage("tests", *steps)))

    assert note.message == "boom\n\nFailed in py311, passed in py312, py313."


def test_without_a_traceback_an_annotation_shows_the_end_of_the_output() -> None:
    (note,) = annotate(run_of(case("a", Status.FAILED, message="failed", output="drawer locked\n")))

    assert note.message == "failed\n\ndrawer locked"


def test_the_last_annotation_of_a_level_says_what_was_left_out() -> None:
    notes = annotate(run_of(*failures(2_000, causes=2_000)))

    assert len(notes) == MAX_ANNOTATIONS
    assert notes[-1].message == "1,991 more; they are in the job summary and in junit.xml"


def test_many_findings_are_one_for_each_rule() -> None:
    found = tuple(
        finding(f"message {n}", file="a.py", line=n, rule=f"E{n % 3}") for n in range(1, 31)
    )
    notes = annotate(run(stage("lint", step("flake8", Status.FAILED, diagnostics=found))))

    assert [note.title for note in notes] == ["flake8 E1", "flake8 E2", "flake8 E0"]
    assert "Also at a.py:4, a.py:7" in notes[0].message


def test_few_findings_are_one_each() -> None:
    found = tuple(finding(file="a.py", line=n, rule="E1") for n in range(1, 6))
    notes = annotate(run(stage("lint", step("flake8", Status.FAILED, diagnostics=found))))

    assert [note.line for note in notes] == [1, 2, 3, 4, 5]


def test_levels_have_their_own_limits() -> None:
    found = tuple(
        finding(f"m{n}", file="a.py", line=n, severity=severity)
        for severity in Severity
        for n in range(1, 13)
    )
    notes = annotate(run(stage("lint", step("x", Status.FAILED, diagnostics=found))))

    assert Counter(note.level for note in notes) == dict.fromkeys(Severity, MAX_ANNOTATIONS)


def test_an_optional_stage_is_a_warning() -> None:
    result = run(stage("extra", step("x", Status.FAILED, reason="no"), optional=True))

    assert [note.level for note in annotate(result)] == [Severity.WARNING]


def test_a_run_that_ran_out_of_time_says_so_once() -> None:
    late = "the run was still going after 60 s (its timeout)"
    notes = annotate(
        run(
            stage("lint", status=Status.CANCELLED, reason=late),
            stage("tests", status=Status.CANCELLED, reason=late),
            status=Status.FAILED,
        )
    )

    assert [note.message for note in notes] == [f"{late}\n\nThe same in tests cancelled"]


def test_warnings_are_warnings() -> None:
    notes = annotate(run(stage("tests", step(), warnings=("PostgreSQL 18",)), warnings=("old",)))

    assert [(note.level, note.title, note.message) for note in notes] == [
        (Severity.WARNING, None, "old"),
        (Severity.WARNING, "tests", "PostgreSQL 18"),
    ]


def test_nothing_wrong_means_no_annotation() -> None:
    assert annotate(run_of(case("a"), case("b", Status.SKIPPED))) == ()


def compared(now: Result, before: Result) -> Result:
    return replace(now, comparison=compare(now, before))


def test_new_failures_come_before_known_ones_however_many_those_are() -> None:
    known = [
        case(f"k{number}", Status.FAILED, message=f"old {'x' * number}") for number in range(20)
    ]
    new = case("new", Status.FAILED, message="fresh")

    notes = annotate(compared(run_of(*known, new), run_of(*known)))

    assert notes[0].title == "pkg.Tests.new failed"
    assert "Known: failing" in notes[1].message


def test_a_group_with_a_new_failure_shows_that_one() -> None:
    known = [case(f"k{number}", Status.FAILED, message="m") for number in range(3)]
    new = case("new", Status.FAILED, message="m")

    (note,) = annotate(compared(run_of(*known, new), run_of(*known)))

    assert note.title == "pkg.Tests.new failed"
    assert "3 more tests" in note.message


def test_a_place_that_is_no_file_of_the_repository_is_told_in_the_text() -> None:
    result = run_of(case("t", Status.FAILED, message="m", file="gone.py", line=3))

    (there,) = annotate(result, tracked={"gone.py"})
    (gone,) = annotate(result, tracked={"a.py"})
    (unknown,) = annotate(result, tracked=frozenset())

    assert (there.file, there.line) == ("gone.py", 3)
    assert (gone.file, gone.line, gone.message[:10]) == (None, None, "gone.py:3:")
    assert unknown.file == "gone.py"


def test_uncovered_changed_lines_are_notices_with_their_range() -> None:
    whole = FileCoverage(path="a.py", covered=(1, 9), missing=(3, 4, 20))
    changed = ChangedLines(base="c", files=(FileCoverage(path="a.py", missing=(3, 4)),))
    result = replace(run(coverage=Coverage(files=(whole,))), changed=changed)

    (note,) = annotate(result)

    assert (note.level, note.file, note.line, note.end_line) == (Severity.NOTICE, "a.py", 3, 4)


def test_flaky_tests_are_notices() -> None:
    (note,) = annotate(run_of(case("t", Status.FLAKY, message="once", file="a.py", line=2)))

    assert (note.level, note.title, note.line) == (Severity.NOTICE, "pkg.Tests.t is flaky", 2)
    assert "once" in note.message


def test_a_place_with_more_room_gets_each_finding() -> None:
    findings = tuple(
        finding(rule="E501", file="a.py", line=number, message=f"line {number}")
        for number in range(1, 26)
    )
    result = run(stage("lint", step("flake8", Status.FAILED, diagnostics=findings)))

    assert len(annotate(result)) == 1
    assert [note.line for note in annotate(result, limit=1_000)] == list(range(1, 26))
    assert len(annotate(result, limit=20)) == 1
