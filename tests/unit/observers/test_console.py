from __future__ import annotations

import io
import os
import pty
import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from rich.cells import cell_len

from heroci_action.engines.base import Stream
from heroci_action.observers.base import Progress
from heroci_action.observers.console import Console
from heroci_action.options import Verbosity
from heroci_action.results.provenance import LeftOutLine
from heroci_action.results.records import Result, Status
from tests.unit.builders import case, finding, run, stage, step
from tests.unit.observers.plans import PLAN, TESTS, watch
from tests.unit.result_strategies import HOSTILE, results

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


def shown(*lines: str, verbosity: Verbosity = Verbosity.NORMAL, **options: object) -> str:
    stream = io.StringIO()
    watch(Console(stream, verbosity=verbosity, **options), *lines)  # type: ignore[arg-type]
    return stream.getvalue()


def test_output_is_plain_without_a_terminal() -> None:
    text = shown("dots")

    assert "heroes on the host engine (no Docker)\n" in text
    assert "✔ tests/migrate: passed in 1.5 s\n" in text
    assert "🐳 image skipped: no Docker\n" in text
    assert "✘ tests/tests: failed in 3.0 s: 1 failed test\n" in text
    assert "🧪 tests failed in 4.5 s: tests: 1 failed test\n" in text
    assert not CONTROL.search(text)
    assert not re.search(r"[ \t]$", text, re.MULTILINE)


def test_failed_step_shows_its_last_lines_and_remedy() -> None:
    text = shown()

    assert "   | line 59\n" in text
    assert "   | line 20\n" in text
    assert "line 19\n" not in text
    assert "  remedy: mend it\n" in text


def test_ends_with_table_failures_findings_and_verdict() -> None:
    text = shown()
    end = text[text.index(" Stage ") :]

    assert re.search(r"🧪 tests +failed +4\.5 s +90 % +tests: 1 failed test\n", end)
    assert re.search(r"🐳 image +skipped +no Docker\n", end)
    assert "✘ pkg.Tests.test_bad\n    tests/t.py:4\n    1 != 2\n" in end
    assert "  a.py:2 too long (flake8)\n" in end
    assert end.endswith("\n✘ heroes: failed in 5.0 s, 2 tests, 1 failed, 0 skipped, 1 finding\n")


def closing_on_a_terminal(result: Result, *, columns: int) -> list[str]:
    """Return the lines that a terminal of this width shows at the end of a run."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8", newline="") as stream:
        Console(stream, environ={"TERM": "xterm", "COLUMNS": str(columns)}).run_finished(result)
    return re.sub(r"\x1b\[[0-9;]*m|\r", "", _all_of(ours).decode()).splitlines()


SKIPPED = stage("live", status=Status.SKIPPED, reason="no health endpoint was found in the project")


def test_reasons_are_a_column_of_the_table() -> None:
    lines = closing_on_a_terminal(run(SKIPPED), columns=100)

    assert any(re.match(rf" *live +skipped +{SKIPPED.reason}$", line) for line in lines)


def test_on_a_narrow_terminal_reasons_follow_their_rows_and_words_are_not_broken() -> None:
    lines = closing_on_a_terminal(run(SKIPPED), columns=40)

    (row,) = [number for number, line in enumerate(lines) if re.match(r" *live +skipped$", line)]
    assert lines[row + 1 : row + 3] == ["    no health endpoint was found in", "      the project"]
    assert max(map(cell_len, lines)) <= 40


def test_a_stage_that_failed_without_failing_the_run_is_marked_as_optional() -> None:
    lint = stage("lint", step("flake8", Status.FAILED), optional=True)
    stream = io.StringIO()
    console = Console(stream)
    console.stage_finished(lint)
    console.run_finished(run(lint, status=Status.PASSED, exit_code=0))

    text = stream.getvalue()
    assert text.startswith("lint failed in 0.00 s (optional)\n")
    assert re.search(r"lint +failed \(optional\)", text)
    assert text.endswith("✔ project: passed in 10 s, lint failed (optional)\n")


def test_warnings_are_shown() -> None:
    assert "tests: warning: PostgreSQL 18 stands in\n" in shown()


def test_lines_of_the_ci_that_the_tests_may_need_are_listed() -> None:
    lines = (
        LeftOutLine(line="pip install .", source="ci.yml", reason="done", harmless=True),
        LeftOutLine(line="curl a", source="ci.yml", reason="it uses the network"),
    )
    stream = io.StringIO()
    Console(stream).run_finished(run(stage("tests"), left_out=lines))

    assert "did not run\n  curl a (it uses the network)\n" in stream.getvalue()
    assert "pip install" not in stream.getvalue()


def test_quiet_shows_failures_and_the_verdict() -> None:
    text = shown("dots", verbosity=Verbosity.QUIET)

    assert text.startswith("✘ tests/tests: failed")
    assert "migrate" not in text
    assert " Stage " not in text
    assert "pkg.Tests.test_bad" in text
    assert "✘ heroes: failed" in text


def test_verbose_streams_output_once() -> None:
    text = shown("first", "second", verbosity=Verbosity.VERBOSE)

    assert "tests/migrate | migrating\n" in text
    assert "tests/tests | first\ntests/tests | second\n" in text
    assert "   | line 59" not in text


def test_debug_shows_commands() -> None:
    assert "tests/migrate: run migrate\n" in shown(verbosity=Verbosity.DEBUG)


def test_long_lines_are_not_broken() -> None:
    line = "word " * 100

    assert f"tests/tests | {line.rstrip()}" in shown(line, verbosity=Verbosity.VERBOSE)


@pytest.mark.parametrize("environ", [{}, {"FORCE_COLOR": "1"}])
def test_output_of_the_project_cannot_control_the_terminal(environ: dict[str, str]) -> None:
    text = shown(*HOSTILE, "[red]x[/red]", verbosity=Verbosity.VERBOSE, environ=environ)

    ours = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert "\x1b[31mred" not in text
    assert not CONTROL.search(ours.replace("\r", ""))
    assert "[red]x[/red]" in ours


@given(results)
def test_every_result_can_be_shown(result: Result) -> None:
    stream = io.StringIO()
    console = Console(stream)

    for one in result.stages:
        for each in one.steps:
            console.step_finished(TESTS, each)
        console.stage_finished(one)
    console.run_finished(result)

    assert not CONTROL.search(stream.getvalue())


def on_a_terminal(
    *,
    environ: dict[str, str],
    seconds: float = 0.4,
    line: str = "Ran 7 \x1b[2Jtests",
    progress: Progress | None = None,
) -> str:
    """Return what a step that runs for a while writes to a terminal, of 100 columns unless `environ` says otherwise."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8", newline="") as stream:
        console = Console(
            stream, environ={"TERM": "xterm", "COLUMNS": "100", "LINES": "20"} | environ
        )
        console.run_started(PLAN, "host", "")
        console.step_started(TESTS, TESTS.steps[1])
        console.output("tests", "tests", Stream.STDOUT, line)
        if progress:
            console.tests_progressed("tests", "tests", progress)
        time.sleep(seconds)
        console.close()
    return _all_of(ours).decode()


