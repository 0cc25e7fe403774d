"""The session of the Dagger CLI: a child process that is started, watched and ended within time limits."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

from heroci_action.engines.base import Notify, one_error
from heroci_action.engines.dagger.cli_program import find_cli
from heroci_action.engines.dagger.guard import guard
from heroci_action.engines.dagger.preflight import SESSION_PORT, VERSION, Target
from heroci_action.engines.dagger.receiver import Receiver, receive
from heroci_action.engines.dagger.starting import wait_for_engine
from heroci_action.errors import EngineError

# Seconds to close a session properly, between SIGTERM and SIGKILL, and for a session that is known to be dead.
LEAVE_WITHIN = 10.0
END_WITHIN = 2.0
BROKEN_WITHIN = 0.5
KEPT_LINES = 200
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# The CLI prefixes its progress with the number of a span and the lines of a tree: "3 : ┆ connecting to engine".
_TREE = re.compile(r"^\s*(?:\d+\s*:\s*)?(?:[│┆├└╰╭─!✔✘●]\s*)*")


@dataclass(slots=True, kw_only=True)
class Cli:
    """An open session: the address of its API, the time of its start, and its output.

    `scratch` is a directory that is removed with the session, even if HeroCI is killed. `broken` is set as soon as the
    session is known to be dead, so that nothing waits for it on exit.
    """

    target: Target
    port: int
    token: str = field(repr=False)
    receiver: Receiver
    scratch: Path
    started: float = field(default_factory=anyio.current_time)
    ended: anyio.Event = field(default_factory=anyio.Event)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    broken: bool = False

    def last_error(self) -> str:
        """Return the last line in which the CLI reports an error."""
        return last_error(self.lines)


@asynccontextmanager
async def open_cli(target: Target, *, sdk: anyio.Event, notify: Notify) -> AsyncIterator[Cli]:
    """Open a session with an engine; on exit, the process of the CLI has ended. Raises EngineError if this fails.

    `sdk` is set as soon as the SDK has been imported; `notify` receives progress messages.
    """
    with tempfile.TemporaryDirectory(prefix="heroci-") as scratch:
        if SESSION_PORT in target.machine:
            cli = _session_of_dagger_run(target, Path(scratch))
            async with guard(cli.scratch):
                yield cli
        else:
            async with _open_own(target, scratch=Path(scratch), sdk=sdk, notify=notify) as cli:
                yield cli


def _session_of_dagger_run(target: Target, scratch: Path) -> Cli:
    machine = target.machine
    try:
        return Cli(
            target=target,
            port=int(machine[SESSION_PORT]),
            token=machine["DAGGER_SESSION_TOKEN"],
            receiver=Receiver(),
            scratch=scratch,
        )
    except (KeyError, ValueError) as error:
        raise EngineError(
            f"{SESSION_PORT} and DAGGER_SESSION_TOKEN do not describe a session",
            remedy="unset them, or start HeroCI with `dagger run`",
        ) from error


@asynccontextmanager
async def _open_own(
    target: Target, *, scratch: Path, sdk: anyio.Event, notify: Notify
) -> AsyncIterator[Cli]:
    """Find and start a CLI, and close its session on exit."""
    started = anyio.current_time()
    program = await find_cli(target.machine, sdk=sdk)
    with receive() as receiver:
        env = {"DAGGER_NO_UPDATE_CHECK": "1", **target.machine, **receiver.variables}
        async with _start(program, env, scratch) as (process, lines):
            port, token = await _parameters(process, lines, target=target, notify=notify)
            cli = Cli(
                target=target,
                port=port,
                token=token,
                receiver=receiver,
                scratch=scratch,
                started=started,
                lines=lines,
            )
            async with _watched(process, cli):
                yield cli


@asynccontextmanager
async def _watched(process: Process, cli: Cli) -> AsyncIterator[None]:
    with one_error():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch, process, cli)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await _leave(process, cli)


@asynccontextmanager
async def _start(
    program: str, env: Mapping[str, str], scratch: Path
) -> AsyncIterator[tuple[Process, deque[str]]]:
    """Start the CLI in a separate process group, because HeroCI handles Ctrl-C itself."""
    labels = ("--label", "dagger.io/sdk.name:python", "--label", f"dagger.io/sdk.version:{VERSION}")
    try:
        process = await anyio.open_process(
            [program, "session", *labels], env=env, start_new_session=True
        )
    except OSError as error:
        raise EngineError(
            f"the Dagger CLI {program!r} cannot be started: {error.strerror}",
            remedy=f"install Dagger {VERSION}, or use --engine host",
        ) from error
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    with one_error():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_keep, process.stderr, lines)
            try:
                async with guard(scratch, group=process.pid):
                    yield process, lines
            finally:
                with anyio.CancelScope(shield=True):
                    await _end(process)
                tasks.cancel_scope.cancel()


async def _keep(source: ByteReceiveStream | None, lines: deque[str]) -> None:
    """Read standard error, because a full pipe would stop the CLI, and keep the last lines."""
    rest = ""
    with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        while source is not None:
            text = rest + (await source.receive()).decode(errors="replace")
            *complete, rest = text.split("\n")
            lines.extend(complete)
    if rest:
        lines.append(rest)


async def _parameters(
    process: Process, lines: deque[str], *, target: Target, notify: Notify
) -> tuple[int, str]:
    """Return the port and token that the CLI prints once the engine responds."""
    line = b""
    async with wait_for_engine(target, notify) as waiting:
        with suppress(anyio.EndOfStream):
            while process.stdout is not None and not line.endswith(b"\n"):
                line += await process.stdout.receive()
    if waiting.given_up:
        raise EngineError(
            f"{target.engine} {waiting.given_up}: {last_error(lines)}",
            remedy=f"{target.hint}, or use --engine host",
        )
    try:
        found = json.loads(line)
        return int(found["port"]), str(found["session_token"])
    except (ValueError, KeyError, TypeError) as error:
        with anyio.move_on_after(1):
            await process.wait()
            # The last lines are still in the pipe.
            await anyio.sleep(0.1)
        raise EngineError(
            f"{target.engine} could not be started: {last_error(lines)}",
            remedy=f"{target.hint}, or use --engine host",
        ) from error


def last_error(lines: deque[str]) -> str:
    """Return the last line that reports an error, else the last line, without colours and tree characters."""
    plain = [_plain(line) for line in lines]
    plain = [line for line in plain if line]
    errors = [line for line in plain if "error" in line.lower()]
    return (errors or plain or ["the CLI printed nothing"])[-1][:300]


def _plain(line: str) -> str:
    text = _ESCAPES.sub("", line).partition(" [traceparent:")[0]
    return _TREE.sub("", text).strip()


async def _watch(process: Process, cli: Cli) -> None:
    await process.wait()
    cli.broken = True
    cli.ended.set()


async def _leave(process: Process, cli: Cli) -> None:
    """Close the session: the CLI ends when its standard input is closed."""
    if process.stdin is not None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            await process.stdin.aclose()
    with anyio.move_on_after(BROKEN_WITHIN if cli.broken else LEAVE_WITHIN):
        await process.wait()


async def _end(process: Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with anyio.move_on_after(END_WITHIN):
            await process.wait()
