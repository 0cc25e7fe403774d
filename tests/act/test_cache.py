"""The workflows that restore and save HeroCI's cache: the second run replays the first one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heroci_action.commands.workflow_file import CACHE, WORKFLOW
from tests.act.conftest import commit, git, narrow
from tests.act.runner import ROOT, Run, Runner
from tests.end_to_end import projects
from tests.end_to_end.program import call

pytestmark = [pytest.mark.docker, pytest.mark.act, pytest.mark.xdist_group("act")]

EVENT = {"repository": {"default_branch": "main"}}
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


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Create a project of its own with the workflow that `heroci init` writes for it."""
    root = projects.write(tmp_path / "shop")
    git(root, "remote", "add", "origin", "https://github.com/octo/shop.git")
    done = call("init", "--yes", "--action", ACTION, directory=root)
    assert done.exit_code == 0, done.stderr
    path = root / WORKFLOW
    # Whether a Dagger engine runs on the machine must not matter.
    path.write_text(path.read_text().replace(CACHE_DIR, f"{CACHE_DIR}\n          engine: host"))
    commit(root)
    return root


@pytest.fixture
def released_action(action_image: str, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Provide the action as if it were released, and yield act's options for it."""
    name = f"act-{re.sub('[^a-zA-Z0-9]', '-', ACTION)}-dockeraction:latest"
    subprocess.run(["docker", "tag", action_image, name], check=True)
    place = tmp_path / "action"
    place.mkdir()
    for file in ("action.yml", "Dockerfile.action"):
        shutil.copy(ROOT / file, place)
    yield ("--local-repository", f"{ACTION}={place}")
    subprocess.run(["docker", "image", "rm", name], capture_output=True, check=False)


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


@pytest.fixture
def event(tmp_path: Path) -> tuple[str, ...]:
    """Return act's options for a push to the default branch."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps(EVENT))
    return ("-e", str(path), "--env", "GITHUB_RUN_ATTEMPT=1")


def test_a_second_run_of_the_reusable_workflow_replays_the_first(
    act: Runner, repository: Path, event: tuple[str, ...]
) -> None:
    narrow(repository, "tests.superheroes.test_model")
    (repository / ".github/workflows/cached.yml").write_text(CALLER)
    commit(repository)

    assert_replayed(*(results(act.run(repository, "cached.yml", *event)) for _ in range(2)))


def test_a_second_run_of_the_workflow_of_init_replays_the_first(
    act: Runner, shop: Path, released_action: tuple[str, ...], event: tuple[str, ...]
) -> None:
    options = (*event, *released_action)

    assert_replayed(*(results(act.run(shop, "heroci.yml", *options)) for _ in range(2)))


def assert_replayed(first: dict[str, bool], second: dict[str, bool]) -> None:
    assert first
    assert not any(first.values())
    assert all(second.values()), second
