"""`heroci cache` as a user calls it: what is kept is shown and thrown away, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.end_to_end.program import call, environment
from tests.end_to_end.projects import write
from tests.integration.dagger import reach


def test_environments_are_shown_and_removed_and_the_rest_of_the_cache_stays(tmp_path: Path) -> None:
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
    assert "1 thing, " in shown.stdout
    pruned = call("cache", "prune", "--engine", "host", directory=project, env=env)
    assert "removed 1 thing" in pruned.stdout
    assert (
        "0 things, 0 B"
        in call("cache", "show", "--engine", "host", directory=project, env=env).stdout
    )
    assert other.read_text() == "x"


def test_without_an_engine_auto_says_so_and_is_no_error(tmp_path: Path) -> None:
    env = environment(
        HEROCI_CACHE_DIR=str(tmp_path / "cache"),
        PATH=os.defpath,
        DOCKER_HOST="unix:///nowhere.sock",
    )
    shown = call("cache", "show", directory=tmp_path, env=env)
    assert shown.exit_code == 0, shown.stderr
    assert "no Dagger engine can be had" in shown.stdout
    assert call("cache", "show", "--engine", "dagger", directory=tmp_path, env=env).exit_code == 3


@pytest.mark.dagger
def test_what_is_in_the_engine_is_shown_and_not_found_any_more_after_pruning(
    tmp_path: Path,
) -> None:
    reach.require()
    project = write(tmp_path / "project", {"heroci.toml": 'base-image = "python:3.13-slim"'})
    (project / "pyproject.toml").unlink()
    (tmp_path / "cache").mkdir()
    # A generation of its own: the volumes of others are none of this test's business.
    (tmp_path / "cache" / "dagger-generation").write_text(os.urandom(4).hex())
    env = environment(HEROCI_CACHE_DIR=str(tmp_path / "cache"))
    base = ("run", "--engine", "dagger", "--stages", "base")
    runs = [call(*base, directory=project, env=env) for _ in range(2)]
    assert [run.exit_code for run in runs] == [0, 0], runs[0].stdout
    assert runs[1].step("base", "dependencies")["cached"]
    shown = call("cache", "show", "--engine", "dagger", directory=project, env=env)
    assert " MB  volume heroci-uv-cache-" in shown.stdout, shown.stdout + shown.stderr
    pruned = call("cache", "prune", "--engine", "dagger", directory=project, env=env)
    assert pruned.exit_code == 0, pruned.stderr
    assert "nothing of former runs is found" in pruned.stdout
    assert not call(*base, directory=project, env=env).step("base", "dependencies")["cached"]
