"""The session of the Dagger CLI, as a child process of our own: started, watched and ended within limits."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import ByteReceiveStream, Process

from heroci_action.engines.base import one_error
from heroci_action.engines.dagger.preflight import (
    CLI,
    SESSION_PORT,
    VERSION,
    Target,
)
from heroci_action.engines.dagger.receiver import Receiver, receiving
from heroci_action.errors import EngineError

READY_WITHIN = 45.0  # seconds that an engine which is on this machine may take to answer
FETCHED_WITHIN = 300.0  # where its image has to be pulled first
DOWNLOADED_WITHIN = 180.0  # seconds for the CLI itself
DOWNLOADS = "dl.dagger.io"  # as the SDK has it
PROXIES = ("HTTPS_PROXY", "ALL_PROXY")
REACHED_WITHIN = 5.0
LEAVE_WITHIN = 10.0  # seconds to close a session in order
END_WITHIN = 2.0  # seconds between SIGTERM and SIGKILL
BROKEN_WITHIN = 0.5  # seconds for a session that is known to be dead
KEPT_LINES = 200
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(slots=True, kw_only=True)
class Cli:
    """An open session: where its API answers, and what is observed of it.

    `broken` is set once the session is known to be dead, so that nobody waits for it on leaving.
    """

    port: int
    token: str = field(repr=False)
    receiver: Receiver
    ended: anyio.Event = field(default_factory=anyio.Event)
    last_words: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    broken: bool = False

    def said(self) -> str:
        """The last line of the CLI that says what went wrong."""
        return _last_words(self.last_words)


@asynccontextmanager
async def open_cli(target: Target, *, sdk: anyio.Event) -> AsyncIterator[Cli]:
    """A session with an engine; the CLI's process is gone on leaving. Raises EngineError where none comes to be.

    `sdk` is set once the SDK is imported, which goes on at the same time.
    """
    if SESSION_PORT in target.machine:
        yield _existing(target.machine)
        return
    program = await find_cli(target.machine, sdk=sdk)
    with receiving() as receiver:
        env = {"DAGGER_NO_UPDATE_CHECK": "1", **target.machine, **receiver.variables}
        async with _started(program, env) as (process, lines):
            limit = READY_WITHIN if target.starts_quickly else FETCHED_WITHIN
            port, token = await _parameters(process, lines, within=limit)
            cli = Cli(port=port, token=token, receiver=receiver, last_words=lines)
            with one_error():
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_watch, process, cli)
                    try:
                        yield cli
                    finally:
                        tasks.cancel_scope.cancel()
                        with anyio.CancelScope(shield=True):
                            await _leave(process, cli)


def _existing(machine: Mapping[str, str]) -> Cli:
    """The session that `dagger run` has opened for us."""
    try:
        return Cli(
            port=int(machine[SESSION_PORT]),
            token=machine["DAGGER_SESSION_TOKEN"],
            receiver=Receiver(),
        )
    except (KeyError, ValueError) as error:
        raise EngineError(
            f"{SESSION_PORT} and DAGGER_SESSION_TOKEN do not name a session",
            remedy="unset them, or start HeroCI with `dagger run`",
        ) from error


async def find_cli(machine: Mapping[str, str], *, sdk: anyio.Event) -> str:
    """The CLI of our version, downloaded by the SDK where it is not here. Raises EngineError where it cannot be."""
    found = await cli_at_hand(machine)
    if found is None:
        await _must_reach_downloads(machine)
        await sdk.wait()  # two threads in its imports would wait for each other
        found = await _downloaded()
    return found


async def cli_at_hand(machine: Mapping[str, str]) -> str | None:
    """The CLI that is named, the one on the PATH, or the SDK's earlier download; None where there is none of them.

    Raises EngineError where the one that is named is not there.
    """
    named = machine.get(CLI)
    if named:
        if not shutil.which(named, path=machine.get("PATH")):
            raise EngineError(
                f"there is no Dagger CLI at {named!r}", remedy=f"correct or unset {CLI}"
            )
        return named
    found = shutil.which("dagger", path=machine.get("PATH"))
    if found and await _version(found, machine) == VERSION:
        return found
    kept = _kept_by_the_sdk(machine)
    return str(kept) if kept.is_file() else None


def _kept_by_the_sdk(machine: Mapping[str, str]) -> Path:
    """Where the SDK keeps the CLI that it has downloaded (on Linux)."""
    base = machine.get("XDG_CACHE_HOME") or Path(machine.get("HOME", "/root"), ".cache")
    return Path(base, "dagger", f"dagger-{VERSION}")


async def _version(program: str, machine: Mapping[str, str]) -> str | None:
    """The version that the CLI says it has: `dagger v0.21.8 (…)`."""
    with anyio.move_on_after(10), suppress(OSError):
        done = await anyio.run_process([program, "version"], env=machine, check=False)
        found = re.search(r"\bv(\d+\.\d+\.\d+)", done.stdout.decode(errors="replace"))
        return found[1] if found else None
    return None


async def _must_reach_downloads(machine: Mapping[str, str]) -> None:
    """Find out at once where there is no way to the downloads; behind a proxy, only trying tells."""
    if any(name.upper() in PROXIES for name in machine):
        return
    try:
        with anyio.fail_after(REACHED_WITHIN):
            await (await anyio.connect_tcp(DOWNLOADS, 443)).aclose()
    except (OSError, TimeoutError) as error:
        raise _no_download(error) from error


def _no_download(error: Exception) -> EngineError:
    return EngineError(
        f"the Dagger CLI {VERSION} could not be downloaded: {error or 'it took too long'}",
        remedy=f"install Dagger {VERSION} so that `dagger` is on the PATH, or use --engine host",
    )


async def _downloaded() -> str:
    from dagger.provisioning._download import (  # noqa: PLC0415  the SDK takes a second to import
        Downloader,
    )

    try:
        with anyio.fail_after(DOWNLOADED_WITHIN):
            # In a thread that is left behind if it has to be: the download has no limit of its own.
            return await anyio.to_thread.run_sync(Downloader().get_sync, abandon_on_cancel=True)
    except Exception as error:
        raise _no_download(error) from error


@asynccontextmanager
async def _started(
    program: str, env: Mapping[str, str]
) -> AsyncIterator[tuple[Process, deque[str]]]:
    """The CLI in a process group of its own: Ctrl-C in a terminal is ours to handle. Killed on leaving, if need be."""
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
                yield process, lines
            finally:
                with anyio.CancelScope(shield=True):
                    await _end(process)
                tasks.cancel_scope.cancel()


async def _keep(source: ByteReceiveStream | None, lines: deque[str]) -> None:
    """Drain standard error, since a full pipe would stop the CLI, and keep the end of it."""
    rest = ""
    with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        while source is not None:
            text = rest + (await source.receive()).decode(errors="replace")
            *whole, rest = text.split("\n")
            lines.extend(whole)
    if rest:
        lines.append(rest)


async def _parameters(process: Process, lines: deque[str], *, within: float) -> tuple[int, str]:
    """The port and token that the CLI prints once an engine answers."""
    line = b""
    with anyio.move_on_after(within) as limit, suppress(anyio.EndOfStream):
        while process.stdout is not None and not line.endswith(b"\n"):
            line += await process.stdout.receive()
    if limit.cancelled_caught:
        raise EngineError(
            f"the Dagger engine did not get ready within {within:g} s: {_last_words(lines)}",
            remedy="look at its container (`docker logs`), or use --engine host",
        )
    try:
        found = json.loads(line)
        return int(found["port"]), str(found["session_token"])
    except (ValueError, KeyError, TypeError) as error:
        with anyio.move_on_after(1):
            await process.wait()
            await anyio.sleep(0.1)  # its last words are still in the pipe
        raise EngineError(
            f"the Dagger engine could not be started: {_last_words(lines)}",
            remedy="look at its container (`docker logs`), or use --engine host",
        ) from error


def _last_words(lines: deque[str]) -> str:
    """The line that tells most, without colours: the last that speaks of an error, else the last one."""
    plain = [_ESCAPES.sub("", line).partition(" [traceparent:")[0].strip() for line in lines]
    plain = [line for line in plain if line]
    telling = [line for line in plain if "error" in line.lower() or "ERROR" in line]
    return (telling or plain or ["it said nothing"])[-1][:300]


async def _watch(process: Process, cli: Cli) -> None:
    await process.wait()
    cli.broken = True
    cli.ended.set()


async def _leave(process: Process, cli: Cli) -> None:
    """Close the session: the CLI ends itself when its standard input is closed."""
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
