"""The action's image, built and started like GitHub's runner does (actions/runner, ContainerActionHandler)."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.integration.docker_daemon import needs_docker

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
SOCKET = "/var/run/docker.sock"


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


pytestmark = [pytest.mark.docker, needs_docker]


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    tag = f"heroci-action-test:{secrets.token_hex(4)}"
    built = docker("build", "-f", str(ROOT / "Dockerfile.action"), "-t", tag, str(ROOT))
    assert built.returncode == 0, built.stderr[-4000:]
    yield tag
    docker("image", "rm", "-f", tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The result of a step of a job."""

    exit_code: int
    log: str
    outputs: dict[str, str]
    summary: str
    workspace: Path

    @property
    def annotations(self) -> list[str]:
        """The commands that create annotations."""
        return re.findall(r"^::(?:error|warning|notice) .*$", self.log, re.MULTILINE)


def run_step(image: str, workspace: Path, temp: Path, **inputs: str) -> Step:
    """Start the container with the runner's environment, mounts and files, and read the files afterwards."""
    for name in ("_runner_file_commands", "_github_home", "_github_workflow", "temp"):
        (temp / name).mkdir(parents=True)
    files = {
        name: temp / "_runner_file_commands" / name
        for name in ("output", "summary", "env", "path", "state")
    }
    for file in files.values():
        file.touch()
    (temp / "_github_workflow/event.json").write_text("{}")
    done = docker(
        "run",
        "--rm",
        *_environment(inputs),
        *_mounts(workspace, temp),
        "--workdir",
        "/github/workspace",
        image,
    )
    return Step(
        exit_code=done.returncode,
        log=done.stdout + done.stderr,
        outputs=parse_outputs(files["output"].read_text()),
        summary=files["summary"].read_text(),
        workspace=workspace,
    )


def _environment(inputs: dict[str, str]) -> list[str]:
    given = {name: str(meta["default"]) for name, meta in ACTION["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    variables = {
        **{f"INPUT_{name.upper()}": value for name, value in given.items()},
        "HOME": "/github/home",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": "/github/workspace",
        "GITHUB_OUTPUT": "/github/file_commands/output",
        "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
        "GITHUB_ENV": "/github/file_commands/env",
        "GITHUB_PATH": "/github/file_commands/path",
        "GITHUB_STATE": "/github/file_commands/state",
        "GITHUB_EVENT_PATH": "/github/workflow/event.json",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_REPOSITORY": "octo/shop",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_RUN_ATTEMPT": "1",
        "RUNNER_OS": "Linux",
        "RUNNER_TEMP": "/github/runner_temp",
    }
    return [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]


def _mounts(workspace: Path, temp: Path) -> list[str]:
    places = {
        SOCKET: SOCKET,
        str(temp / "temp"): "/github/runner_temp",
        str(temp / "_github_home"): "/github/home",
        str(temp / "_github_workflow"): "/github/workflow",
        str(temp / "_runner_file_commands"): "/github/file_commands",
        str(workspace): "/github/workspace",
    }
    return [word for here, there in places.items() for word in ("-v", f"{here}:{there}")]


def parse_outputs(text: str) -> dict[str, str]:
    """Parse the file by GitHub's rules: `name=value`, or `name<<DELIMITER` and lines up to the delimiter."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if re.match(r"[\w-]+<<", line):
            name, delimiter = line.split("<<", 1)
            value = []
            for inner in lines:
                if inner == delimiter:
                    break
                value.append(inner)
            found[name] = "\n".join(value)
        elif line:
            name, _, value_ = line.partition("=")
            found[name] = value_
    return found


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


def given_to_the_runner(target: Path) -> Path:
    """Give the directory to the owner that it has on a hosted runner, if permitted."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "1001:1001", str(target)], check=True)
    return target


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
    assert (step.workspace / ".cache/heroci/environments").is_dir()


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
