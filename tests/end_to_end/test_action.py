"""The action's image, built and started like GitHub's runner does (actions/runner, ContainerActionHandler)."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.action_container import (
    ACTION,
    ROOT,
    action_image,
    docker,
    given_to_the_runner,
    run_step,
)
from tests.integration.docker_daemon import needs_docker

pytestmark = [pytest.mark.docker, needs_docker]


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    with action_image() as tag:
        yield tag


def checkout(target: Path) -> Path:
    """Clone this repository like actions/checkout: the clone belongs to the runner's user, not to root."""
    subprocess.run(
        ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(target)], check=True
    )
    # Test uncommitted changes, too.
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return given_to_the_runner(target)


def owners(workspace: Path) -> set[tuple[int, int]]:
    """Return the owners of the files in a workspace."""
    found = (path.lstat() for path in (workspace, *workspace.rglob("*")))
    return {(file.st_uid, file.st_gid) for file in found}


def only_the_runners(workspace: Path) -> bool:
    """Return whether root owns no file in the workspace; `checkout` can change owners only as root."""
    return os.geteuid() != 0 or owners(workspace) == {(1001, 1001)}


def test_image_adds_at_most_91_megabytes_to_its_base(image: str) -> None:
    sizes = docker("image", "inspect", "--format", "{{.Size}}", image, "python:3.13-slim")
    mine, base = map(int, sizes.stdout.split())
    assert mine - base <= 91_000_000


def test_every_module_in_the_image_can_be_imported(image: str) -> None:
    """Every module can be imported although the image omits packages; errors name the host engine's tools."""
    program = (
        "import heroci_action, importlib, pkgutil\n"
        "for module in pkgutil.walk_packages(heroci_action.__path__, 'heroci_action.'):\n"
        "    if '.probes.' not in module.name and not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "import dagger\n"
    )
    python = "/opt/heroci/venv/bin/python"
    done = docker("run", "--rm", "--entrypoint", python, image, "-I", "-c", program)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        (
            "git",
            "clone",
            "-q",
            "https://127.0.0.1:1/x",
        ),  # https works, but nothing listens on the port
        ("git", "submodule", "status"),
        ("docker", "--version"),
    ],
)
def test_programs_in_the_image_work(image: str, command: tuple[str, ...]) -> None:
    script = f"git init -q /tmp/x && cd /tmp/x && {' '.join(command)}"
    done = docker("run", "--rm", "--entrypoint", "sh", image, "-c", script)
    assert done.returncode == 0 or "Failed to connect to 127.0.0.1" in done.stderr, done.stderr
    assert "is not a git command" not in done.stderr


@pytest.fixture(scope="module")
def release() -> Iterator[str]:
    """Build the image of a release, which contains the Dagger CLI."""
    name = engine_image()
    if docker("image", "inspect", name).returncode:
        pytest.skip(f"the image {name} is not here; pull it to run this test")
    tag = f"heroci-action-test:{secrets.token_hex(4)}"
    place = ("-f", str(ROOT / "Dockerfile.action"), "-t", tag, str(ROOT))
    built = docker("build", "--target", "release", *place)
    assert built.returncode == 0, built.stderr[-4000:]
    yield tag
    docker("image", "rm", "-f", tag)


def engine_image() -> str:
    """Return the image that contains the Dagger CLI."""
    found = re.search(r"COPY --from=(\S+/engine:\S+)", (ROOT / "Dockerfile.action").read_text())
    assert found
    return found[1]


def test_release_image_contains_the_dagger_cli(release: str) -> None:
    said = docker("run", "--rm", "--entrypoint", "dagger", release, "version").stdout
    assert engine_image().partition(":v")[2] in said


@pytest.mark.dagger
def test_release_image_uses_the_dagger_engine_of_the_runner(release: str, tmp_path: Path) -> None:
    name = f"dagger-engine-v{engine_image().partition(':v')[2]}"
    if name not in docker("ps", "--format", "{{.Names}}").stdout.split():
        pytest.skip(f"no Dagger engine runs in the container {name}; start one to run this test")
    step = run_step(
        release, checkout(tmp_path / "w"), tmp_path / "t", engine="dagger", stages="base"
    )
    assert step.exit_code == 0, step.log[-6000:]
    assert "on the dagger engine" in step.log
    assert only_the_runners(step.workspace)


