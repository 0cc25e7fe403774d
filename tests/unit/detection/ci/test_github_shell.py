"""A step of GitHub may have a program of the repository as its shell."""

from __future__ import annotations

import json

import pytest

from heroci_action.detection.ci.records import Command
from tests.unit.detection.ci.trees import ci_of, suite_of

FILES = {
    "manage.py": "",
    "in-container.sh": 'docker compose exec -T web bash "$1"\n',
    "ci/env.sh": 'export DB=postgres\npip install -r ci.txt\nexec bash -e "$@"\n',
    "compose.yml": "services: {web: {image: python, environment: {MODE: test}}}\n",
}


def in_step(shell: str) -> dict[str, str]:
    job = f"on: push\njobs: {{t: {{steps: [{{run: pytest -x, shell: '{shell}'}}]}}}}\n"
    return {**FILES, ".github/workflows/ci.yml": job}


def in_action(shell: str) -> dict[str, str]:
    job = "on: push\njobs: {t: {steps: [{uses: ./ci/test}]}}\n"
    step = f"{{run: pytest -x, shell: '{shell}'}}"
    action = f"runs: {{using: composite, steps: [{step}]}}\n"
    return {**FILES, ".github/workflows/ci.yml": job, "ci/test/action.yml": action}


def command_of(files: dict[str, str]) -> Command:
    suite = ci_of(files).suite
    assert suite is not None
    return suite.main.command


@pytest.mark.parametrize("shell", ["./in-container.sh {0}", "bash ./in-container.sh {0}"])
def test_a_step_runs_in_the_container_that_its_shell_enters(shell: str) -> None:
    for files in (in_step(shell), in_action(shell)):
        command = command_of(files)
        assert command.env["MODE"] == "test"
        assert command.is_contained
        assert command.source.endswith(".yml")


def test_a_step_has_what_its_shell_prepares() -> None:
    files = in_action("./ci/env.sh {0}")
    suite = ci_of(files).suite
    assert suite is not None
    assert suite.main.command.env["DB"] == "postgres"
    assert suite.job.commands[0].words[:2] == ("pip", "install")


@pytest.mark.parametrize(
    "shell",
    ["bash -leo pipefail {0}", "/bin/bash -e {0}", "micromamba-shell {0}", "other.sh {0}", "pwsh"],
)
def test_a_shell_that_leads_nowhere_runs_the_text(shell: str) -> None:
    assert suite_of(in_action(shell)) == ["pytest -x"]
    assert len(ci_of(in_step(shell)).commands) == 1


@pytest.mark.parametrize("line", ["$rate = 1\n$rate++", 'Write-Output "done"'])
def test_a_step_in_powershell_is_one_command(line: str) -> None:
    step = {"shell": "pwsh", "run": f"{line}\npytest"}
    workflow = {"on": "push", "jobs": {"a": {"steps": [step]}}}
    (command,) = ci_of({".github/workflows/ci.yml": json.dumps(workflow)}).commands
    assert command.words == ("pwsh", "-c", step["run"])


def test_a_workflow_cannot_set_the_variables_of_github() -> None:
    env = {"GITHUB_ENV": "https://example.org", "RUNNER_OS": "x", "GITHUB_MYSQL": "1"}
    steps = [{"run": 'echo MODE=test >> "$GITHUB_ENV"'}, {"run": "pytest"}]
    workflow = {"on": "push", "jobs": {"a": {"env": env, "steps": steps}}}
    command = command_of({".github/workflows/ci.yml": json.dumps(workflow)})
    known = {name: command.env.get(name) for name in ("MODE", "RUNNER_OS", "GITHUB_MYSQL")}
    assert known == {"MODE": "test", "RUNNER_OS": "Linux", "GITHUB_MYSQL": "1"}