def _all_of(terminal: int) -> bytes:
    """Read from a terminal until its other side is closed, which Linux reports as EIO."""
    parts = []
    with os.fdopen(terminal, "rb", buffering=0) as stream, suppress(OSError):
        while part := stream.read(65_536):
            parts.append(part)
    return b"".join(parts)


def test_terminal_shows_running_steps_with_time_and_last_line() -> None:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", on_a_terminal(environ={}))

    assert re.search(r"🧪 tests/tests 0\.\d\d s Ran 7 tests", text)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_long_line_of_output_leaves_emoji_name_and_time_visible(columns: int) -> None:
    shown = on_a_terminal(environ={"COLUMNS": str(columns)}, line="word " * 100)
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown))

    running = [line for line in lines if "🧪" in line]
    assert all(re.match(r"🧪 tests/tests 0\.\d\d s word ", line) for line in running)
    assert {cell_len(line) for line in running} == {columns}


def test_terminal_shows_the_progress_of_the_tests() -> None:
    shown = on_a_terminal(environ={}, progress=Progress(ran=12, total=340, failed=2))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)

    assert re.search(r"🧪 tests/tests 0\.\d\d s 12 of 340 tests, 2 failed  Ran 7 tests", text)


def test_the_last_lines_are_failures_flaky_tests_and_the_page() -> None:
    flaky = case("test_moody", Status.FLAKY, file="shop/tests.py", line=3, message="timed out")
    failed = case("test_total", Status.FAILED, file="shop/tests.py", line=9, message="1 != 2")
    tests = step("tests", Status.FAILED, tests=(flaky, failed), diagnostics=(finding("long"),))
    stream = io.StringIO()
    console = Console(stream, output=Path("out"))
    console.reports_written(("junit.xml", "report.html"))
    console.run_finished(run(stage("tests", tests)))

    last = stream.getvalue().partition("Failed tests\n")[2].splitlines()
    assert last[:3] == ["✘ pkg.Tests.test_total", "    shop/tests.py:9", "    1 != 2"]
    assert last[5:8] == ["~ pkg.Tests.test_moody", "    shop/tests.py:3", "    timed out"]
    assert last[-3] == "Page: out/report.html"
    assert last[-1].startswith("✘ project: failed")


def test_forced_colours_in_a_pipe_move_no_cursor() -> None:
    text = shown("dots", environ={"FORCE_COLOR": "1"})

    assert re.search(r"\x1b\[(?:\d+;)*3\d(?:;\d+)*m", text)
    assert not re.search(r"\x1b\[[0-9;?]*[A-HJKSTfhlsu]", text)


def test_cursor_is_restored() -> None:
    text = on_a_terminal(environ={})

    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "\x1b[2J" not in text


def test_no_color() -> None:
    colour = re.compile(r"\x1b\[(?:\d+;)*3\d(?:;\d+)*m")

    assert colour.search(on_a_terminal(environ={}))
    assert not colour.search(on_a_terminal(environ={"NO_COLOR": "1"}))
