"""Run HeroCI on a copy of a project, with its own caches, and time it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.reference import copy_to

GIT = ("git", "-c", "user.name=b", "-c", "user.email=b@example.org", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A run: its wall time in seconds, start-up included, and its result file."""

    seconds: float
    result: Mapping[str, Any]

    def stages(self) -> dict[str, float]:
        """Return the seconds of each stage that ran."""
        return {
            stage["name"]: stage["duration"]
            for stage in self.result["stages"]
            if stage["status"] != "skipped"
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """A checkout with HeroCI's and uv's caches next to it.

    `source` is a repository, None for the reference project. `checkout` is the name of the checkout's directory.
    """

    directory: Path
    engine: str = "host"
    source: Path | None = None
    checkout: str = "project"
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        """The checkout."""
        return self.directory / self.checkout

    @property
    def cache(self) -> Path:
        """HeroCI's cache directory."""
        return self.directory / "cache"

    def check_out(self) -> None:
        """Create the checkout, as a repository with one commit."""
        if self.source:
            clone = ("git", "clone", "--quiet", str(self.source), str(self.project))
            subprocess.run(clone, check=True)
            return
        copy_to(self.project)
        (self.project / "README.md").write_text("# Superheroes\n")
        subprocess.run([*GIT, "init", "--quiet"], cwd=self.project, check=True)
        self.commit()

    def commit(self) -> None:
        """Commit everything."""
        for arguments in (("add", "--all"), ("commit", "--quiet", "--allow-empty", "-m", "x")):
            subprocess.run([*GIT, *arguments], cwd=self.project, check=True)

    def append(self, name: str, text: str) -> None:
        """Append to a file and commit it."""
        path = self.project / name
        path.write_text(path.read_text() + text)
        self.commit()

    def run(self, *options: str) -> Timed:
        """Run HeroCI once. Exit if it does not pass."""
        reports = self.directory / "reports"
        command = (
            *(sys.executable, "-m", "heroci_action", "run", "--engine", self.engine, "-q"),
            *(*self.options, *options, "--output", str(reports), str(self.project)),
        )
        seconds = timed(command, self.environment, self.directory / "log")
        return Timed(
            seconds=seconds, result=json.loads((reports / "heroci-result.json").read_text())
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a run, without variables of CI services and of Python."""
        left_out = ("GITHUB_", "PYTHON")
        outer = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
        own = {
            "HEROCI_CACHE_DIR": str(self.cache),
            "UV_CACHE_DIR": str(self.directory / "uv"),
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        }
        return {**outer, **own, **self.env}


def timed(
    command: Sequence[str], env: Mapping[str, str], log: Path, directory: Path | None = None
) -> float:
    """Return the seconds of a command. Exit if it fails."""
    # Pending writes of the previous command must not count.
    os.sync()
    start = time.monotonic()
    with log.open("w") as file:
        ended = subprocess.run(
            command, cwd=directory, env=env, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    seconds = time.monotonic() - start
    if ended.returncode:
        text = log.read_text(errors="replace")[-4000:]
        sys.exit(f"{command[0]} ended with exit code {ended.returncode}:\n{text}")
    return seconds
