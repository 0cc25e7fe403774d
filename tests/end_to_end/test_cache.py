"""`heroci cache` shows and removes what HeroCI keeps, and nothing else."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from tests.end_to_end.program import call, environment
from tests.end_to_end.projects import write
from tests.integration.dagger import reach


def test_prune_removes_environments_and_nothing_else(tmp_path: Path) -> None:
    project = write(tmp_path / "project", {})
    env = environment(HEROCI_CACHE_DIR=str(tmp_path / "cache"))
    assert (
        call("run", "--engine", "host", "--stages", "base", directory=project, env=env).exit_code
        == 0
    )
    other = tmp_path / "cache" / "somebody-elses"
    other.write_text("x")
    shown = call("cache", "show", "--engine", "host", directory=project, env=env)
    assert shown.exit_code == 0, shown.stderr
    assert "1 entry, " in shown.stdout
    pruned = call("cache", "prune", "--engine", "host", directory=project, env=env)
    assert "removed 1 entry" in pruned.stdout
    assert (
        "0 entries, 0 B"
        in call("cache", "show", "--engine", "host", directory=project, env=env).stdout
    )
    assert other.read_text() == "x"


def test_auto_without_an_engine_is_no_error(tmp_path: Path) -> None:
    env = environment(
        HEROCI_CACHE_DIR=str(tmp_path / "cache"),
        PATH=os.defpath,
        DOCKER_HOST="unix:///nowhere.sock",
    )
    shown = call("cache", "show", directory=tmp_path, env=env)
    assert shown.exit_code == 0, shown.stderr
    missing = "there is no docker client on the PATH"
    cause = "no Docker daemon is running" if shutil.which("docker", path=os.defpath) else missing
    assert f"Dagger engine: {cause}" in shown.stdout
    assert call("cache", "show", "--engine", "dagger", directory=tmp_path, env=env).exit_code == 3


def test_show_downloads_and_starts_nothing(tmp_path: Path) -> None:
    env = environment(HEROCI_CACHE_DIR=str(tmp_path / "cache"), HOME=str(tmp_path), PATH=os.defpath)
    for name in ("_EXPERIMENTAL_DAGGER_CLI_BIN", "XDG_CACHE_HOME"):
        env.pop(name, None)
    with socket.create_server(("127.0.0.1", 0)) as engine:
        address = f"tcp://127.0.0.1:{engine.getsockname()[1]}"
        options = ("--engine", "dagger", "--runner-host", address)
        shown = call("cache", "show", *options, directory=tmp_path, env=env)

    assert shown.exit_code == 3
    assert "its cache cannot be shown yet" in shown.stderr
    assert "a run would first download the Dagger CLI" in shown.stderr


@pytest.mark.dagger
def test_engine_volumes_are_shown_and_emptied(tmp_path: Path) -> None:
    reach.require()
    configuration = 'base-image = "python:3.13-slim"\napt = ["hello"]\n'
    project = write(tmp_path / "project", {"heroci.toml": configuration})
    (project / "pyproject.toml").unlink()
    env = environment(HEROCI_CACHE_DIR=str(tmp_path / "cache"))
    # Without the cache, because the engine would not fill a volume again for what it has installed before.
    options = ("--engine", "dagger", "--stages", "base", "--no-cache")
    run = call("run", *options, directory=project, env=env)
    assert run.exit_code == 0, run.stdout
    shown = call("cache", "show", "--engine", "dagger", directory=project, env=env)
    assert "volume heroci-uv-cache" in shown.stdout, shown.stdout + shown.stderr
    assert volume_size(shown.stdout, "apt-lists").endswith(" MB")
    # Other tests that run on the same engine hold its volumes, or fill them again.
    for _ in range(20):
        pruned = call("cache", "prune", "--engine", "dagger", directory=project, env=env)
        assert pruned.exit_code == 0, pruned.stderr
        shown = call("cache", "show", "--engine", "dagger", directory=project, env=env)
        sizes = [volume_size(shown.stdout, name) for name in ("apt-lists", "apt-cache")]
        if all(size.endswith(" kB") for size in sizes):
            break
    else:
        pytest.fail(f"the volumes were not emptied: {sizes}")
    assert ": freed " in pruned.stdout


def volume_size(shown: str, name: str) -> str:
    """Return the size of a volume as `heroci cache show` prints it."""
    (line,) = (line for line in shown.splitlines() if line.endswith(f"volume heroci-{name}"))
    return line.partition("volume")[0].strip()
