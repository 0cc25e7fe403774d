"""The program on a real engine: its entry points, and signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heroci_action.engines.dagger.preflight import CLI
from tests.end_to_end.program import COMMAND, Run, environment, execute
from tests.end_to_end.projects import write
from tests.integration.dagger import reach

pytestmark = pytest.mark.dagger

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = (sys.executable, str(ROOT / "dagger_pipeline.py"))
LONG = """
    [stages.long]
    needs = []
    image = "python:3.13-slim"
    steps = [{{ name = "wait", run = "echo begun; sleep {seconds}" }}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    reach.require()
    return write(tmp_path / "project", {"unique.txt": os.urandom(8).hex()})


def called(*command: str, directory: Path, **variables: str) -> Run:
    cache = str(directory.parent / "cache")
    env = environment(HEROCI_CACHE_DIR=cache, **variables)
    return execute(*command, directory=directory, env=env)


def test_auto_starts_no_engine_if_every_stage_is_replayed(project: Path) -> None:
    command = (*COMMAND, "run", "--skip", "image")
    first = called(*command, directory=project)
    assert first.exit_code == 0, first.stdout + first.stderr
    assert first.result["engine"] == "dagger"

    # Only starting it would show that this engine does not exist; the host engine would take over.
    address = {"_EXPERIMENTAL_DAGGER_RUNNER_HOST": "kube-pod://nowhere", CLI: "/bin/false"}
    second = called(*command, directory=project, **address)

    assert second.exit_code == 0, second.stdout + second.stderr
    assert second.result["engine"] == "dagger"
    assert all(step["origin"] for stage in second.result["stages"] for step in stage["steps"])


def test_script_runs_the_main_job_and_then_uses_the_cache(project: Path) -> None:
    options = ("--engine", "dagger", "--skip", "image")
    first = called(*SCRIPT, *options, directory=project)
    assert first.exit_code == 0, first.stdout + first.stderr
    assert {"base", "lint", "tests"} <= {
        name for name, status in first.statuses.items() if status == "passed"
    }
    second = called(*SCRIPT, *options, directory=project)
    assert second.step("tests", "tests")["cached"]
    names = [[case.get("name") for case in run.junit().iter("testcase")] for run in (first, second)]
    assert names[0] == names[1]


def test_uses_the_session_of_dagger_run(project: Path) -> None:
    cli = os.environ.get(CLI, "dagger")
    command = (cli, "run", "--progress", "plain", *SCRIPT, "--engine", "dagger", "--stages", "lint")
    run = called(*command, directory=project)
    assert run.exit_code == 0, run.stdout + run.stderr
    assert run.result["engine"] == "dagger"
    assert run.statuses["lint"] == "passed"
    # Its trace names stages and steps, and shows no errors although lookups in the cache failed.
    trace = re.sub(r"\x1b\[[0-9;]*m", "", run.stdout + run.stderr)
    assert re.search(r"^\d+ +: lint$", trace, re.MULTILINE), trace
    assert re.search(r"^\d+ +: ┆ black$", trace, re.MULTILINE), trace
    assert " ERROR" not in trace


def test_dagger_log_level_sets_the_verbosity(project: Path) -> None:
    options = ("--engine", "dagger", "--stages", "base")
    quiet = called(*SCRIPT, *options, directory=project)
    talkative = called(*SCRIPT, *options, directory=project, DAGGER_LOG_LEVEL="debug")
    assert "base/dependencies: install" in talkative.stdout
    assert "base/dependencies: install" not in quiet.stdout


def started(project: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "run", "--engine", "dagger", "-v", *options],
        cwd=project,
        env=environment(HEROCI_CACHE_DIR=str(project.parent / "cache")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def children_of(process: subprocess.Popen[str]) -> str:
    """Return the remaining processes of the session: the CLI has its own group, and names its parent's session."""
    listed = subprocess.run(["ps", "-Ao", "ppid,args"], capture_output=True, text=True, check=True)
    return "\n".join(
        line for line in listed.stdout.splitlines() if line.split()[0] == str(process.pid)
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_step_in_the_engine_and_reports_are_written(
    project: Path, number: signal.Signals
) -> None:
    seconds = 600 + int.from_bytes(
        os.urandom(2)
    )  # unique, so that the process can be found in the engine
    (project / "pyproject.toml").unlink()
    (project / "heroci.toml").write_text(
        "\n".join(line.strip() for line in LONG.format(seconds=seconds).splitlines())
    )
    process = started(project, "--stages", "long")
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    try:
        assert any("begun" in line for line in lines)
        assert f"sleep {seconds}" in everything_that_runs()
    except AssertionError:
        process.terminate()
        raise
    process.send_signal(number)
    process.stdout.read()
    assert process.wait() == 130
    assert f"sleep {seconds}" not in everything_that_runs()
    assert (project / "heroci-reports" / "heroci-result.json").exists()


def everything_that_runs() -> str:
    """Return the commands of all processes on the machine, including those in containers."""
    return subprocess.run(
        ["ps", "-wwAo", "args"], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [0.6, 1.2, 2.0])
def test_signal_while_connecting_leaves_no_process(
    project: Path, number: signal.Signals, after: float
) -> None:
    # Without a cache it takes seconds longer even on the fastest machine.
    process = started(project, "--stages", "base", "--no-cache")
    time.sleep(after)
    before = everything_that_runs().count("dagger session") or 1
    process.send_signal(number)
    assert process.stdout is not None
    process.stdout.read()
    assert process.wait() in {130, -number}
    assert not children_of(process)
    assert everything_that_runs().count("dagger session") <= before
