"""The workflows that restore and save HeroCI's cache: the second run replays the first one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from heroci_action.commands.workflow_file import CACHE, Jobs, workflow
from tests.act.conftest import commit, narrow
from tests.act.runner import Run, Runner

pytestmark = [pytest.mark.docker, pytest.mark.act, pytest.mark.xdist_group("act")]

EVENT = {"repository": {"default_branch": "main"}}
TESTS = "\n          engine: host\n          stages: tests"
CACHE_DIR = f"cache-dir: {CACHE}"
ACTION = f"octo/heroci@{'0' * 40}"
CALLER = """\
on: push
jobs:
  ci:
    uses: ./.github/workflows/django.yml
    with:
      engine: host
      stages: tests
"""


def written_by_init() -> str:
    """Return the workflow of `heroci init`, with the action of the checkout instead of a released one."""
    text = workflow(action=ACTION, branch="main", jobs=Jobs())
    return text.replace(ACTION, "./").replace(CACHE_DIR, f"{CACHE_DIR}{TESTS}")


def results(run: Run) -> dict[str, bool]:
    """Return whether each stage was replayed, by name."""
    assert run.exit_code == 0, run.log[-6000:]
    path = run.shared / "artifacts/heroci-reports/heroci-result.json"
    content: dict[str, Any] = json.loads(path.read_text())
    shutil.rmtree(path.parent)
    return {
        stage["name"]: all(step["origin"] for step in stage["steps"])
        for stage in content["stages"]
        if stage["steps"] and stage["name"] != "gates"
    }


@pytest.mark.parametrize("text", [CALLER, written_by_init()], ids=["django.yml", "init"])
def test_a_second_run_replays_the_first(
    act: Runner, repository: Path, tmp_path: Path, text: str
) -> None:
    narrow(repository, "tests.superheroes.test_model")
    (repository / ".github/workflows/cached.yml").write_text(text)
    commit(repository)
    event = tmp_path / "event.json"
    event.write_text(json.dumps(EVENT))
    options = ("-e", str(event), "--env", "GITHUB_RUN_ATTEMPT=1")

    first = results(act.run(repository, "cached.yml", *options))
    second = results(act.run(repository, "cached.yml", *options))

    assert first
    assert not any(first.values())
    assert all(second.values()), second
