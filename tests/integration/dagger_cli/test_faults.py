"""A broken engine: an error with cause and remedy within seconds, and no process remains."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import psutil
import pytest

from heroci_action.engines.dagger import cli, connection, starting
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan
from tests.integration.dagger_cli.conftest import ADDRESS, engine, leftovers, open_for

AT_ONCE = 60.0
"""Seconds on a busy machine; without an error, everything would wait for ten minutes."""


def test_a_session_opens_and_leaves_no_process_behind(machine: dict[str, str]) -> None:
    anyio.run(open_for, machine)
    assert not leftovers(machine)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("cannot start", "could not be started: Error: start engine: no space left on device"),
        ("never ready", "was not ready within 5 s: connecting to engine"),
        ("prints nonsense", "could not be started"),
        ("wrong version", "has version v0.19.0, but HeroCI needs v0.21.8"),
        ("refuses", "refused the session"),
    ],
)
def test_an_engine_that_does_not_start_is_an_error_within_seconds(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch, fault: str, cause: str
) -> None:
    if fault == "never ready":
        monkeypatch.setattr(starting, "REMOTE_READY_WITHIN", 5.0)
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        anyio.run(open_for, {**machine, "STAND_IN_FAULT": fault})
    assert caught.value.cause.startswith(f"the Dagger engine at {ADDRESS} {cause}")
    assert caught.value.remedy
    assert caught.value.exit_code == 3
    assert time.monotonic() - started < AT_ONCE
    assert not leftovers(machine)


async def wait_for_an_answer(machine: Mapping[str, str]) -> None:
    """Wait for an answer that never comes, as a step does."""
    # Imported late because it loads the SDK.
    from heroci_action.engines.dagger.session import DaggerSession  # noqa: PLC0415

    async with engine(machine).open(Plan(project="p")) as session:
        assert isinstance(session, DaggerSession)
        await session.resources.connection.ask(anyio.sleep(600))


@pytest.mark.promise(
    "the Dagger engine is lost during a run",
    "the run ends within seconds, and nothing waits for it",
)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("dies", ""),
        ("hangs", ": it did not respond for 1 s"),
        ("loses the engine", ""),
    ],
)
def test_a_lost_engine_ends_everything_that_waits_for_it(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch, fault: str, reason: str
) -> None:
    monkeypatch.setattr(connection, "PULSE_WITHIN", 1.0)
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        anyio.run(wait_for_an_answer, {**machine, "STAND_IN_FAULT": fault})
    assert caught.value.cause.startswith(
        f"lost the connection to the Dagger engine at {ADDRESS}{reason}"
    )
    assert "kubectl logs" in str(caught.value.remedy)
    assert time.monotonic() - started < AT_ONCE
    assert not leftovers(machine)


async def ask_a_lost_engine(machine: Mapping[str, str]) -> None:
    """Send a request after the connection is lost, as the next step does."""
    # Imported late because it loads the SDK.
    from heroci_action.engines.dagger.session import DaggerSession  # noqa: PLC0415

    async with engine(machine).open(Plan(project="p")) as session:
        assert isinstance(session, DaggerSession)
        session.resources.connection.fail()
        await session.resources.connection.ask(anyio.sleep(600))


@pytest.mark.filterwarnings("error")
def test_a_request_to_a_lost_engine_leaves_no_warning(machine: dict[str, str]) -> None:
    with pytest.raises(EngineError, match="lost the connection"):
        anyio.run(ask_a_lost_engine, machine)
    gc.collect()


@pytest.mark.parametrize("fault", ["ends with an error", "does not end"])
def test_a_session_that_closes_badly_is_not_a_failure(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(cli, "LEAVE_WITHIN", 1.0)
    anyio.run(open_for, {**machine, "STAND_IN_FAULT": fault})
    assert not leftovers(machine)


# The engine's container runs, or has stopped for good.
RUNNING = "echo true"
STOPPED = "echo false"


def test_an_engine_that_starts_slowly_is_waited_for_and_announced(
    machine: dict[str, str], docker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an unclean stop, an engine clears its store before it listens, which may take minutes."""
    docker(RUNNING)
    monkeypatch.setattr(starting, "READY_WITHIN", 3.0)
    monkeypatch.setattr(starting, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(starting, "NOTIFY_AFTER", (0.5,))
    messages: list[str] = []

    async def open_it() -> None:
        async with engine({**machine, "STAND_IN_FAULT": "never ready"}, messages.append).open(
            Plan(project="p")
        ):
            pass

    with pytest.raises(EngineError, match="was not ready within 3 s"):
        anyio.run(open_it)
    assert messages == [
        "waiting for the Dagger engine in the container dagger-engine-v0.21.8 (0 s)"
    ]


@pytest.mark.promise(
    "the container of the Dagger engine ends while HeroCI connects",
    "the run ends at once with the reason",
)
def test_an_engine_whose_container_has_ended_is_given_up_at_once(
    machine: dict[str, str], docker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(STOPPED)
    monkeypatch.setattr(starting, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(starting, "STARTED_WITHIN", 0.5)
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        anyio.run(open_for, {**machine, "STAND_IN_FAULT": "never ready"})
    assert "is not running" in caught.value.cause
    assert "docker logs dagger-engine-v0.21.8" in str(caught.value.remedy)
    assert time.monotonic() - started < AT_ONCE


def has_guard(pid: int) -> bool:
    """Return whether a process has started its guard."""
    return any("heroci-guard" in each.cmdline() for each in psutil.Process(pid).children())


@pytest.mark.promise(
    "SIGKILL ends HeroCI while it connects to Dagger", "no process and no file is left"
)
def test_a_killed_heroci_leaves_no_process_and_no_file_behind(
    machine: dict[str, str], tmp_path: Path
) -> None:
    """Before it has connected, the CLI does not notice that its standard input is closed."""
    (temporary := tmp_path / "tmp").mkdir()
    script = (
        "import anyio, json, sys; from tests.integration.dagger_cli.conftest import open_for;"
        "anyio.run(open_for, json.loads(sys.argv[1]))"
    )
    variables = {**machine, "STAND_IN_FAULT": "never ready"}
    process = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(variables)],
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    while not (has_guard(process.pid) and (tmp_path / "connecting").exists()):
        assert process.poll() is None
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(
        [
            each
            for each in psutil.process_iter(["environ"])
            if (each.info["environ"] or {}).get("HOME") == machine["HOME"]
        ],
        timeout=10,
    )
    assert not alive
    # The guard waits for the CLI before it removes the files.
    deadline = time.monotonic() + 20
    while list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not list(temporary.iterdir())
