from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from heroci_action.engines.base import Stream
from heroci_action.observers.github_log import KEPT_LINES, GitHubLog
from heroci_action.options import Verbosity
from heroci_action.results.records import Status
from tests.unit.builders import run, stage, step
from tests.unit.github.runner import obeyed
from tests.unit.observers.plans import IMAGE, TESTS, watch
from tests.unit.result_strategies import HOSTILE, texts


def shown(*lines: str, verbosity: Verbosity = Verbosity.NORMAL) -> str:
    stream = io.StringIO()
    watch(GitHubLog(stream, verbosity=verbosity, token=lambda: "t0k3n"), *lines)
    return stream.getvalue()


def test_stage_is_one_group_with_the_output_of_its_steps() -> None:
    text = shown("first", "second")

    assert (
        "::group::🧪 tests: output\n"
        "::stop-commands::t0k3n\n"
        "--- migrate\nmigrating\n"
        "--- tests\nfirst\nsecond\n"
        "::t0k3n::\n"
        "::endgroup::\n"
        "🧪 tests failed in 4.5 s: tests: 1 failed test\n"
    ) in text


def test_results_of_steps_precede_the_group() -> None:
    text = shown("first")

    assert text.index("✔ tests/migrate: passed in 1.5 s\n") < text.index("::group::")
    assert "✘ tests/tests: failed in 3.0 s: 1 failed test\nremedy: mend it\n" in text
    assert text.endswith("✘ heroes: failed in 5.0 s, 2 tests, 1 failed, 0 skipped, 1 finding\n")


def test_a_notice_is_printed_before_the_stage_has_finished() -> None:
    stream = io.StringIO()
    log = GitHubLog(stream)
    log.stage_started(TESTS)
    log.output("tests", "tests", Stream.NOTICE, "waiting for another run")
    assert stream.getvalue().endswith("tests/tests: waiting for another run\n")


def test_parallel_stages_do_not_mix() -> None:
    stream = io.StringIO()
    log = GitHubLog(stream)
    for each in (TESTS, IMAGE):
        log.stage_started(each)
    for line in ("a", "b"):
        log.output("tests", "tests", Stream.STDOUT, f"tests {line}")
        log.output("image", "build", Stream.STDOUT, f"image {line}")
    log.stage_finished(stage("image", step("build")))
    log.stage_finished(stage("tests", step("tests")))

    text = stream.getvalue()
    assert "--- build\nimage a\nimage b\n::" in text
    assert "--- tests\ntests a\ntests b\n::" in text


@given(st.lists(texts | st.sampled_from(HOSTILE), max_size=10))
def test_commands_in_the_projects_output_are_not_executed(lines: list[str]) -> None:
    assert [found.name for found in obeyed(shown(*lines))] == ["group", "endgroup"]


def test_names_and_reasons_are_never_commands() -> None:
    stream = io.StringIO()
    log = GitHubLog(stream)
    evil = "x\n::error::pwned ##[error]pwned"
    log.note(evil)
    log.step_finished(TESTS, step(evil, Status.FAILED, reason=evil, remedy=evil))
    log.stage_finished(stage(evil, step(), reason=evil, emoji="::error::x"))

    assert obeyed(stream.getvalue()) == []


def test_each_group_has_a_new_random_token() -> None:
    stream = io.StringIO()
    watch(GitHubLog(stream), "x")
    watch(GitHubLog(stream), "x")

    tokens = {
        line.removeprefix("::stop-commands::")
        for line in stream.getvalue().splitlines()
        if line.startswith("::stop-commands::")
    }
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)


def test_end_of_long_output_is_kept_and_the_rest_counted() -> None:
    text = shown(*(f"line {number}" for number in range(KEPT_LINES + 7)))

    assert "… 7 earlier lines in the log file of the step\nline 7\n" in text
    assert f"line {KEPT_LINES + 6}\n" in text


def test_quiet_shows_groups_of_failed_stages_only() -> None:
    stream = io.StringIO()
    log = GitHubLog(stream, verbosity=Verbosity.QUIET)
    log.output("image", "build", Stream.STDOUT, "layers")
    log.stage_finished(stage("image", step("build")))

    assert "layers" not in stream.getvalue()
    assert "broken" in shown("broken", verbosity=Verbosity.QUIET)


def test_output_of_an_unfinished_stage_is_shown() -> None:
    stream = io.StringIO()
    log = GitHubLog(stream)
    log.stage_started(TESTS)
    log.output("tests", "tests", Stream.STDOUT, "last words")

    log.close()

    assert "last words\n" in stream.getvalue()


def test_the_reason_of_a_failed_gate_is_in_the_log() -> None:
    stream = io.StringIO()
    gate = step("coverage-minimum", Status.FAILED, reason="coverage is 70.00 %, below 80 %")

    GitHubLog(stream).run_finished(run(stage("gates", gate)))

    assert "✘ gates/coverage-minimum failed: coverage is 70.00 %, below 80 %\n" in stream.getvalue()
