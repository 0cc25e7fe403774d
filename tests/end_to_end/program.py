"""Run the program as a user does: as a process, in a directory, with an environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

COMMAND = (sys.executable, "-I", "-m", "heroci_action")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished call; `reports` is the output directory."""

    exit_code: int
    stdout: str
    stderr: str
    reports: Path

    @property
    def result(self) -> dict[str, Any]:
        """The content of heroci-result.json."""
        content: dict[str, Any] = json.loads((self.reports / "heroci-result.json").read_text())
        return content

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each stage."""
        return {stage["name"]: stage["status"] for stage in self.result["stages"]}

    def stage(self, name: str) -> dict[str, Any]:
        """The result of one stage."""
        return next(stage for stage in self.result["stages"] if stage["name"] == name)

    def step(self, stage: str, name: str) -> dict[str, Any]:
        """The result of one step."""
        return next(step for step in self.stage(stage)["steps"] if step["name"] == name)

    def junit(self) -> ElementTree.Element:
        """The root element of junit.xml, which is trusted because HeroCI wrote it."""
        return ElementTree.parse(self.reports / "junit.xml").getroot()


def environment(**variables: str) -> dict[str, str]:
    """Return the caller's environment without variables of other runs or CI services."""
    foreign = ("GITHUB_", "INPUT_", "HEROCI_", "RUNNER_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and name != "CI"
    }
    return {**kept, "NO_COLOR": "1", **variables}


def call(*arguments: str, directory: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run the program in a directory and wait until it ends."""
    return execute(*COMMAND, *arguments, directory=directory, env=env or environment())


def execute(*command: str, directory: Path, env: Mapping[str, str]) -> Run:
    """Run a command that starts the program, as `call` does."""
    done = subprocess.run(
        command,
        cwd=directory,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(
        exit_code=done.returncode,
        stdout=done.stdout,
        stderr=done.stderr,
        reports=directory / "heroci-reports",
    )


def run(directory: Path, *options: str, env: Mapping[str, str] | None = None) -> Run:
    """Call `heroci run` on the host engine without the image stage; every stage really runs."""
    fixed = ("--engine", "host", "--skip", "image", "--refresh")
    return call("run", *fixed, *options, directory=directory, env=env)
