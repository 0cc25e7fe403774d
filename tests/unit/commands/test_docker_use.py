"""The warning about tests that start containers by themselves."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from heroci_action.commands.unmet_needs import warn_of_docker
from heroci_action.config.model import Config
from heroci_action.detection.facts import Facts
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from heroci_action.plan.stages import select
from heroci_action.project import ProjectConfig

USE = "`testcontainers` in conftest.py:1"


def warnings(root: Path, *, in_containers: bool, use: str | None = USE, skip: bool = False) -> str:
    project = ProjectConfig(root=root, place=root, config=Config(), facts=Facts(docker_use=use))
    plan = build_plan(project, RunContext())
    plan = select(plan, skip=("tests",)) if skip else plan

    async def warn() -> ProjectConfig:
        machine = {"PATH": str(root)}
        return await warn_of_docker(project, plan, machine=machine, in_containers=in_containers)

    return "\n".join(anyio.run(warn).warnings)


@pytest.mark.parametrize(
    ("program", "in_containers", "expected"),
    [
        ("exit 1", True, f"({USE}); the engine's containers have none: run with --engine host"),
        (None, False, f"({USE}), and this machine cannot give them one: there is no docker client"),
        ("echo 20.10", False, f"({USE}); they use that of this machine"),
    ],
)
def test_the_plan_states_whether_the_engine_lets_the_tests_start_containers(
    tmp_path: Path, program: str | None, in_containers: bool, expected: str
) -> None:
    if program:
        docker = tmp_path / "docker"
        docker.write_text(f"#!/bin/sh\n{program}\n")
        docker.chmod(0o755)
    found = warnings(tmp_path, in_containers=in_containers)
    assert found.startswith("the tests start containers, which needs a Docker daemon")
    assert expected in found


def test_nothing_is_said_of_tests_that_start_none_or_do_not_run(tmp_path: Path) -> None:
    assert not warnings(tmp_path, in_containers=True, use=None)
    assert not warnings(tmp_path, in_containers=True, skip=True)
