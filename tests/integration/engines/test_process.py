from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.base import Stream
from heroci_action.engines.commands import arguments_of
from heroci_action.engines.process import (
    Program,
    ProgramNotFoundError,
    capture,
    execute,
    is_alive,
    running,
)
from tests.integration.host.conftest import Lines

Escalation = Sequence[tuple[signal.Signals, float]]
QUICK = ((signal.SIGINT, 0.3), (signal.SIGTERM, 0.3), (signal.SIGKILL, 5.0))


PATIENT = (
    (signal.SIGINT, 60.0),
    (signal.SIGKILL, 5.0),
)  # for a program that listens, however busy the machine


@pytest.fixture(autouse=True)
def _listening_to_interrupts() -> Iterator[None]:
    """Restore the handler of SIGINT: a shell starts background jobs with SIGINT ignored, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def python(script: str, escalation: Escalation = QUICK) -> Program:
    return Program(
        arguments=(sys.executable, "-u", "-c", script),
        env={"PATH": os.environ["PATH"]},
        directory=Path("/"),
        escalation=escalation,
    )


def test_both_streams_arrive_line_by_line_in_the_right_place() -> None:
    seen: list[tuple[Stream, str]] = []
    script = (
        "import sys; print('a\\nb'); print('c', file=sys.stderr); sys.stdout.write('no newline')"
    )
    code = anyio.run(execute, python(script), lambda stream, line: seen.append((stream, line)))
    assert code == 0
    assert [line for stream, line in seen if stream is Stream.STDOUT] == ["a", "b", "no newline"]
    assert [line for stream, line in seen if stream is Stream.STDERR] == ["c"]


def test_progress_bars_and_broken_bytes_become_lines(lines: Lines) -> None:
    script = "import sys; sys.stdout.buffer.write(b'10%\\r20%\\r\\n\\xff\\xfe end\\r\\nlast\\r')"
    anyio.run(execute, python(script), lines)
    assert lines == ["10%", "20%", "�� end", "last"]


def test_an_endless_line_is_handed_on_in_pieces(lines: Lines) -> None:
    anyio.run(execute, python("print('x' * 1_000_000)"), lines)
    assert max(map(len, lines)) <= 64 * 1024
    assert sum(map(len, lines)) == 1_000_000


@pytest.mark.parametrize(
    ("script", "code"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_exit_codes_follow_the_shells_convention(script: str, code: int, lines: Lines) -> None:
    assert anyio.run(execute, python(script), lines) == code


def test_nothing_of_the_callers_environment_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKFLOW", "secret")
    found = anyio.run(capture, python("import os; print(sorted(os.environ))"))
    assert "GITHUB_WORKFLOW" not in found.stdout


def test_standard_input_is_at_its_end() -> None:
    assert anyio.run(capture, python("import sys; print(repr(sys.stdin.read()))")).stdout == "''"


def test_a_missing_program_is_told_by_name(lines: Lines) -> None:
    program = Program(arguments=("no-such-program",), env={"PATH": "/usr/bin"}, directory=Path("/"))
    with pytest.raises(ProgramNotFoundError, match="command not found: 'no-such-program'"):
        anyio.run(execute, program, lines)


def test_a_step_for_the_shell_stops_at_its_first_failing_line() -> None:
    assert arguments_of("false; echo unreachable") == ("/bin/sh", "-ec", "false; echo unreachable")


def test_cancelling_asks_first_and_lets_the_program_clean_up(lines: Lines) -> None:
    script = (
        "import time\n"
        "try:\n    print('ready')\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('cleaned up')"
    )
    cancel_when_ready(script, lines, PATIENT)
    assert lines == ["ready", "cleaned up"]


def test_cancelling_kills_what_does_not_listen_and_its_children(lines: Lines) -> None:
    child = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)]; print('ready'); time.sleep(60)"
    script = (
        "import os, subprocess, sys\nprint('group', os.getpgid(0))\n"
        f"subprocess.run([sys.executable, '-u', '-c', {child!r}])"
    )
    cancel_when_ready(script, lines)
    group = int(lines[0].split()[1])
    assert not is_alive(group)


def test_children_that_stay_behind_are_ended_with_their_parent(lines: Lines) -> None:
    script = (
        "import subprocess, os; subprocess.Popen(['sleep', '60']); print('group', os.getpgid(0))"
    )
    assert anyio.run(execute, python(script), lines) == 0
    assert not is_alive(int(lines[0].split()[1]))


def cancel_when_ready(script: str, lines: Lines, escalation: Escalation = QUICK) -> None:
    async def main() -> None:
        async with anyio.create_task_group() as tasks:

            def sink(stream: Stream, line: str) -> None:
                lines(stream, line)
                if line == "ready":
                    tasks.cancel_scope.cancel()

            await execute(python(script, escalation), sink)

    anyio.run(main)


def test_leaving_the_context_ends_the_program(lines: Lines) -> None:
    async def main() -> int:
        async with running(python("import time; print('up'); time.sleep(60)"), lines) as process:
            while "up" not in lines:
                await anyio.sleep(0.01)
            return process.pid

    assert not is_alive(anyio.run(main))
