from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heroci_action.engines.host.reaper import marked_processes
from heroci_action.engines.host.workspace import Workspace, open_workspace

# An engine that is killed in the middle of its work: it has a scratch directory, a step that ignores TERM in a
# session of its own, and a service that hides its mark as PostgreSQL does.
VICTIM = """
import os, subprocess, sys, time
from heroci_action.engines.host.workspace import open_workspace
with open_workspace(os.environ) as space:
    stubborn = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)]; time.sleep(100)"
    step = subprocess.Popen([sys.executable, "-c", stubborn], env=space.environment(), start_new_session=True)
    service = subprocess.Popen(["sleep", "100"], env={"PATH": os.environ["PATH"]}, start_new_session=True)
    space.guard_group(service.pid)
    print(space.run, space.scratch, step.pid, service.pid, flush=True)
    time.sleep(100)
"""


def test_a_workspace_is_gone_once_it_is_left() -> None:
    with open_workspace(os.environ) as space:
        (space.directory("a", "b") / "file").write_text("x")
        scratch = space.scratch
    assert not scratch.exists()


def test_only_what_reaches_the_network_comes_from_the_machine() -> None:
    machine = {
        "PATH": "/usr/bin",
        "HTTPS_PROXY": "p",
        "https_proxy": "q",
        "GITHUB_TOKEN": "t",
        "CI": "true",
        "HOME": "/root",
    }
    with open_workspace(machine) as space:
        env = space.environment(Path("/venv/bin"), MINE="1")
    assert env["PATH"] == "/venv/bin:/usr/bin"
    assert (env["HTTPS_PROXY"], env["https_proxy"], env["MINE"]) == ("p", "q", "1")
    assert not {"GITHUB_TOKEN", "CI"} & set(env)
    assert env["HOME"].startswith(str(space.scratch))


def test_the_guardian_cleans_up_after_an_engine_that_was_killed() -> None:
    victim = subprocess.Popen([sys.executable, "-c", VICTIM], stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    run, scratch, step, service = victim.stdout.readline().split()
    assert marked_processes(run) == [int(step)]
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    wait_until(lambda: not Path(scratch).exists() and not running(step) and not running(service))


def test_the_guardian_leaves_alone_what_belongs_to_others(space: Workspace) -> None:
    other = subprocess.Popen(
        ["sleep", "100"], env={"PATH": os.environ["PATH"], "HEROCI_RUN": "another"}
    )
    try:
        assert other.pid not in marked_processes(space.run)
    finally:
        other.kill()
        other.wait()


def running(pid: str) -> bool:
    """Whether a process is there and more than a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: object) -> None:
    assert callable(condition)
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("the condition did not come true")
