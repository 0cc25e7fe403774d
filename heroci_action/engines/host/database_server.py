"""Shared parts of the database servers on this machine: data directory, user, port, and a watched log."""

from __future__ import annotations

import os
import pwd
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio
from anyio.abc import Process

from heroci_action.engines.base import Sink, Stream
from heroci_action.engines.host.ports import free_port
from heroci_action.engines.host.reaper import remove_shared_memory
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.known_services import Access
from heroci_action.engines.process import Program, User, ready, running
from heroci_action.errors import EngineError

READY_WITHIN = 60.0  # seconds
# A free port can be taken by another program before the server listens on it.
STARTS = 3
ROOM = 1024**3  # bytes that must be free in memory to keep the data there
LAST_LINES = 3
# Files in these directories get random names.
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108
_SHELL = "\"'`$\\"
_MEMORY = Path("/dev/shm")  # noqa: S108  what is created in it has mode 0700 and a random name


class DatabaseServer(Protocol):
    """A running database server."""

    @property
    def access(self) -> Access:
        """The account of the stages."""
        ...

    async def create_database(self, name: str) -> Mapping[str, str]:
        """Create a database unless it exists, and return the values of its placeholders."""
        ...

    def failure(self) -> EngineError | None:
        """Return an error if the server stopped although no one asked it to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSigns:
    """Texts in the log of a server that show its state."""

    ready: str
    port_taken: str
    crashed: str
    important: tuple[str, ...]


class ServerLog:
    """Passes the log of a server on, and notices its state."""

    def __init__(self, sink: Sink, signs: LogSigns) -> None:
        self._sink = sink
        self._signs = signs
        self.ready = anyio.Event()
        self.port_taken = False
        self.crash: str | None = None
        self.last: deque[str] = deque(maxlen=LAST_LINES)

    def __call__(self, stream: Stream, line: str) -> None:
        """Receive a line."""
        self._sink(stream, line)
        if self._signs.ready in line:
            self.ready.set()
        self.port_taken = self.port_taken or self._signs.port_taken in line
        if self._signs.crashed in line:
            self.crash = self.crash or line
        if not self.last or any(sign in line for sign in self._signs.important):
            self.last.append(line)

    @property
    def summary(self) -> str:
        """The last important lines."""
        return "; ".join(self.last) or "it printed nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A server's process with its port and log; `title` names it in messages."""

    title: str
    port: int
    process: Process
    log: ServerLog

    def failure(self) -> EngineError | None:
        """Return an error if the server has stopped or crashed."""
        code = self.process.returncode
        if code is None and self.log.crash is None:
            return None
        how = f"was ended by signal {-code}" if code and code < 0 else "stopped unexpectedly"
        return EngineError(
            f"{self.title} {how} while the step was running",
            remedy=f"check the free memory and /dev/shm; the server's log ends with: {self.log.summary}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProgram:
    """How to start a server: `program` returns its program for a port, `port` is None if any free one will do.

    `title` names it in messages, `service` is its name in the configuration.
    """

    title: str
    service: str
    program: Callable[[int], Program]
    signs: LogSigns
    port: int | None = None

    def not_ready(self, log: ServerLog) -> EngineError:
        """Return the error for a server that did not become ready."""
        if self.port and log.port_taken:
            return EngineError(
                f"port {self.port}, which `services.{self.service}.port` requires, is in use on this machine",
                remedy="stop the program that uses it, or let the settings read the port from the environment",
            )
        return EngineError(
            f"{self.title} did not become ready within {READY_WITHIN:g} s: {log.summary}",
            remedy="free memory or disk space, or see the log of the services",
        )


@asynccontextmanager
async def start_server(
    server: ServerProgram, workspace: Workspace, sink: Sink
) -> AsyncIterator[Watched]:
    """Start the server and wait until it is ready; stop it on exit. Raises EngineError if it does not become ready."""
    log = ServerLog(sink, server.signs)
    for _ in range(1 if server.port else STARTS):
        log = ServerLog(sink, server.signs)
        port = server.port or free_port()
        async with running(server.program(port), log) as process:
            workspace.guard_group(process.pid)
            if await ready(process, log.ready.wait, READY_WITHIN):
                yield Watched(title=server.title, port=port, process=process, log=log)
                return
        if not log.port_taken:
            break
    raise server.not_ready(log)


def server_user(*names: str) -> User | None:
    """Return an unprivileged user for a server that must not run as root, None if HeroCI is not root."""
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(uid=entry.pw_uid, gid=entry.pw_gid)
    wanted = " or ".join(map(repr, names))
    raise EngineError(
        f"a database server must not run as root, and there is no user {wanted}",
        remedy=f"add one of them (`useradd --system {names[0]}`), or run HeroCI as another user",
    )


@contextmanager
def data_directory(workspace: Workspace, name: str, user: User | None) -> Iterator[Path]:
    """Create a directory that only the server can read; in memory if there is room, because its content need not last.

    Yields the directory `data` in it; other files of the server may be put next to it.
    """
    home = (_MEMORY if _memory_has_room() else plain_parent(workspace)) / (
        f"heroci-{workspace.run}-{name}"
    )
    data = home / "data"
    # Before it exists, so that no moment is left in which a killed engine leaves it.
    workspace.guard_directory(home)
    try:
        for path in (home, data):
            path.mkdir(mode=0o700)
            if user:
                os.chown(path, user.uid, user.gid)
        yield data
    finally:
        remove_shared_memory(str(data))
        shutil.rmtree(home, ignore_errors=True)


def plain_parent(workspace: Workspace) -> Path:
    """Return a directory whose path servers can pass to a shell in quotes, as initdb does."""
    places = (workspace.scratch, *map(Path, _TEMPORARY))
    plain = (place for place in places if not set(_SHELL) & set(str(place)))
    return next((place for place in plain if os.access(place, os.W_OK)), workspace.scratch)


def write_private(path: Path, text: str, user: User | None) -> None:
    """Write a file that only the server can read."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    if user:
        os.chown(path, user.uid, user.gid)


def _memory_has_room() -> bool:
    return (
        _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= ROOM
    )
