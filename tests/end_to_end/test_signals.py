"""Signals at random moments, start-up included.

HEROCI_SIGNALS=200 is the long form.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.program import COMMAND, environment
from tests.integration.dagger import reach

NUMBER = int(os.environ.get("HEROCI_SIGNALS", "8"))
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
MANAGE = """from django.core.management import execute_from_command_line
import sys
execute_from_command_line(sys.argv)
"""
CONTAINER = 'needs = []\nimage = "python:3.13-slim"\n'
# Seconds of processor time until the run has begun; the SDK of Dagger takes most of them.
START_UP = {"host": 0.6, "dagger": 1.8}
SLEEP = 5.0
GONE_WITHIN = 60.0


def project(directory: Path, seed: int, engine: str) -> tuple[Path, str]:
    """Create a project with a step that sleeps, and return it with the step's unmistakable command."""
    command = f"sleep {SLEEP}{seed:05}"
    (directory / "manage.py").write_text(MANAGE)
    where = CONTAINER if engine == "dagger" else ""
    (directory / "heroci.toml").write_text(
        f'lint = []\nsettings = "settings"\n[stages.probe]\n{where}steps = ["{command}"]\n'
    )
    subprocess.run(["git", "init", "-q", directory], check=True)
    return directory, command


def processor_time(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def wait(process: subprocess.Popen[str], seed: int, start_up: float) -> None:
    """Wait for a moment of the start-up, or of the whole run."""
    moments = random.Random(seed)  # noqa: S311  no secret
    early = moments.random() < 0.5
    moment = moments.uniform(0.12, start_up) if early else moments.uniform(0.0, SLEEP + 2)
    begun = time.monotonic()
    while process.poll() is None:
        now = processor_time(process.pid) if early else time.monotonic() - begun
        if now >= moment:
            return
        time.sleep(0.002)


def left_by(command: str, temporary: Path) -> list[str]:
    """Return the processes and files that a run has left."""
    found = [str(path) for path in temporary.iterdir()]
    for entry in Path("/proc").glob("[0-9]*"):
        words = read(entry / "cmdline")
        if command in words or str(temporary) in words + read(entry / "environ"):
            found.append(words)
    return found


def read(path: Path) -> str:
    """Return a file of a process, or nothing if the process has ended or belongs to another user."""
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


@pytest.mark.promise(
    "SIGINT, SIGTERM, SIGHUP or SIGKILL arrives at any moment, start-up included",
    "nothing is left behind, the exit code is 130 or 128 plus the signal's number, and there are reports once a stage "
    "has started",
)
@pytest.mark.parametrize("engine", ["host", pytest.param("dagger", marks=pytest.mark.dagger)])
@pytest.mark.parametrize("seed", range(NUMBER))
def test_a_signal_at_any_moment_ends_the_run_in_order(
    tmp_path: Path, seed: int, engine: str
) -> None:
    if engine == "dagger":
        reach.require()
    (tmp_path / "project").mkdir()
    (tmp_path / "tmp").mkdir()
    number = SIGNALS[seed % len(SIGNALS)]
    where, command = project(tmp_path / "project", seed, engine)
    process = subprocess.Popen(
        [*COMMAND, "run", "--engine", engine, "--stages", "probe", "-v"],
        cwd=where,
        env=environment(TMPDIR=str(tmp_path / "tmp")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait(process, seed, START_UP[engine])
    finished = process.poll() is not None
    process.send_signal(number)
    output, _ = process.communicate()
    end = time.monotonic() + GONE_WITHIN
    while left_by(command, tmp_path / "tmp") and time.monotonic() < end:
        time.sleep(0.05)
    assert left_by(command, tmp_path / "tmp") == []
    if finished:
        assert process.returncode == 0, output
        return
    if number is signal.SIGKILL:
        return
    assert "Traceback" not in output
    report = where / "heroci-reports" / "heroci-result.json"
    status = json.loads(report.read_text())["status"] if report.exists() else None
    if "probe started" in output:
        assert status in {"cancelled", "passed"}, output
    wanted = {0} if status == "passed" else {130, 128 + number, -number}
    assert process.returncode in wanted, output


@pytest.mark.promise("SIGHUP arrives, but the run was started with `nohup`", "the run continues")
def test_a_run_that_was_started_with_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    where, _ = project(tmp_path, 0, "host")
    process = subprocess.Popen(
        ["nohup", *COMMAND, "run", "--engine", "host", "--stages", "probe", "-v"],
        cwd=where,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    while "probe started" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    output, _ = process.communicate()

    assert process.returncode == 0, output
