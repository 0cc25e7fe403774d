"""What becomes of an engine that is broken: a cause, a remedy, and an end within seconds."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import anyio
import psutil
import pytest

from heroci_action.engines.choice import choose
from heroci_action.engines.dagger import cli, connection
from heroci_action.engines.dagger.engine import DaggerEngine
from heroci_action.engines.dagger.preflight import CLI, RUNNER_HOST, preflight
from heroci_action.errors import EngineError, UsageError
from heroci_action.options import EngineChoice
from heroci_action.plan.stages import Plan

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """An environment in which the stand-in is the CLI, and no other engine can be found."""
    program = tmp_path / "dagger"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    program.chmod(0o755)
    return {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        CLI: str(program),
        RUNNER_HOST: "docker-container://stand-in",
        "STAND_IN_FAULT": "none",
    }


async def opened(machine: Mapping[str, str], seconds: float = 0.0) -> None:
    engine = DaggerEngine(root=Path(machine["HOME"]), machine=machine)
    async with engine.open(Plan(project="p")):
        await anyio.sleep(seconds)


def left_behind(machine: Mapping[str, str]) -> list[str]:
    """The command lines of the processes that still run with this environment."""
    return [
        " ".join(process.info["cmdline"] or ())
        for process in psutil.process_iter(["cmdline", "environ"])
        if (process.info["environ"] or {}).get("HOME") == machine["HOME"]
    ]


def test_a_session_opens_and_leaves_no_process_behind(machine: dict[str, str]) -> None:
    anyio.run(opened, machine)
    assert not left_behind(machine)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("cannot start", "no space left on device"),
        ("never ready", "did not get ready within 1 s: waiting for the engine"),
        ("talks nonsense", "could not be started"),
        ("wrong version", "has version v0.19.0, and HeroCI speaks v0.21.8"),
        ("refuses", "refused the session"),
    ],
)
def test_an_engine_that_does_not_come_to_be_is_an_error_within_seconds(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch, fault: str, words: str
) -> None:
    monkeypatch.setattr(cli, "READY_WITHIN", 1.0)
    started = time.monotonic()
    with pytest.raises(EngineError, match=words) as caught:
        anyio.run(opened, {**machine, "STAND_IN_FAULT": fault})
    assert caught.value.remedy
    assert caught.value.exit_code == 3
    assert time.monotonic() - started < 10
    assert not left_behind(machine)


def test_colours_of_the_cli_do_not_reach_the_cause(machine: dict[str, str]) -> None:
    with pytest.raises(EngineError) as caught:
        anyio.run(opened, {**machine, "STAND_IN_FAULT": "cannot start"})
    assert "\x1b" not in caught.value.cause


async def waiting(machine: Mapping[str, str]) -> None:
    """Wait for an answer that does not come, as a step does."""
    from heroci_action.engines.dagger.session import (  # noqa: PLC0415  it needs the SDK
        DaggerSession,
    )

    engine = DaggerEngine(root=Path(machine["HOME"]), machine=machine)
    async with engine.open(Plan(project="p")) as session:
        assert isinstance(session, DaggerSession)
        await session.connection.ask(anyio.sleep(600))


@pytest.mark.parametrize(
    ("fault", "words"), [("dies", "ended|broke"), ("hangs", "did not answer for 1 s")]
)
def test_an_engine_that_breaks_in_the_middle_ends_everything_that_waits_for_it(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch, fault: str, words: str
) -> None:
    monkeypatch.setattr(connection, "PULSE_WITHIN", 1.0)
    started = time.monotonic()
    with pytest.raises(EngineError, match=words):
        anyio.run(waiting, {**machine, "STAND_IN_FAULT": fault})
    assert time.monotonic() - started < 12
    assert not left_behind(machine)


@pytest.mark.parametrize("fault", ["ends with an error", "does not end"])
def test_a_session_that_closes_badly_after_all_passed_is_no_failure(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(cli, "LEAVE_WITHIN", 1.0)
    anyio.run(opened, {**machine, "STAND_IN_FAULT": fault})
    assert not left_behind(machine)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({RUNNER_HOST: "", "PATH": "/nowhere"}, "no docker client"),
        ({RUNNER_HOST: "", "DOCKER_HOST": "unix:///nowhere"}, "no Docker daemon|no docker client"),
        ({RUNNER_HOST: "tcp://127.0.0.1:1"}, "no Dagger engine answers at tcp://127.0.0.1:1"),
        ({RUNNER_HOST: "unix:///nowhere.sock"}, "no Dagger engine answers"),
        ({CLI: "/nowhere/dagger"}, "no Dagger CLI at '/nowhere/dagger'"),
        ({"STAND_IN_FAULT": "cannot start"}, "no space left on device"),
    ],
)
def test_auto_falls_back_to_the_host_in_one_clear_line(
    machine: dict[str, str], changes: dict[str, str], words: str
) -> None:
    chosen = anyio.run(lambda: choose(EngineChoice.AUTO, machine={**machine, **changes}))
    assert chosen.name == "host"
    assert re.search(words, chosen.reason)
    assert "\n" not in chosen.reason


@pytest.fixture
def closed_socket() -> Iterator[Path]:
    """A socket that listens, and that nobody but root may use, in a directory that is open to all."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listening:
        Path(directory).chmod(0o755)
        path = Path(directory, "docker.sock")
        listening.bind(str(path))
        listening.listen()
        path.chmod(0)
        yield path


def refused(machine: dict[str, str]) -> tuple[str, str]:
    """The cause and the remedy that a user finds who is not root."""
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
    # A process of its own, since root gives up here what no one gets back.
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as child:
        cause, remedy = child.submit(refused, machine).result()
    assert cause == "this user is not allowed to use the Docker daemon's socket"
    assert "group 'docker'" in remedy
    assert "--engine host" in remedy


def test_without_a_way_to_the_downloads_nobody_waits_for_one(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "DOWNLOADS", "nowhere.invalid")  # RFC 2606: it does not exist
    without = {name: value for name, value in machine.items() if name != CLI}
    started = time.monotonic()
    chosen = anyio.run(lambda: choose(EngineChoice.AUTO, machine=without))
    assert chosen.name == "host"
    assert "could not be downloaded" in chosen.reason
    assert time.monotonic() - started < 5


def test_auto_takes_dagger_where_a_session_can_be_opened(machine: dict[str, str]) -> None:
    chosen = anyio.run(lambda: choose(EngineChoice.AUTO, machine=machine))
    assert chosen.name == "dagger"
    assert "docker-container://stand-in" in chosen.reason


def test_an_engine_that_was_named_and_is_not_there_is_no_reason_to_fall_back(
    machine: dict[str, str],
) -> None:
    with pytest.raises(EngineError, match="no Dagger engine answers"):
        anyio.run(
            lambda: choose(EngineChoice.AUTO, machine=machine, runner_host="tcp://127.0.0.1:1")
        )


@pytest.mark.parametrize("host", ["example.org:1234", "http://x", "tcp://", "tcp://x", "tcp://x:y"])
def test_a_runner_host_that_is_no_address_is_a_mistake_of_the_call(
    machine: dict[str, str], host: str
) -> None:
    with pytest.raises(UsageError, match="runner host"):
        anyio.run(preflight, machine, host)


def test_a_password_in_a_runner_host_is_not_shown(machine: dict[str, str]) -> None:
    with pytest.raises(EngineError) as caught:
        anyio.run(preflight, machine, "tcp://user:hunter2@127.0.0.1:1")
    assert "hunter2" not in str(caught.value)
