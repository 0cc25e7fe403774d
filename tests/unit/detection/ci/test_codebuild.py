"""Builds of AWS CodeBuild."""

from __future__ import annotations

import pytest

from tests.unit.detection.ci.trees import ci_of

BUILD = """
version: 0.2
env:
  variables: {STAGE: test}
  secrets-manager: {TOKEN: shop}
phases:
  build:
    commands:
      - cd shop
      - pytest -m fast
    finally:
      - coverage xml
  install:
    runtime-versions: {python: 3.12}
    commands: [pip install -r requirements.txt]
"""


@pytest.mark.parametrize(
    "path", ["buildspec.yml", "buildspec-test.yaml", "ci/buildspecs/tests.yml"]
)
def test_the_phases_run_in_their_fixed_order_in_one_shell(path: str) -> None:
    suite = ci_of({path: BUILD}).suite
    assert suite is not None
    assert [command.shown for command in suite.job.commands] == [
        "pip install -r requirements.txt",
        "pytest -m fast",
        "coverage xml",
    ]
    assert suite.job.python == "3.12"
    assert suite.main.command.directory == "shop"
    assert suite.main.command.env["STAGE"] == "test"


def test_a_file_without_phases_in_such_a_directory_is_none_of_it() -> None:
    found = ci_of({"buildspec/docker.yml": "services: {web: {command: pytest}}"})
    assert not [job for job in found.jobs if job.commands]


def test_the_builds_of_a_batch_are_named() -> None:
    found = ci_of({"buildspec.yml": f"{BUILD}batch:\n  build-list: [{{identifier: old}}]\n"})
    assert [(line.line, line.source) for line in found.not_followed] == [("batch", "buildspec.yml")]
