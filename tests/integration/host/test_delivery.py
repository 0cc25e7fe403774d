"""What becomes of an image on the host engine, and what stages may ask for there: caches, secrets, no hook."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.base import StepOutcome
from heroci_action.engines.host.cache import find_entries, remove
from heroci_action.engines.host.locks import try_lock
from heroci_action.engines.registry import ENGINES, create_engine
from heroci_action.engines.secret_store import ignore
from heroci_action.engines.settings import EngineSettings
from heroci_action.errors import EngineError
from heroci_action.options import EngineChoice
from heroci_action.plan.actions import (
    BuildImage,
    Command,
    Customise,
    ExportImage,
    InstallDependencies,
    PublishImage,
)
from heroci_action.plan.stages import TOOL_CACHES, Environment, Plan, Stage, Step
from tests.integration.docker_daemon import needs_docker
from tests.integration.host.conftest import Lines
from tests.integration.registry import registry

INSTALL = Step(name="install", action=InstallDependencies())
BUILD = Step(name="build", action=BuildImage(dockerfile="Dockerfile"))
USER, PASSWORD = "me", "hunter2-hunter2"
# The one Python that every machine has.
PYTHON = "{}.{}".format(*sys.version_info)


@dataclass
class World:
    """A repository with the host engine."""

    root: Path
    cache: Path
    lines: Lines
    machine: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    environment: Environment = field(default_factory=lambda: Environment(python=PYTHON))

    def run(self, *steps: Step, fresh: bool = False, **more: object) -> dict[str, StepOutcome]:
        stage = Stage(name="work", steps=steps, **more)  # type: ignore[arg-type]
        return anyio.run(self._run, stage, fresh)

    async def _run(self, stage: Stage, fresh: bool) -> dict[str, StepOutcome]:
        self.lines.clear()
        settings = EngineSettings(
            root=self.root, cache=self.cache, machine=self.machine, fresh=fresh
        )
        engine = create_engine(ENGINES[EngineChoice.HOST], settings, ignore)
        plan = Plan(project="p", environment=self.environment, stages=(stage,))
        outcomes = {}
        async with engine.open(plan) as session, session.stage(stage, self.lines) as scope:
            for step in stage.steps:
                outcomes[step.name] = await scope.run(step, self.lines)
        return outcomes


@pytest.fixture
def world(tmp_path: Path, lines: Lines) -> World:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "unique.txt").write_text(os.urandom(4).hex())
    (root / "Dockerfile").write_text(
        "FROM python:3.13-slim\nCOPY unique.txt /\nCMD cat /unique.txt\n"
    )
    return World(root, tmp_path / "cache", lines)


def command(line: str) -> Step:
    return Step(name="a", action=Command(line=line))


def publish(address: str, **more: object) -> Step:
    return Step(name="push", action=PublishImage(address=address, **more))  # type: ignore[arg-type]


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.docker
@needs_docker
def test_an_image_is_exported_under_its_name_and_stays(world: World) -> None:
    name = f"heroci-test-export:{(world.root / 'unique.txt').read_text()}"
    try:
        outcomes = world.run(BUILD, Step(name="export", action=ExportImage(name=name)))
        assert outcomes["export"].exit_code == 0, world.lines
        assert docker("run", "--rm", name).stdout == (world.root / "unique.txt").read_text()
    finally:
        docker("image", "rm", "-f", name)


@pytest.mark.docker
@needs_docker
def test_an_image_is_pushed_with_the_password_of_the_caller(world: World) -> None:
    world.machine["REGISTRY_PASSWORD"] = PASSWORD
    with registry(USER, PASSWORD) as taken:
        address = f"{taken.address}/shop:1"
        step = publish(address, username=USER, password="REGISTRY_PASSWORD", push=True)
        outcomes = world.run(BUILD, step, secrets=("REGISTRY_PASSWORD",))
    assert outcomes["push"].exit_code == 0, world.lines
    assert outcomes["push"].facts["published"].startswith(f"{taken.address}/shop@sha256:")
    assert "/v2/shop/manifests/1" in taken.manifests
    assert not docker("image", "ls", "-q", address).stdout


@pytest.mark.docker
@needs_docker
def test_a_wrong_password_fails_the_step(world: World) -> None:
    world.machine["REGISTRY_PASSWORD"] = PASSWORD[::-1]
    with registry(USER, PASSWORD) as taken:
        step = publish(
            f"{taken.address}/shop:1", username=USER, password="REGISTRY_PASSWORD", push=True
        )
        outcomes = world.run(BUILD, step)
    assert outcomes["push"].exit_code == 1
    assert not taken.manifests


def test_a_dry_run_says_what_it_would_push(world: World) -> None:
    world.machine["SHA"] = "abc"
    outcome = world.run(publish("registry.invalid/shop:{env.SHA}"))["push"]
    assert outcome.facts == {"would publish": "registry.invalid/shop:abc"}
    (said,) = (line for line in world.lines if "registry.invalid/shop:abc" in line)
    assert said.startswith("would push")
    assert "`heroci run --publish`" in said
    assert "`publish: true`" in said


@pytest.mark.docker
@needs_docker
def test_a_build_sees_its_secrets_masked(world: World) -> None:
    if docker("buildx", "version").returncode:
        pytest.skip("the docker client has no buildx")
    world.machine["INDEX_TOKEN"] = PASSWORD
    unique = (world.root / "unique.txt").read_text()
    run = f"RUN --mount=type=secret,id=INDEX_TOKEN cat /run/secrets/INDEX_TOKEN && echo # {unique}"
    (world.root / "Dockerfile").write_text(f"FROM python:3.13-slim\n{run}\n")
    build = BuildImage(dockerfile="Dockerfile", secrets=("INDEX_TOKEN",))
    assert world.run(Step(name="build", action=build))["build"].exit_code == 0, world.lines
    assert any("***" in line for line in world.lines)
    assert not any(PASSWORD in line for line in world.lines)


def test_a_cache_below_the_home_of_steps_lasts_and_is_the_repositorys_own(world: World) -> None:
    count = command("cat ~/.x/runs 2>/dev/null | wc -l; date +%N >>~/.x/runs")
    lines = []
    for _ in range(3):
        world.run(INSTALL, count, caches=("~/.x", "~/../outside", "/absolute"))
        lines.append(world.lines[-1].strip())
    assert lines == ["0", "1", "2"]
    other = World(world.root.parent, world.cache, world.lines)
    other.run(INSTALL, count, caches=("~/.x",))
    assert world.lines[-1].strip() == "0"


def test_tools_keep_their_caches_in_herocis_and_a_fresh_run_has_an_empty_one(world: World) -> None:
    count = command('mkdir -p "$DIR"; ls "$DIR" | wc -l; mktemp -p "$DIR" >&2')
    counts = []
    for fresh in (False, False, True):
        world.run(INSTALL, count, caches=(TOOL_CACHES,), env={"DIR": "{caches}/x"}, fresh=fresh)
        counts.append(
            next(line.strip() for line in reversed(world.lines) if line.strip().isdigit())
        )
    assert counts == ["0", "1", "0"]


def test_a_declared_secret_is_masked_whatever_it_is_called(world: World) -> None:
    world.machine["HARMLESS"] = PASSWORD
    env: Mapping[str, str] = {"HARMLESS": "{env.HARMLESS}"}
    world.run(INSTALL, command('echo "${#HARMLESS} $HARMLESS"'), secrets=("HARMLESS",), env=env)
    assert world.lines[-1] == "15 ***"


def test_a_secret_that_the_caller_has_not_set_is_refused(world: World) -> None:
    with pytest.raises(EngineError, match="needs MISSING_ONE"):
        world.run(command("true"), secrets=("MISSING_ONE",))


def test_a_hook_is_refused_with_the_way_out(world: World) -> None:
    with pytest.raises(EngineError) as caught:
        world.run(Step(name="hook", action=Customise(function="a.py:f")))
    assert caught.value.remedy == "use --engine dagger, or remove `hook`"


def test_what_is_kept_is_counted_and_removed_but_not_under_a_run(world: World) -> None:
    world.run(INSTALL, command("echo x >~/.x/y"), caches=("~/.x",))
    kept = find_entries(world.cache)
    assert len(kept) == 2
    assert kept[0].size > kept[1].size > 0
    environment = kept[0]
    with try_lock(environment.path.with_suffix(".lock")) as got:
        assert got
        assert not remove(environment)
    assert all(remove(each) for each in kept)
    assert find_entries(world.cache) == ()
    assert world.run(INSTALL)["install"].cached is False


def test_an_environment_whose_removal_is_interrupted_is_not_used_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run(INSTALL)
    (environment,) = find_entries(world.cache)
    program = Path("project/bin/python")

    def interrupt(path: Path, **_options: object) -> None:
        if path.exists():
            (path / program).unlink()
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            remove(environment)
    assert world.run(INSTALL)["install"].cached is False
    assert (environment.path / program).exists()
    assert all(remove(entry) for entry in find_entries(world.cache))
    assert find_entries(world.cache) == ()


def test_a_base_image_is_not_used_and_that_is_said(world: World) -> None:
    world.environment = Environment(python=PYTHON, image="python:3.13-bookworm")
    # There may be another one: about the version of Python that this machine has.
    warnings = world.run(INSTALL)["install"].warnings
    assert sum("'python:3.13-bookworm' needs --engine dagger" in text for text in warnings) == 1


def test_entries_are_listed_while_another_run_removes_files(tmp_path: Path) -> None:
    environment = tmp_path / "environments" / "shared" / "one"
    environment.mkdir(parents=True)
    script = "while true; do mkdir -p x/y && touch x/y/a x/b && rm -rf x; done"
    with subprocess.Popen(["sh", "-c", script], cwd=environment) as other:
        try:
            found = [find_entries(tmp_path) for _ in range(300)]
        finally:
            other.kill()
    assert {entry.path for entries in found for entry in entries} == {environment}
