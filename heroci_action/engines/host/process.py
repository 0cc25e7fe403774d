"""Processes of the host engine: started in a group of their own, read line by line, ended in order."""

from __future__ import annotations

import codecs
import errno
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

from heroci_action.engines.base import Sink, Stream
from heroci_action.engines.commands import not_there
from heroci_action.engines.task_errors import one_error
from heroci_action.errors import EngineError

# SIGINT lets a test runner write its reports and drop its databases; the others are for those that did not listen.
ESCALATION = ((signal.SIGINT, 5.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0))
LONGEST_LINE = 64 * 1024  # characters; a longer line is handed on in pieces
DRAIN_WITHIN = 2.0  # seconds that somebody outside the group may go on holding the pipes
_LINE_END = re.compile(r"\r\n|\n|\r")


class ProgramNotFoundError(EngineError):
    """There is no such program on the step's PATH."""

    def __init__(self, program: str) -> None:
        missing = not_there(program)
        super().__init__(missing.cause or program, remedy=missing.remedy)
        self.program = program


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Whom to run a program as; only root may choose."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to start: its arguments, the whole of its environment, and where it runs."""

    arguments: Sequence[str]
    env: Mapping[str, str]
    directory: Path
    user: User | None = None
    escalation: Sequence[tuple[signal.Signals, float]] = ESCALATION


async def execute(program: Program, sink: Sink) -> int:
    """Run the program to its end; its exit code, 128 + N where signal N ended it. Cancelling ends it.

    Raises EngineError where it cannot be started.
    """
    async with running(program, sink) as process:
        return exit_code(await process.wait())


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What a short program printed, and its exit code."""

    exit_code: int
    stdout: str
    stderr: str


async def capture(program: Program) -> Captured:
    """Run a short program for what it prints. Raises EngineError where it cannot be started."""
    lines: dict[Stream, list[str]] = {Stream.STDOUT: [], Stream.STDERR: []}
    code = await execute(program, lambda stream, line: lines[stream].append(line))
    stdout, stderr = ("\n".join(lines[stream]) for stream in (Stream.STDOUT, Stream.STDERR))
    return Captured(exit_code=code, stdout=stdout, stderr=stderr)


def exit_code(returncode: int) -> int:
    """A return code in the shell's convention, where a signal N is 128 + N (POSIX, 2.8.2)."""
    return 128 - returncode if returncode < 0 else returncode


@asynccontextmanager
async def running(program: Program, sink: Sink) -> AsyncIterator[Process]:
    """The program, started; its output goes to the sink line by line. On leaving, its whole group is ended.

    Raises EngineError where it cannot be started.
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
                for pump in pumps:
                    pump.scope.cancel()


async def ready(process: Process, wait: Callable[[], Awaitable[object]], within: float) -> bool:
    """Whether `wait` came back within so many seconds while the process was alive."""
    came_back = False
    with anyio.move_on_after(within):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_at_end, process, tasks.cancel_scope)
            await wait()
            came_back = process.returncode is None
            tasks.cancel_scope.cancel()
    return came_back


async def _cancel_at_end(process: Process, scope: anyio.CancelScope) -> None:
    await process.wait()
    scope.cancel()


async def _start(program: Program) -> Process:
    user = program.user
    try:
        return await anyio.open_process(
            program.arguments,
            stdin=-3,  # subprocess.DEVNULL: a step that asks a question gets an end of file, not a hang
            cwd=program.directory,
            env=program.env,
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
    except FileNotFoundError as error:
        raise ProgramNotFoundError(str(error.filename or program.arguments[0])) from error
    except OSError as error:
        raise EngineError(
            f"{program.arguments[0]!r} cannot be started: {error.strerror}", remedy=_remedy(error)
        ) from error


def _remedy(error: OSError) -> str | None:
    return {
        errno.E2BIG: "its arguments are too long for this system",
        errno.EACCES: "make it executable",
        errno.EAGAIN: "too many processes are running; lower --max-parallel",
        errno.ENOMEM: "the memory is used up; lower --max-parallel",
        errno.ENOEXEC: "it is no program for this machine; a script needs a first line with #!",
    }.get(error.errno or 0)


class _Pump:
    """Hands on whole lines; a carriage return ends one too, so that progress bars do not pile up.

    Its shield lets it go on while the program is being ended: the last words matter most.
    """

    def __init__(self, source: ByteReceiveStream | None, stream: Stream, sink: Sink) -> None:
        self._source = source
        self._stream = stream
        self._sink = sink
        self.scope = anyio.CancelScope(shield=True)
        self.drained = anyio.Event()

    async def run(self) -> None:
        """Pump until the end of the stream."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        rest = ""
        with (
            self.scope,
            suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError),
        ):
            while self._source is not None:
                lines, rest = _split(rest + decoder.decode(await self._source.receive()))
                self._hand_on(lines)
        if rest:
            self._hand_on([rest.rstrip("\r")])
        self.drained.set()

    def _hand_on(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._sink(self._stream, line)


def _split(text: str) -> tuple[list[str], str]:
    """The complete lines in the text, cut where they are too long, and what is left of it."""
    held = text.endswith("\r")  # may be half of a line end
    *lines, rest = _LINE_END.split(text[:-1] if held else text)
    *more, rest = _pieces(rest)
    return [piece for line in lines for piece in _pieces(line)] + more, (
        rest + "\r" if held else rest
    )


def _pieces(line: str) -> list[str]:
    return [line[start : start + LONGEST_LINE] for start in range(0, len(line) or 1, LONGEST_LINE)]


async def end_group(process: Process, escalation: Sequence[tuple[signal.Signals, float]]) -> None:
    """End a process and all that it has started: INT, TERM, KILL to its group, each with some patience."""
    for number, patience in escalation:
        if not alive(process.pid):
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with anyio.move_on_after(patience):
            while alive(process.pid):
                await anyio.sleep(0.02)


def alive(group: int) -> bool:
    """Whether a process group has a member that is more than a zombie."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    proc = Path("/proc/self/stat")
    return any(_members(group)) if proc.exists() else True


def _members(group: int) -> Sequence[int]:
    """The living processes of a group, by Linux's /proc (proc_pid_stat(5): pid, (comm), state, ppid, pgrp)."""
    members = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                stat = Path(entry.path, "stat").read_text(errors="replace")
                state, _, pgrp = stat.rpartition(")")[2].split()[:3]
                if int(pgrp) == group and state not in "ZX":
                    members.append(int(entry.name))
    return members
