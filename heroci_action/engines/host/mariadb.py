"""A MariaDB server for one run, for projects that use MySQL too: on loopback, with a random port and password."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from heroci_action.engines.base import Sink
from heroci_action.engines.host.database_server import (
    LogSigns,
    ServerProgram,
    Watched,
    data_directory,
    server_user,
    start_server,
    write_private,
)
from heroci_action.engines.host.ports import LOOPBACK
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.known_services import MYSQL_UNSAFE, Access, KnownService, quoted
from heroci_action.engines.process import Program, User, capture
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service

PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb")
PACKAGES = ("mariadb-server", "mariadb-client")
ESCALATION = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
SIGNS = LogSigns(
    ready="ready for connections",
    port_taken="Can't start server: Bind on TCP/IP port",
    crashed="got signal",
    important=("[ERROR]", "got signal"),
)
# Debian installs the server where only root's PATH has it.
_DIRECTORIES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/opt/mariadb/bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The programs of an installed MariaDB, by name."""

    paths: Mapping[str, str]
    version: str

    def __str__(self) -> str:
        return f"MariaDB {self.version} (system)"


@dataclass(frozen=True, slots=True, kw_only=True)
class MariaDb:
    """A running server."""

    programs: Programs
    watched: Watched
    access: Access
    workspace: Workspace = field(repr=False)

    async def create_database(self, name: str) -> Mapping[str, str]:
        """Create a database unless it exists, and return the values of its placeholders."""
        name = self.access.database or name
        port = self.watched.port
        server = ("-h", LOOPBACK, "-P", str(port), "-u", self.access.user)
        statement = f"CREATE DATABASE IF NOT EXISTS {quoted(name, '`')}"
        outcome = await capture(
            Program(
                arguments=(
                    self.programs.paths["mariadb"],
                    "--no-defaults",
                    *server,
                    "-e",
                    statement,
                ),
                env=self.workspace.environment(MYSQL_PWD=self.access.password),
                directory=Path("/"),
            )
        )
        if outcome.exit_code:
            raise EngineError(f"MariaDB refused {statement!r}: {outcome.stderr.strip()}")
        return self.access.values(LOOPBACK, port, name)

    def failure(self) -> EngineError | None:
        """Return an error if the server stopped although no one asked it to."""
        return self.watched.failure()


async def find_programs(workspace: Workspace) -> Programs | None:
    """Return the programs if MariaDB is installed."""
    path = ":".join((workspace.path, *_DIRECTORIES))
    found = {name: shutil.which(name, path=path) for name in PROGRAMS}
    paths = {name: program for name, program in found.items() if program}
    if len(paths) < len(PROGRAMS):
        return None
    version = await capture(
        Program(
            arguments=(paths["mariadbd"], "--no-defaults", "--version"),
            env=workspace.environment(),
            directory=Path("/"),
        )
    )
    match = re.search(r"Ver (\d+\.\d+)", version.stdout)
    return Programs(paths=paths, version=match[1] if match else "of unknown version")


def replacement_warning(
    service: Service, known: KnownService, programs: Programs
) -> tuple[str, ...]:
    """Return a warning if the project requires MySQL or another version."""
    if known.name == "mariadb" and (service.version or programs.version) == programs.version:
        return ()
    wanted = service.image or f"{known.name} {service.version or ''}".strip()
    return (f"{wanted} is not available; {programs} is used instead",)


@asynccontextmanager
async def start_mariadb(
    programs: Programs,
    service: Service,
    known: KnownService,
    *,
    workspace: Workspace,
    sink: Sink,
) -> AsyncIterator[MariaDb]:
    """Start a server; on exit, stop it and remove its data. Raises EngineError if it does not become ready."""
    user, access = server_user("mysql", "nobody"), Access.of(service, known)
    with data_directory(workspace, service.name, user) as data:
        cluster = _Cluster(programs=programs, data=data, workspace=workspace, user=user)
        await cluster.initialize(access)
        server = ServerProgram(
            title=str(programs),
            service=service.name,
            program=cluster.server,
            signs=SIGNS,
            port=service.port,
        )
        async with start_server(server, workspace, sink) as watched:
            yield MariaDb(programs=programs, watched=watched, access=access, workspace=workspace)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """A data directory and its programs."""

    programs: Programs
    data: Path
    workspace: Workspace
    user: User | None

    def _program(self, name: str, *arguments: str) -> Program:
        return Program(
            arguments=(
                self.programs.paths[name],
                "--no-defaults",
                f"--datadir={self.data}",
                *arguments,
            ),
            # The temporary directory of the steps is not writable for the server's user.
            env=self.workspace.environment(TMPDIR=str(self.data.parent)),
            directory=Path("/"),
            user=self.user,
            escalation=ESCALATION,
        )

    @property
    def _accounts(self) -> Path:
        return self.data.with_name("accounts.sql")

    async def initialize(self, access: Access) -> None:
        """Create the data directory and the statements that create the account."""
        outcome = await capture(
            self._program(
                "mariadb-install-db", "--skip-test-db", "--auth-root-authentication-method=normal"
            )
        )
        if outcome.exit_code:
            last = (outcome.stderr or outcome.stdout).strip().rpartition("\n")[2]
            raise EngineError(
                f"{self.programs} could not create a database cluster: {last}",
                remedy="free disk space, or set TMPDIR to a directory with enough space",
            )
        write_private(self._accounts, "".join(_statements(access)), self.user)

    def server(self, port: int) -> Program:
        """Return the program of the server on this port."""
        return self._program(
            "mariadbd",
            f"--port={port}",
            f"--bind-address={LOOPBACK}",
            f"--socket={self.data.with_name('socket')}",
            f"--pid-file={self.data.with_name('pid')}",
            f"--init-file={self._accounts}",
            "--skip-name-resolve",
            *MYSQL_UNSAFE,
        )


def _statements(access: Access) -> list[str]:
    """Return the statements that create the account, with the right to create test databases."""
    name, password = _literal(access.user), _literal(access.password)
    statements = ["DELETE FROM mysql.global_priv WHERE User = '';\n", "FLUSH PRIVILEGES;\n"]
    for host in ("%", LOOPBACK, "localhost"):
        account = f"{name}@'{host}'"
        statements += [
            f"CREATE OR REPLACE USER {account} IDENTIFIED BY {password};\n",
            f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION;\n",
        ]
    return statements


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"
