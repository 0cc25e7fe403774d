"""Run programs: each in a separate process group, read line by line, ended step by step."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

from heroci_action.engines.base import Sink, Stream, one_error
from heroci_action.engines.commands import command_not_found
from heroci_action.engines.lines import LineSplitter
from heroci_action.engines.machine_errors import engine_error
from heroci_action.errors import EngineError

# SIGINT lets a test runner write its reports and drop its databases; the others are for programs that ignore it.
ESCALATION = ((signal.SIGINT, 5.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0))
# Seconds to wait for output if a process outside the group keeps the pipes open.
DRAIN_WITHIN = 2.0
_OTHER_USER = "set TMPDIR to a directory whose parent directories are accessible to all users"
_REMEDIES = {
    errno.E2BIG: "its arguments are too long for this system",
    errno.EACCES: "make it executable",
    errno.EAGAIN: "too many processes are running; lower --max-parallel",
    errno.ENOEXEC: "it is not a program for this machine; a script needs a first line with #!",
}


STARTED: set[int] = set()
"""The running processes that this module has started."""
_starting = 0


def starting() -> bool:
    """Return whether a process is being started that is not in `STARTED` yet."""
    return _starting > 0


class ProgramNotFoundError(EngineError):
    """The program does not exist on the step's PATH."""

    def __init__(self, program: str) -> None:
        outcome = command_not_found(program)
        super().__init__(outcome.cause or program, remedy=outcome.remedy)
        self.program = program


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The user that a program runs as; only root may choose one."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to start: its arguments, its complete environment and its working directory."""

    arguments: Sequence[str]
    env: Mapping[str, str]
    directory: Path
    user: User | None = None
    escalation: Sequence[tuple[signal.Signals, float]] = ESCALATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """The output and exit code of a short program."""

    exit_code: int
    stdout: str
    stderr: str


async def execute(program: Program, sink: Sink) -> int:
    """Run the program and return its exit code, 128 + N if signal N ended it. Cancelling ends the program.

    Raises EngineError if it cannot be started.
    """
    async with running(program, sink) as process:
        return exit_code(await process.wait())


async def capture(program: Program) -> Captured:
    """Run a short program and return its output. Raises EngineError if it cannot be started."""
    lines: dict[Stream, list[str]] = {Stream.STDOUT: [], Stream.STDERR: []}
    code = await execute(program, lambda stream, line: lines[stream].append(line))
    stdout, stderr = ("\n".join(lines[stream]) for stream in (Stream.STDOUT, Stream.STDERR))
    return Captured(exit_code=code, stdout=stdout, stderr=stderr)


def exit_code(returncode: int) -> int:
    """Convert a return code to the shell's convention: 128 + N for signal N (POSIX, 2.8.2)."""
    return 128 - returncode if returncode < 0 else returncode


@asynccontextmanager
async def running(program: Program, sink: Sink) -> AsyncIterator[Process]:
    """Start the program and send its output to the sink; on exit, end its whole process group.

    Raises EngineError if it cannot be started.
    """
    process = await _start(program)
    pumps = [_Pump(process.stdout, Stream.STDOUT, sink), _Pump(process.stderr, Stream.STDERR, sink)]
    with one_error():
        async with anyio.create_task_group() as tasks:
            for pump in pumps:
                tasks.start_soon(pump.run)
            try:
                yield process
            finally:
                with anyio.CancelScope(shield=True):
                    await end_group(process, program.escalation)
                    with anyio.move_on_after(DRAIN_WITHIN):
                        for pump in pumps:
                            await pump.drained.wait()
                    STARTED.discard(process.pid)
                for pump in pumps:
                    pump.scope.cancel()


async def ready(process: Process, wait: Callable[[], Awaitable[object]], within: float) -> bool:
    """Return whether `wait` returned within so many seconds while the process was running."""
    returned = False
    with anyio.move_on_after(within):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_at_end, process, tasks.cancel_scope)
            await wait()
            returned = process.returncode is None
            tasks.cancel_scope.cancel()
    return returned


async def _cancel_at_end(process: Process, scope: anyio.CancelScope) -> None:
    await process.wait()
    scope.cancel()


async def _start(program: Program) -> Process:
    global _starting  # noqa: PLW0603
    user = program.user
    _starting += 1
    try:
        process = await anyio.open_process(
            program.arguments,
            # subprocess.DEVNULL: a step that asks a question reads an end of file and does not hang.
            stdin=-3,
            cwd=program.directory,
            env=program.env,
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
        STARTED.add(process.pid)
    except FileNotFoundError as error:
        raise ProgramNotFoundError(str(error.filename or program.arguments[0])) from error
    except OSError as error:
        raise _cannot_start(program, error) from error
    finally:
        _starting -= 1
    return process


def _cannot_start(program: Program, error: OSError) -> EngineError:
    refused = program.user and error.errno == errno.EACCES
    usual = _REMEDIES.get(error.errno or 0) or engine_error(error).remedy
    return EngineError(
        f"{program.arguments[0]!r} cannot be started: {error.strerror}",
        remedy=_OTHER_USER if refused else usual,
    )


class _Pump:
    """Sends the lines of a stream to a sink; shielded, because the last lines of a program matter most."""

    def __init__(self, source: ByteReceiveStream | None, stream: Stream, sink: Sink) -> None:
        self._source = source
        self._stream = stream
        self._sink = sink
        self.scope = anyio.CancelScope(shield=True)
        self.drained = anyio.Event()

    async def run(self) -> None:
        """Read until the end of the stream."""
        splitter = LineSplitter()
        with (
            self.scope,
            suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError),
        ):
            while self._source is not None:
                self._send(splitter.feed(await self._source.receive()))
        self._send(splitter.end())
        self.drained.set()

    def _send(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._sink(self._stream, line)


async def end_group(process: Process, escalation: Sequence[tuple[signal.Signals, float]]) -> None:
    """End a process and its process group: send INT, TERM and KILL, and wait after each."""
    for number, patience in escalation:
        if not is_alive(process.pid):
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with anyio.move_on_after(patience):
            while is_alive(process.pid):
                await anyio.sleep(0.02)


def is_alive(group: int) -> bool:
    """Return whether a process group has a member that is not a zombie."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    proc = Path("/proc/self/stat")
    return any(_members(group)) if proc.exists() else True


def _members(group: int) -> Sequence[int]:
    """Return the running processes of a group, from /proc (proc_pid_stat(5): pid, (comm), state, ppid, pgrp)."""
    members = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                stat = Path(entry.path, "stat").read_text(errors="replace")
                state, _, pgrp = stat.rpartition(")")[2].split()[:3]
                if int(pgrp) == group and state not in "ZX":
                    members.append(int(entry.name))
    return members
