"""Nothing that a step starts outlives the run, however it tries to escape."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.host.engine import HostEngine
from heroci_action.engines.process import Program, execute
from heroci_action.engines.settings import EngineSettings
from heroci_action.plan.stages import Plan
from tests.integration.host.conftest import Lines

OWN_SESSION = "subprocess.Popen(['sleep', '100'], start_new_session=True)"
# The daemon of Stevens' book: its parent ends, and it has neither the session nor the environment of the step.
DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve('/bin/sleep', ['sleep', '100'], {})
    os._exit(0)
os.wait()
"""
STUBBORN = """
subprocess.Popen(
    [sys.executable, '-c', 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(100)'],
    start_new_session=True,
)
"""
# A process that keeps starting others, as a supervisor does.
SUPERVISOR = """
subprocess.Popen(
    ['/bin/sh', '-c', 'trap : TERM; while :; do env -i sleep 100 & wait; done'], start_new_session=True
)
"""


def children() -> set[int]:
    """Return the descendants of this process that are running."""
    found: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            found[int(entry.parent.name)] = int(parent)
    left = {os.getpid()}
    while new := {pid for pid, parent in found.items() if parent in left} - left:
        left |= new
    return left - {os.getpid()}


@pytest.mark.promise("a process leaves its step's session, in whatever way", "it ends with the run")
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
@pytest.mark.parametrize("script", [OWN_SESSION, DAEMON, STUBBORN, SUPERVISOR])
def test_a_process_that_escapes_its_step_ends_with_the_run(
    tmp_path: Path, lines: Lines, script: str
) -> None:
    before = children()

    async def main() -> set[int]:
        settings = EngineSettings(root=tmp_path, cache=tmp_path / "cache", machine=os.environ)
        async with HostEngine(settings=settings).open(Plan(project="shop")) as session:
            program = Program(
                arguments=(sys.executable, "-c", f"import os, subprocess, sys\n{script}"),
                env=session.resources.workspace.environment(),
                directory=tmp_path,
            )
            assert await execute(program, lines) == 0, lines
            return children() - before

    started = anyio.run(main)
    assert len(started) > 1, "only the reaper was running, so the script escaped nothing"
    assert children() - before == set()
