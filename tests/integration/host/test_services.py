"""The services of a run, on this machine."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.host import mariadb
from heroci_action.engines.host.engine import HostEngine
from heroci_action.engines.host.services import Provided
from heroci_action.engines.host.session import HostSession
from heroci_action.engines.process import Program, capture
from heroci_action.engines.settings import EngineSettings
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan, Service, Stage
from tests.integration.docker_daemon import needs_docker
from tests.integration.host.conftest import Lines

WITH_SBIN = f"{os.environ['PATH']}:/usr/sbin"
TESTS = Stage(name="tests", services=("postgres",))


def plan(*stages: Stage, service: Service | None = None) -> Plan:
    return Plan(
        project="shop", stages=stages, services={"postgres": service or Service(name="postgres")}
    )


def engine(root: Path) -> HostEngine:
    return HostEngine(settings=EngineSettings(root=root, cache=root / "cache", machine=os.environ))


def provide(root: Path, service: Service, sink: Lines, *stages: str) -> list[Provided]:
    """Return the service as these stages get it, and check that it answers while they are open unless it warns."""

    async def main() -> list[Provided]:
        settings = EngineSettings(root=root, cache=root / "cache", machine=os.environ)
        async with HostEngine(settings=settings).open(Plan(project="shop")) as session:
            services = session.resources.services
            provided = [await services.provide(service, stage, sink) for stage in stages]
            for each in provided:
                if service.optional and each.warnings:
                    continue
                stream = await anyio.connect_tcp(each.values["host"], int(each.values["port"]))
                await stream.aclose()
                assert each.failure() is None
            return provided

    return anyio.run(main)


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


def test_the_output_of_a_service_that_does_not_start_reaches_the_stage_that_asks(
    tmp_path: Path, lines: Lines
) -> None:
    service = Service(name="search", command=("sh", "-c", "echo no disk; exit 3"))
    with pytest.raises(EngineError, match="ended with exit code 3"):
        provide(tmp_path, service, lines, "tests")
    assert lines == ["no disk"]


def test_a_server_without_an_extension_serves_with_a_warning_if_nothing_has_it(
    tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-daemon")
    service = Service(name="postgres", extensions=("plpgsql", "shop_prices"))
    (provided,) = provide(tmp_path, service, lines, "tests")
    assert "has no shop_prices, which the project requires" in "".join(provided.warnings)


@pytest.mark.docker
@needs_docker
def test_a_container_has_the_extensions_that_no_server_of_the_machine_has(
    tmp_path: Path, lines: Lines
) -> None:
    service = Service(name="postgres", version="17", extensions=("shop_prices",))
    (provided,) = provide(tmp_path, service, lines, "tests")
    assert provided.facts == {"postgres": "postgres:17-alpine"}


@pytest.mark.docker
@needs_docker
def test_a_postgres_image_gives_each_stage_a_database_with_a_password(
    tmp_path: Path, lines: Lines
) -> None:
    service = Service(name="postgres", image="postgres:17-alpine")
    tests, checks = provide(tmp_path, service, lines, "tests", "checks")
    assert tests.values["db"] == "heroci_tests"
    assert checks.values["db"] == "heroci_checks"
    assert tests.values["user"] == "heroci"
    assert tests.secrets == (tests.values["password"],)
    assert tests.values["url"].endswith(f"@127.0.0.1:{tests.values['port']}/heroci_tests")
    assert any("ready to accept connections" in line for line in lines)


@pytest.mark.docker
@needs_docker
def test_the_account_in_the_configuration_is_the_one_of_the_container(
    tmp_path: Path, lines: Lines
) -> None:
    env = {"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "shop", "POSTGRES_DB": "shop"}
    service = Service(name="db", image="postgres:17-alpine", env=env)
    (provided,) = provide(tmp_path, service, lines, "tests")
    port = provided.values["port"]
    assert provided.values["url"] == f"postgres://shop:shop@127.0.0.1:{port}/shop"
    assert provided.secrets == ()


def test_without_docker_an_image_of_postgres_is_replaced_with_a_warning(
    tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    service = Service(name="postgres", image="postgres:15-bookworm")
    (provided,) = provide(tmp_path, service, lines, "tests")
    (warning,) = provided.warnings
    assert "is used instead of postgres:15-bookworm" in warning


def test_without_docker_an_image_for_an_extension_is_an_error_that_names_the_extension(
    tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    service = Service(name="postgres", image="timescale/timescaledb:2.17.2-pg17")
    with pytest.raises(EngineError, match="extension 'timescaledb'"):
        provide(tmp_path, service, lines, "tests")


def optional_service(image: str) -> Service:
    arguments = ("sh", "-c", "sleep 1; exec python -u -m http.server 8123")
    return Service(name="web", image=image, port=8123, arguments=arguments, optional=True)


@pytest.mark.docker
@needs_docker
def test_an_optional_image_runs_its_arguments_and_is_ready_once_it_listens(
    tmp_path: Path, lines: Lines
) -> None:
    (provided,) = provide(tmp_path, optional_service("python:3.13-slim"), lines, "tests")
    assert provided.warnings == ()


@pytest.mark.docker
@needs_docker
def test_an_optional_image_that_cannot_be_pulled_is_left_out_with_a_warning(
    tmp_path: Path, lines: Lines
) -> None:
    (provided,) = provide(tmp_path, optional_service("127.0.0.1:9/no/such:1"), lines, "tests")
    (warning,) = provided.warnings
    assert "'web' (127.0.0.1:9/no/such:1)" in warning
    assert "was left out" in warning


def test_without_docker_an_optional_image_is_left_out_at_its_usual_address(
    tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    (provided,) = provide(tmp_path, optional_service("rabbitmq:3"), lines, "tests")
    assert (provided.values["host"], provided.values["port"]) == ("127.0.0.1", "8123")
    assert len(provided.warnings) == 1


@pytest.mark.skipif(
    not all(shutil.which(name, path=WITH_SBIN) for name in mariadb.PROGRAMS),
    reason="MariaDB is not installed; `apt-get install mariadb-server-core mariadb-client-core`",
)
@pytest.mark.parametrize("name", ["mysql", "mariadb"])
def test_mysql_is_a_real_server_with_a_database_for_each_stage(
    tmp_path: Path, lines: Lines, name: str
) -> None:
    async def main() -> tuple[Provided, str]:
        settings = EngineSettings(root=tmp_path, cache=tmp_path / "cache", machine=os.environ)
        async with HostEngine(settings=settings).open(Plan(project="shop")) as session:
            workspace = session.resources.workspace
            provided = await session.resources.services.provide(Service(name=name), "tests", lines)
            values = provided.values
            client = ("mariadb", "--no-defaults", "-h", values["host"], "-P", values["port"])
            statement = (
                "CREATE DATABASE test_x; SELECT DATABASE(), CURRENT_USER(), @@character_set_server"
            )
            program = Program(
                arguments=(*client, "-u", values["user"], "-N", "-e", statement, values["db"]),
                env=workspace.environment(MYSQL_PWD=values["password"]),
                directory=tmp_path,
            )
            done = await capture(program)
            refused = await capture(replace(program, env=workspace.environment(MYSQL_PWD="x")))
            assert refused.exit_code
            return provided, done.stdout or done.stderr

    provided, answer = anyio.run(main)
    assert answer.split() == ["heroci_tests", "root@127.0.0.1", "utf8mb4"]
    assert provided.values["url"].startswith("mysql://root:")
    assert provided.secrets == (provided.values["password"],)
    assert bool(provided.warnings) is (name == "mysql")


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed")
def test_redis_is_a_real_server(tmp_path: Path, lines: Lines) -> None:
    (provided,) = provide(tmp_path, Service(name="redis"), lines, "tests")
    assert provided.values["url"] == f"redis://127.0.0.1:{provided.values['port']}/0"


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed")
def test_redis_requires_the_password_of_the_projects_ci(tmp_path: Path, lines: Lines) -> None:
    service = Service(name="redis", env={"REDIS_PASSWORD": "a-b"})

    async def main() -> list[bytes]:
        async with engine(tmp_path).open(Plan(project="shop")) as session:
            values = (await session.resources.services.provide(service, "tests", lines)).values
            assert values["url"] == f"redis://:a-b@127.0.0.1:{values['port']}/0"
            async with await anyio.connect_tcp(values["host"], int(values["port"])) as stream:
                answers = list[bytes]()
                for line in ("PING", f"AUTH {values['password']}", "PING"):
                    await stream.send(f"{line}\r\n".encode())
                    answers.append(await stream.receive())
                return answers

    denied, *accepted = anyio.run(main)
    assert denied.startswith(b"-NOAUTH")
    assert accepted == [b"+OK\r\n", b"+PONG\r\n"]
