"""Run a repository's workflows with act."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
ACT = Path(sys.executable).parent / "act"
ACTIONS = Path(__file__).parent / "actions"
# The names that act gives to the images of `uses: ./` and `uses: ./.git/heroci` in every repository.
IMAGE = "act-dockeraction:latest"
CALLED_IMAGE = "act-git-heroci-dockeraction:latest"
BUILDX = "/usr/local/lib/docker/cli-plugins/docker-buildx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """An annotation of a run."""

    level: str
    file: str | None
    line: int | None
    title: str | None
    message: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """The result of a run; `lines` are act's JSON objects in order."""

    exit_code: int
    lines: tuple[dict[str, Any], ...]
    shared: Path

    @cached_property
    def log(self) -> str:
        """The log as a reader sees it."""
        return "\n".join(str(line.get("msg", "")).rstrip("\n") for line in self.lines)

    @property
    def summary(self) -> str:
        """The job summaries, concatenated."""
        found = [line["content"] for line in self.lines if line.get("command") == "summary"]
        return "\n".join(found)

    @property
    def annotations(self) -> list[Annotation]:
        """The annotations that GitHub would show."""
        levels = ("error", "warning", "notice")
        found = [line for line in self.lines if line.get("command") in levels]
        return [_annotation(line["command"], line) for line in found]

    def jobs(self) -> dict[str, str]:
        """Return the result of each job by name."""
        return {line["job"]: line["jobResult"] for line in self.lines if "jobResult" in line}


def _annotation(level: str, line: dict[str, Any]) -> Annotation:
    properties = line.get("kvPairs") or {}
    number = properties.get("line")
    return Annotation(
        level=level,
        file=properties.get("file"),
        line=int(number) if number else None,
        title=properties.get("title"),
        message=line.get("arg", ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs workflows in an image that replaces GitHub's runner; `home` is act's home directory."""

    image: str
    home: Path

    def run(self, repository: Path, workflow: str, *options: str, event: str = "push") -> Run:
        """Run a workflow. Artifacts and caches are kept in `shared`, also for later runs."""
        shared = self.home / "shared"
        for name in ("artifacts", "cache"):
            (shared / name).mkdir(parents=True, exist_ok=True)
        path = repository / ".github/workflows" / workflow
        command = [
            *(str(ACT), event, "-W", str(path), "-P", f"ubuntu-latest={self.image}"),
            *("--pull=false", "--rm", "--no-cache-server", "--rebuild=false", "--json"),
            *("--container-options", f"-v {shared}:/shared {_buildx()}"),
            *_local_actions(path.parent),
            *options,
        ]
        done = subprocess.run(
            command,
            cwd=repository,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        said = done.stdout.decode(errors="replace").splitlines()
        lines = tuple(json.loads(line) for line in said if line.startswith("{"))
        (self.home / "act.log").write_bytes(done.stdout + done.stderr)
        return Run(exit_code=done.returncode, lines=lines, shared=shared)

    def _environment(self) -> dict[str, str]:
        foreign = ("GITHUB_", "RUNNER_", "INPUT_", "HEROCI_", "XDG_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        kept.pop("CI", None)
        return {**kept, "HOME": str(self.home)}


@cache
def _buildx() -> str:
    """Mount the machine's BuildKit client into the jobs: the runner's image may have none."""
    form = '{{range .ClientInfo.Plugins}}{{if eq .Name "buildx"}}{{.Path}}{{end}}{{end}}'
    found = subprocess.run(
        ["docker", "info", "-f", form], capture_output=True, text=True, check=True
    )
    path = found.stdout.strip()
    return f"-v {path}:{BUILDX}:ro" if path else ""


def _local_actions(workflows: Path) -> Iterator[str]:
    """Replace GitHub's actions at the exact references in the workflows."""
    used: set[tuple[str, str]] = set()
    for path in workflows.glob("*.yml"):
        for found in re.findall(r"uses: ([\w-]+/[\w-]+)[\w/-]*@([0-9a-f]{40})", path.read_text()):
            used.add(found)
    for name, reference in sorted(used):
        stand_in = ACTIONS / name.rpartition("/")[2]
        if stand_in.is_dir():
            yield from ("--local-repository", f"{name}@{reference}={stand_in}")


@contextmanager
def alone() -> Iterator[None]:
    """Exclude other processes that run act: they use the same names for containers and the action's image."""
    with Path(f"/tmp/heroci-act-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def workflow(text: str) -> str:
    """Return the text of a workflow after checking that it has jobs."""
    assert yaml.safe_load(text)["jobs"]
    return text
