"""What of this machine makes a stored result unusable."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from heroci_action.engines.host.machine_facts import machine_facts
from heroci_action.plan.actions import Command
from heroci_action.plan.stages import Environment, Plan, Service, Stage, Step
from tests.integration.docker_daemon import needs_docker

STEP = Step(name="tests", action=Command(line="pytest"))


def plan(*services: Service) -> Plan:
    names = tuple(service.name for service in services)
    return Plan(
        project="shop",
        environment=Environment(python="3.13"),
        services={service.name: service for service in services},
        stages=(Stage(name="tests", services=names, steps=(STEP,)),),
    )


PLAN = plan(Service(name="redis"))


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a machine with one Python and one Redis."""
    install_python(tmp_path, "3.13.1")
    (tmp_path / "constraints.txt").write_text("django<5\n")
    server = tmp_path / "bin/redis-server"
    server.parent.mkdir()
    server.write_text("#!/bin/sh\necho 'Redis server v=7.2.1'\n")
    server.chmod(0o755)
    return {
        "PATH": f"{server.parent}:{os.environ['PATH']}",
        "PYENV_ROOT": str(tmp_path / "pyenv"),
        "UV_CONSTRAINT": str(tmp_path / "constraints.txt"),
        "TZ": "UTC",
    }


def install_python(root: Path, version: str) -> None:
    program = root / f"pyenv/versions/{version}/bin/python"
    program.parent.mkdir(parents=True)
    program.touch()


def upgrade_python(root: Path) -> None:
    install_python(root, "3.13.2")


def upgrade_redis(root: Path) -> None:
    (root / "bin/redis-server").write_text("#!/bin/sh\necho 'Redis server v=7.4.0'\n")


def edit_constraints(root: Path) -> None:
    (root / "constraints.txt").write_text("django<6\n")


@pytest.mark.parametrize("change", [upgrade_python, upgrade_redis, edit_constraints])
def test_another_program_or_constraint_is_another_machine(
    machine: dict[str, str], tmp_path: Path, change: Callable[[Path], None]
) -> None:
    before = machine_facts(PLAN, machine)
    assert machine_facts(PLAN, machine) == before
    change(tmp_path)
    assert machine_facts(PLAN, machine) != before


@pytest.mark.parametrize(
    ("name", "value", "is_other"),
    [
        ("TZ", "Asia/Tokyo", True),
        ("LANG", "de_DE.UTF-8", True),
        ("UV_RESOLUTION", "lowest", True),
        ("UV_EXCLUDE_NEWER", "2025-01-01", True),
        ("UV_CACHE_DIR", "/elsewhere", False),
        ("UV_INDEX_URL", "https://user:rotating@example.org/simple", False),
        ("EDITOR", "vi", False),
    ],
)
def test_variables_count_only_if_they_reach_a_step_or_choose_a_version(
    machine: dict[str, str], name: str, value: str, *, is_other: bool
) -> None:
    other = machine_facts(PLAN, {**machine, name: value})
    assert (other != machine_facts(PLAN, machine)) is is_other


@needs_docker
def test_a_tag_that_names_another_image_is_another_machine(tmp_path: Path) -> None:
    machine, tag = dict(os.environ), f"heroci-retagged-{os.getpid()}:1"
    facts = []
    try:
        for text in ("one", "two"):
            (tmp_path / "file").write_text(text)
            (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY file /file\n")
            docker("build", "--quiet", "--tag", tag, str(tmp_path))
            facts.append(machine_facts(plan(Service(name="search", image=tag)), machine))
    finally:
        docker("image", "rm", tag)
    assert facts[0] != facts[1]


def docker(*arguments: str) -> None:
    program = shutil.which("docker")
    assert program is not None
    subprocess.run([program, *arguments], check=True, capture_output=True)


@needs_docker
def test_an_image_that_this_machine_does_not_have_is_no_fact() -> None:
    facts = machine_facts(plan(Service(name="broker", image="heroci-missing:1")), os.environ)
    assert facts["images"] == "{}"


def test_the_tag_of_a_database_image_chooses_the_server_of_the_machine(tmp_path: Path) -> None:
    programs = tmp_path / "postgresql-99" / "bin"
    programs.mkdir(parents=True)
    for name in ("pg_config", "initdb", "postgres", "psql"):
        (programs / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n")
        (programs / name).chmod(0o755)
    machine = {"PATH": f"{programs}:{os.environ['PATH']}"}
    versions = [
        machine_facts(plan(Service(name="db", image=image)), machine)["service db"]
        for image in ("postgres:99", "postgres:9")
    ]
    assert versions[0] == "PostgreSQL 99 (system) postgres (PostgreSQL) 99.1"
    assert versions[1] != versions[0]