def test_action_passes_on_the_reference_project(image: str, tmp_path: Path) -> None:
    step = run_step(
        image, checkout(tmp_path / "w"), tmp_path / "t", engine="host", cache_dir=".cache/heroci"
    )
    assert step.exit_code == 0, step.log[-6000:]
    assert set(step.outputs) == set(ACTION["outputs"])
    assert step.outputs["status"] == "passed"
    assert int(step.outputs["tests"]) >= 80
    assert step.outputs["failed"] == "0"
    assert float(step.outputs["coverage"]) > 50
    assert step.outputs["failed-stages"] == ""
    for name in ("junit-path", "coverage-path", "html-path", "result-path", "summary-path"):
        assert (step.workspace / step.outputs[name]).is_file()
    assert only_the_runners(step.workspace)
    assert "| tests" in step.summary or "tests |" in step.summary
    assert step.annotations == []
    groups = re.findall(r"^::group::(.*)$", step.log, re.MULTILINE)
    assert any("tests" in group for group in groups)
    for name in ("environments", "results", "uv"):
        assert (step.workspace / ".cache/heroci" / name).is_dir()


def test_broken_test_fails_the_step_and_is_annotated(image: str, tmp_path: Path) -> None:
    workspace = checkout(tmp_path / "w")
    broken = workspace / "tests/superheroes/test_broken.py"
    broken.write_text(
        "from django.test import SimpleTestCase\n\n\nclass BrokenTests(SimpleTestCase):\n"
        "    def test_sums(self):\n        total = 1 + 1\n        self.assertEqual(total, 3)\n"
    )
    given_to_the_runner(workspace)
    step = run_step(image, workspace, tmp_path / "t", engine="host", stages="tests")
    assert step.exit_code == 1
    assert step.outputs["status"] == "failed"
    assert step.outputs["failed"] == "1"
    assert step.outputs["failed-stages"] == "tests"
    (annotation,) = [line for line in step.annotations if "test_broken" in line]
    assert "file=tests/superheroes/test_broken.py" in annotation
    assert "line=7" in annotation
    assert "test_sums" in step.summary
    assert only_the_runners(workspace)


def test_action_reports_results_of_other_tools(image: str, tmp_path: Path) -> None:
    workspace = checkout(tmp_path / "w")
    (workspace / "results").mkdir()
    (workspace / "results/a.xml").write_text(
        '<testsuite><testcase classname="tests.superheroes.test_list" name="test_x">'
        "<failure>no</failure></testcase></testsuite>"
    )
    step = run_step(
        image,
        workspace,
        tmp_path / "t",
        command="report",
        junit="results/*.xml",
        summary="false",
        annotations="false",
    )
    assert step.exit_code == 1
    assert (step.outputs["tests"], step.outputs["failed"]) == ("1", "1")
    assert step.summary == ""
    assert step.annotations == []
    assert (workspace / step.outputs["html-path"]).is_file()


def test_all_invalid_inputs_are_reported_at_once(image: str, tmp_path: Path) -> None:
    step = run_step(
        image, checkout(tmp_path / "w"), tmp_path / "t", engine="dager", fail_fast="perhaps"
    )
    assert step.exit_code == 2
    assert [note for note in step.annotations if "'dager' is not one of" in note]
    assert [note for note in step.annotations if "'perhaps' is not one of true, false" in note]
    assert only_the_runners(step.workspace)


def test_module_in_the_checkout_is_not_imported(image: str, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w/json.py").write_text("raise SystemExit('imported from the checkout')\n")
    step = run_step(image, tmp_path / "w", tmp_path / "t", engine="host")
    assert step.exit_code == 2
    assert "manage.py" in step.log
    assert "imported from the checkout" not in step.log
