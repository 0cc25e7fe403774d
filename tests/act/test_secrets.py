"""A secret that a command of the project prints appears nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.act.conftest import commit
from tests.act.runner import Runner

pytestmark = [pytest.mark.docker, pytest.mark.act, pytest.mark.xdist_group("act")]

SECRET = "correct-horse-battery-staple"  # noqa: S105  it protects nothing

WORKFLOW = """\
on: push
jobs:
  leak:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
      - uses: ./
        with:
          engine: host
          stages: leak
        env:
          DEPLOY_TOKEN: ${{ secrets.DEPLOY_TOKEN }}
      - if: always()
        run: cp -a heroci-reports /shared/reports
"""

STAGE = """
[tool.heroci.stages.leak]
steps = ['echo "the token is $TOKEN" && echo "::error::$TOKEN" && exit 1']
env = { TOKEN = "{env.DEPLOY_TOKEN}" }
"""


def test_secret_is_masked_in_the_log_the_summary_and_every_report(
    act: Runner, repository: Path
) -> None:
    (repository / ".github/workflows/leak.yml").write_text(WORKFLOW)
    with (repository / "pyproject.toml").open("a") as file:
        file.write(STAGE)
    commit(repository)
    run = act.run(repository, "leak.yml", "-s", f"DEPLOY_TOKEN={SECRET}")
    assert run.exit_code == 1
    assert "the token is ***" in run.log
    # Only the command that makes the runner mask it contains it.
    said = [line for line in run.lines if line.get("command") != "add-mask"]
    assert SECRET not in str(said)
    reports = [path for path in (run.shared / "reports").rglob("*") if path.is_file()]
    assert len(reports) > 4
    assert "the token is ***" in (run.shared / "reports/summary.md").read_text()
    for path in reports:
        assert SECRET not in path.read_text(errors="replace"), path
