"""The action's image, built and started like GitHub's runner does (actions/runner, ContainerActionHandler)."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
SOCKET = "/var/run/docker.sock"


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Docker command that may fail."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


@contextmanager
def action_image() -> Iterator[str]:
    """Build the image of the action under a name of its own, and remove it at the end."""
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


def given_to_the_runner(target: Path) -> Path:
    """Give the directory to the owner that it has on a hosted runner, if permitted."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "1001:1001", str(target)], check=True)
    return target
