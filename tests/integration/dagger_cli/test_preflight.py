"""Finding the engine: addresses, containers, and the engine that `auto` chooses."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.choice import choose
from heroci_action.engines.dagger import cli_program
from heroci_action.engines.dagger.cli_program import find_cli
from heroci_action.engines.dagger.engine import find_running_engine
from heroci_action.engines.dagger.preflight import CLI, RUNNER_HOST, SCHEMES, preflight
from heroci_action.errors import EngineError, UsageError
from heroci_action.options import EngineChoice
from tests.integration.dagger import reach
from tests.integration.dagger_cli.conftest import ADDRESS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({RUNNER_HOST: "", "PATH": "/nowhere"}, "no docker client"),
        ({RUNNER_HOST: "tcp://127.0.0.1:1"}, "no Dagger engine responds at tcp://127.0.0.1:1"),
        ({RUNNER_HOST: "tls://127.0.0.1:1"}, "no Dagger engine responds at tls://127.0.0.1:1"),
        ({RUNNER_HOST: "unix:///nowhere.sock"}, "no Dagger engine responds at unix:"),
        ({CLI: "/nowhere/dagger"}, "names a file that does not exist: '/nowhere/dagger'"),
        ({"STAND_IN_FAULT": "cannot start"}, "no space left on device"),
    ],
)
def test_auto_falls_back_to_the_host_engine_in_one_clear_line(
    machine: dict[str, str], changes: dict[str, str], reason: str
) -> None:
    chosen = anyio.run(lambda: choose(EngineChoice.AUTO, machine={**machine, **changes}))
    assert chosen.name == "host"
    assert reason in chosen.reason
    assert "\n" not in chosen.reason


def test_auto_chooses_dagger_if_a_session_can_be_opened(machine: dict[str, str]) -> None:
    chosen = anyio.run(lambda: choose(EngineChoice.AUTO, machine=machine))
    assert chosen.name == "dagger"
    assert ADDRESS in chosen.reason


def test_auto_does_not_fall_back_if_the_engine_was_named(machine: dict[str, str]) -> None:
    with pytest.raises(EngineError, match="no Dagger engine responds"):
        anyio.run(
            lambda: choose(EngineChoice.AUTO, machine=machine, runner_host="tcp://127.0.0.1:1")
        )


def test_unreachable_downloads_are_reported(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_program, "DOWNLOADS", "nowhere.invalid")  # RFC 2606
    without = {name: value for name, value in machine.items() if name != CLI}
    chosen = anyio.run(lambda: choose(EngineChoice.AUTO, machine=without))
    assert chosen.name == "host"
    assert "could not be downloaded" in chosen.reason


@pytest.mark.parametrize(
    "host",
    ["example.org:1234", "http://x", "tcp://", "tcp://x", "tcp://x:y", "podman-container://x"],
)
def test_an_invalid_runner_host_is_a_usage_error(machine: dict[str, str], host: str) -> None:
    with pytest.raises(UsageError, match="runner host"):
        anyio.run(preflight, machine, host)


@pytest.mark.parametrize(
    "host", ["ssh://me@build.example", "container+podman://x", "image+nerdctl://x", "kube-pod://x"]
)
def test_an_address_that_only_the_cli_can_check_is_accepted(
    machine: dict[str, str], host: str
) -> None:
    assert anyio.run(preflight, machine, host).machine[RUNNER_HOST] == host


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ('[ "$1" = version ]', "the local Docker has no container 'nope'"),
        ("echo false", "the container 'nope' is not running"),
    ],
)
@pytest.mark.parametrize("scheme", ["docker-container", "container", "container+docker"])
def test_a_container_that_cannot_be_the_engine_is_named(
    machine: dict[str, str], docker: Callable[[str], None], scheme: str, script: str, cause: str
) -> None:
    docker(script)
    with pytest.raises(EngineError) as caught:
        anyio.run(preflight, machine, f"{scheme}://nope")
    assert caught.value.cause == cause
    assert caught.value.remedy


def test_a_password_in_a_runner_host_is_not_shown(machine: dict[str, str]) -> None:
    with pytest.raises(EngineError) as caught:
        anyio.run(preflight, machine, "tcp://user:hunter2@127.0.0.1:1")
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def closed_socket() -> Iterator[Path]:
    """A listening socket that only root may use, in a directory that is open to all."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listening:
        Path(directory).chmod(0o755)
        path = Path(directory, "docker.sock")
        listening.bind(str(path))
        listening.listen()
        path.chmod(0)
        yield path


