"""Exporting the image to the local Docker, and pushing it to a registry."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from heroci_action.plan.actions import BuildImage, ExportImage, PublishImage
from heroci_action.plan.stages import Stage, Step
from tests.integration.dagger import reach
from tests.integration.dagger.conftest import Repository
from tests.integration.docker_daemon import needs_docker

pytestmark = pytest.mark.dagger

BUILD = Step(name="build", action=BuildImage(dockerfile="Dockerfile"))


def image(*steps: Step) -> Stage:
    return Stage(name="image", steps=(BUILD, *steps))


def publish(address: str, **more: object) -> Step:
    return Step(name="push", action=PublishImage(address=address, **more))  # type: ignore[arg-type]


@pytest.fixture
def small(repository: Repository) -> Repository:
    text = 'FROM python:3.13-slim\nCOPY unique.txt /unique.txt\nCMD ["cat", "/unique.txt"]\n'
    return repository.write({"Dockerfile": text})


@pytest.fixture
def name(repository: Repository) -> Iterator[str]:
    name = f"heroci-test-export:{(repository.root / 'unique.txt').read_text()}"
    yield name
    subprocess.run(["docker", "image", "rm", "-f", name], capture_output=True, check=False)


@pytest.mark.docker
@needs_docker
def test_an_image_is_exported_to_the_local_docker_and_runs_there(
    small: Repository, name: str
) -> None:
    seen = small.run(image(Step(name="export", action=ExportImage(name=name))))
    assert seen.outcomes["export"].exit_code == 0, seen.text
    done = subprocess.run(
        ["docker", "run", "--rm", name], capture_output=True, text=True, check=True
    )
    assert done.stdout == (small.root / "unique.txt").read_text()
    again = small.run(image(Step(name="export", action=ExportImage(name=name))))
    assert again.outcomes["export"].facts == {"exported": name}


def test_an_export_without_docker_is_an_error(small: Repository) -> None:
    small.machine = {**small.machine, "DOCKER_HOST": "unix:///nowhere.sock"}
    reach.require_engine_by_address(small.machine)
    seen = small.run(image(Step(name="export", action=ExportImage(name="x:1"))))
    assert "was not exported: no Docker daemon is running" in seen.errors["export"].cause


def test_a_dry_run_prints_the_reference_and_pushes_nothing(small: Repository) -> None:
    small.machine = {**small.machine, "SHA": "abc123"}
    seen = small.run(image(publish("registry.invalid/shop:{env.SHA}")))
    assert seen.outcomes["push"].exit_code == 0
    assert seen.outcomes["push"].facts == {"would publish": "registry.invalid/shop:abc123"}
    assert "would push registry.invalid/shop:abc123" in seen.text


@pytest.mark.parametrize("address", ["registry.invalid/Shop:1", "shop:{env.UNSET}", "a b", ""])
def test_an_invalid_reference_fails_even_in_a_dry_run(small: Repository, address: str) -> None:
    assert small.run(image(publish(address))).outcomes["push"].exit_code == 1


def test_a_pushed_image_is_named_by_its_digest(small: Repository) -> None:
    address = f"{reach.registry()}/heroci-test/shop:{(small.root / 'unique.txt').read_text()}"
    small.machine = {**small.machine, "REGISTRY_PASSWORD": "hunter2-hunter2"}
    step = publish(address, username="me", password="REGISTRY_PASSWORD", push=True)
    seen = small.run(image(step))
    assert seen.outcomes["push"].exit_code == 0, seen.text
    assert seen.outcomes["push"].facts["published"].startswith(f"{address}@sha256:")
    assert "hunter2" not in seen.text


def test_an_unreachable_registry_fails_the_step(small: Repository) -> None:
    seen = small.run(image(publish("registry.invalid/shop:1", push=True)))
    assert seen.outcomes["push"].exit_code == 1
    assert seen.outcomes["push"].cause == "the registry refused registry.invalid/shop:1"
    assert "registry.invalid" in seen.text
