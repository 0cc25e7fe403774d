"""The services of a run, on this machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.host.engine import HostEngine
from heroci_action.engines.host.session import HostSession
from heroci_action.engines.settings import EngineSettings
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan, Service, Stage
from tests.integration.host.conftest import Lines

TESTS = Stage(name="tests", services=("postgres",))


def plan(*stages: Stage, service: Service | None = None) -> Plan:
    return Plan(
        project="shop", stages=stages, services={"postgres": service or Service(name="postgres")}
    )


def engine(root: Path) -> HostEngine:
    return HostEngine(settings=EngineSettings(root=root, cache=root / "cache", machine=os.environ))


def started(session: HostSession) -> bool:
    """Whether the server of this run listens, as its own file says."""
    run = session.resources.workspace.run
    places = (Path("/dev/shm"), session.resources.workspace.scratch)
    return any(
        (place / f"heroci-{run}-postgres" / "data" / "postmaster.pid").exists() for place in places
    )


def test_the_server_starts_before_a_stage_asks_and_its_first_lines_are_not_lost(
    tmp_path: Path, lines: Lines
) -> None:
    async def main() -> None:
        async with engine(tmp_path).open(plan(TESTS)) as session:
            with anyio.fail_after(60):
                while not started(session):
                    await anyio.sleep(0.05)
            async with session.stage(TESTS, lines):
                pass

    anyio.run(main)
    assert any("ready to accept connections" in line for line in lines)


@pytest.mark.parametrize("stages", [(), (Stage(name="tests", services=("postgres",), skip="no"),)])
def test_nothing_is_started_that_no_stage_will_use(
    tmp_path: Path, stages: tuple[Stage, ...]
) -> None:
    async def main() -> bool:
        async with engine(tmp_path).open(plan(*stages)) as session:
            await anyio.sleep(1)
            return started(session)

    assert not anyio.run(main)


def test_a_server_that_cannot_start_is_told_to_the_stage_that_asks(
    tmp_path: Path, lines: Lines
) -> None:
    async def main(port: int) -> None:
        service = Service(name="postgres", port=port)
        async with engine(tmp_path).open(plan(TESTS, service=service)) as session:
            await anyio.sleep(1)
            with pytest.raises(EngineError, match=str(port)):
                async with session.stage(TESTS, lines):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as taken:
        anyio.run(main, taken.getsockname()[1])
