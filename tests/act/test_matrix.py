"""`.github/workflows/matrix.yml`, run by act."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.act.conftest import commit, git, narrow
from tests.act.runner import Runner

pytestmark = [pytest.mark.docker, pytest.mark.act, pytest.mark.xdist_group("act")]

# The runner's image has only one Python.
ONE_PYTHON = ("--matrix", "python:3.13")

LATER = """\
from django.test import SimpleTestCase


class LaterTests(SimpleTestCase):
    def test_new(self):
        self.fail("not yet")
"""


def test_shards_are_merged_and_compared_with_the_baseline_of_main(
    act: Runner, repository: Path, tmp_path: Path
) -> None:
    narrow(repository, "tests.superheroes.test_model", "tests.superheroes.test_health")
    commit(repository)
    first = act.run(repository, "matrix.yml", *ONE_PYTHON)
    assert first.exit_code == 0, first.log[-6000:]
    parts = sorted((first.shared / "artifacts").glob("python-3.13-*/heroci-result.json"))
    assert len(parts) == 2
    tests = [names(part) for part in parts]
    assert all(tests)
    assert not tests[0] & tests[1]
    (kept,) = (first.shared / "cache").iterdir()
    assert kept.name == f"heroci-baseline-{git(repository, 'rev-parse', 'HEAD').strip()}"
    shutil.unpack_archive(kept, tmp_path / "kept", "tar")
    assert names(tmp_path / "kept/heroci-result.json") == tests[0] | tests[1]
    assert f"**{len(tests[0] | tests[1])} tests**" in first.summary

    configuration = repository / "pyproject.toml"
    configuration.write_text(configuration.read_text().replace("test_health", "test_later"))
    (repository / "tests/superheroes/test_later.py").write_text(LATER)
    commit(repository)
    for artifact in (first.shared / "artifacts").iterdir():
        # On GitHub, each run has its own artifacts.
        artifact.rename(first.shared / artifact.name)
    second = act.run(repository, "matrix.yml", *ONE_PYTHON, event="pull_request")
    assert second.exit_code == 1
    assert "1 new failure" in second.summary
    assert ("tests/superheroes/test_later.py", 6) in [
        (one.file, one.line) for one in second.annotations
    ]
    assert len(list((second.shared / "cache").iterdir())) == 1, "a pull request keeps no baseline"


def names(path: Path) -> set[str]:
    """Return the names of the tests in a result."""
    content = json.loads(path.read_text())
    return {
        f"{case['classname']}.{case['name']}"
        for stage in content["stages"]
        for step in stage["steps"]
        for case in step["tests"]
    }