def refusal(machine: dict[str, str]) -> tuple[str, str]:
    """Return the cause and the remedy for a user who is not root."""
    if os.geteuid() == 0:
        os.setuid(65534)
    with pytest.raises(EngineError) as caught:
        anyio.run(preflight, machine, None)
    return caught.value.cause, str(caught.value.remedy)


@pytest.mark.skipif(not shutil.which("docker"), reason="needs Docker's client")
def test_a_socket_that_this_user_may_not_use_is_named_as_the_cause(
    machine: dict[str, str], closed_socket: Path
) -> None:
    machine = {
        **machine,
        RUNNER_HOST: "",
        "PATH": os.environ["PATH"],
        "DOCKER_HOST": f"unix://{closed_socket}",
        "HOME": str(closed_socket.parent),
    }
    # A separate process, because root cannot get back the rights that it gives up here.
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as child:
        cause, remedy = child.submit(refusal, machine).result()
    assert cause == "this user is not allowed to use the Docker daemon's socket"
    assert "group 'docker'" in remedy
    assert "--engine host" in remedy


@pytest.mark.dagger
def test_the_schemes_are_those_of_the_cli() -> None:
    """Every scheme has a driver, which then fails for another reason; an unknown scheme has none."""
    reach.require()
    schemes = [*SCHEMES, "podman-container", "nonsense"]
    without = {scheme for scheme, found in anyio.run(_drivers, schemes).items() if not found}
    assert without == {"podman-container", "nonsense"}


async def _drivers(schemes: list[str]) -> dict[str, bool]:
    """Return for each scheme whether the CLI has a driver for it."""
    found: dict[str, bool] = {}
    ready = anyio.Event()
    ready.set()
    program = await find_cli(os.environ, sdk=ready)

    async def ask(scheme: str) -> None:
        env = {**os.environ, RUNNER_HOST: f"{scheme}://heroci-test-nowhere"}
        process = await anyio.open_process([program, "session"], env=env)
        output = b""
        with anyio.move_on_after(5), suppress(anyio.EndOfStream):
            while process.stderr and b"no driver for scheme" not in output:
                output += await process.stderr.receive()
        with suppress(ProcessLookupError):
            process.kill()
        await process.aclose()
        found[scheme] = b"no driver for scheme" not in output

    async with anyio.create_task_group() as tasks:
        for scheme in schemes:
            tasks.start_soon(ask, scheme)
    return found


STOPPED = """
case "$*" in
    version*) echo 28.0 ;;
    "container inspect"*) echo false ;;
    *) touch "$HOME/changed"; exit 1 ;;
esac
"""
ABSENT = STOPPED.replace("echo false", "exit 1").replace("*) touch", "image*) exit 1 ;; *) touch")


@pytest.mark.parametrize("wanted", [EngineChoice.AUTO, EngineChoice.DAGGER])
@pytest.mark.parametrize(
    ("script", "action"),
    [(STOPPED, "would first start the privileged"), (ABSENT, "would first pull the image")],
)
def test_reading_states_what_a_run_would_start_and_starts_nothing(
    machine: dict[str, str],
    docker: Callable[[str], None],
    script: str,
    action: str,
    wanted: EngineChoice,
) -> None:
    docker(script)
    Path(machine[CLI]).write_text('#!/bin/sh\ntouch "$HOME/changed"\n')
    chosen = anyio.run(lambda: choose(wanted, machine=machine, read_only=True))
    assert chosen.name == "dagger"
    assert action in chosen.reason
    assert not Path(machine["HOME"], "changed").exists()


def test_the_cache_of_an_engine_with_an_address_can_be_shown(machine: dict[str, str]) -> None:
    """Nothing has to be started for it, although only a connection would show that it runs."""
    assert ADDRESS in anyio.run(find_running_engine, machine, None).engine


def test_reading_does_not_download_the_cli(machine: dict[str, str]) -> None:
    without = {name: value for name, value in machine.items() if name != CLI}
    chosen = anyio.run(lambda: choose(EngineChoice.AUTO, machine=without, read_only=True))
    assert "a run would first download the Dagger CLI" in chosen.reason
    assert not Path(machine["HOME"], ".cache").exists()


def test_a_run_announces_the_engine_that_it_starts(
    machine: dict[str, str], docker: Callable[[str], None]
) -> None:
    docker(STOPPED)
    notes: list[str] = []
    anyio.run(lambda: choose(EngineChoice.AUTO, machine=machine, notify=notes.append))
    assert len(notes) == 1
    assert "start the privileged container dagger-engine-v" in notes[0]
