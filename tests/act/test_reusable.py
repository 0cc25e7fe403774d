"""`.github/workflows/django.yml`, called by another workflow and run by act."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.act.conftest import commit, narrow
from tests.act.runner import Runner

pytestmark = [pytest.mark.docker, pytest.mark.act, pytest.mark.xdist_group("act")]

CALLER = """\
on: push
jobs:
  ci:
    uses: ./.github/workflows/django.yml
    with:
      engine: host
      stages: tests
      title: Heroes of the caller
      coverage-minimum: "1"
      artifact: heroes
  after:
    needs: ci
    runs-on: ubuntu-latest
    steps:
      - env:
          OUTPUTS: ${{ toJSON(needs.ci.outputs) }}
        run: echo "the caller reads $OUTPUTS"
"""


def test_calling_workflow_receives_reports_and_outputs(act: Runner, repository: Path) -> None:
    narrow(repository, "tests.superheroes.test_model")
    (repository / ".github/workflows/caller.yml").write_text(CALLER)
    commit(repository)
    run = act.run(repository, "caller.yml")
    assert run.exit_code == 0, run.log[-6000:]
    assert '"status": "passed"' in run.log
    assert '"passed": "' in run.log
    assert "Heroes of the caller" in run.summary
    assert "**gates** | ✅ passed" in run.summary
    assert (run.shared / "artifacts/heroes/junit.xml").exists()
