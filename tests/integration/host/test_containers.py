from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.docker import Docker
from heroci_action.engines.host.containers import open_network
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.process import capture, execute, running
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service
from tests.integration.docker_daemon import needs_docker
from tests.integration.host.conftest import Lines

SERVER = ("python3", "-m", "http.server", "8000")


def docker(space: Workspace) -> Docker:
    return Docker(machine=os.environ, run=space.run, scratch=space.scratch)


def left_of(run: str) -> str:
    found = [
        subprocess.run(
            ["docker", *kind, "--filter", f"label=heroci.run={run}"],
            capture_output=True,
            text=True,
            check=True,
        )
        for kind in (("ps", "-aq"), ("network", "ls", "-q"))
    ]
    return "".join(one.stdout for one in found)


def test_without_a_client_docker_is_not_to_be_had() -> None:
    problem = anyio.run(Docker(machine={"PATH": "/nowhere"}, directory=Path("/")).problem)
    assert problem
    assert problem.cause == "there is no docker client on the PATH"


@pytest.mark.skipif(not shutil.which("docker"), reason="there is no docker client")
def test_a_daemon_that_is_not_running_is_told_in_words(tmp_path: Path) -> None:
    machine = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    problem = anyio.run(Docker(machine=machine, directory=Path("/")).problem)
    assert problem
    assert problem.cause == "no Docker daemon is running"


@pytest.mark.docker
@needs_docker
def test_a_database_answers_to_its_name_and_is_gone_afterwards(
    space: Workspace, lines: Lines
) -> None:
    async def main() -> str:
        async with open_network(docker(space), "tests") as world:
            started = await world.start_service(Service(name="postgres", version="17"), lines)
            assert started.values()["host"] == "postgres"
            program = await world.command(
                "postgres:17-alpine", ("psql", "-XAtc", "show fsync", started.values()["url"]), {}
            )
            return (await capture(program)).stdout

    assert anyio.run(main) == "off"
    assert left_of(space.run) == ""


@pytest.mark.docker
@needs_docker
def test_the_application_is_reached_on_loopback(space: Workspace, lines: Lines) -> None:
    async def main() -> tuple[str, int]:
        async with open_network(docker(space), "image") as world:
            program = world.application("python:3.13-slim", SERVER, port=8000, env={})
            async with running(program, lines):
                host, port = await world.application_address(8000)
                for _ in range(100):
                    try:
                        async with await anyio.connect_tcp(host, port) as stream:
                            await stream.send(b"GET / HTTP/1.0\r\n\r\n")
                            if (await stream.receive()).startswith(b"HTTP/1.0 200"):
                                return host, port
                    except (OSError, anyio.EndOfStream, anyio.BrokenResourceError):
                        await anyio.sleep(0.1)
        raise AssertionError

    host, _ = anyio.run(main)
    assert host == "127.0.0.1"
    assert left_of(space.run) == ""


@pytest.mark.docker
@needs_docker
@pytest.mark.parametrize("name", ["queue", "redis"])
def test_a_service_whose_image_cannot_be_had_is_told_by_name(
    space: Workspace, lines: Lines, name: str
) -> None:
    async def main() -> None:
        async with open_network(docker(space), "tests") as world:
            service = Service(name=name, image=f"127.0.0.1:9/no/{name}:1", port=1)
            await world.start_service(service, lines)

    with pytest.raises(
        EngineError,
        match=rf"pull the image of service '{name}' \(127\.0\.0\.1:9/no/{name}:1\): .*refused",
    ) as raised:
        anyio.run(main)
    remedy = str(raised.value.remedy)
    assert f"set services.{name}.image" in remedy
    # The image would be wanted all the same.
    assert "apt-get install" not in remedy
    assert left_of(space.run) == ""


@pytest.mark.docker
@needs_docker
def test_variables_reach_the_container_and_nothing_else_does(
    space: Workspace, lines: Lines
) -> None:
    async def main() -> int:
        async with open_network(docker(space), "image") as world:
            return await execute(
                await world.command("python:3.13-slim", ("env",), {"MINE": "a b"}), lines
            )

    assert anyio.run(main) == 0
    assert "MINE=a b" in lines
    assert not any(line.startswith("HEROCI_") for line in lines)
