"""The docker client: whether a daemon answers, and the commands that the host engine gives it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio

from heroci_action.engines.base import Sink
from heroci_action.engines.docker_errors import no_answer
from heroci_action.engines.host.build_context import Build
from heroci_action.engines.host.process import Captured, Program, capture, execute
from heroci_action.engines.host.reaper import LABEL
from heroci_action.errors import EngineError

ANSWER_WITHIN = 10.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Docker:
    """The docker client with the caller's own settings: it is not a step of the project.

    `run` is the id that everything made here is labelled with, `scratch` a directory that is gone after the run.
    """

    machine: Mapping[str, str]
    directory: Path
    run: str = ""
    scratch: Path = Path()

    @property
    def label(self) -> str:
        """The value of `--label` by which the reaper finds what is left."""
        return f"{LABEL}={self.run}"

    async def execute(self, *arguments: str, sink: Sink) -> int:
        """Run docker, its output to the sink; the exit code."""
        return await execute(self.program(*arguments), sink)

    async def capture(self, *arguments: str) -> Captured:
        """Run docker for what it prints."""
        return await capture(self.program(*arguments))

    def program(self, *arguments: str) -> Program:
        """A call of docker."""
        return Program(arguments=("docker", *arguments), env=self.machine, directory=self.directory)

    async def problem(self) -> str | None:
        """Why there is no Docker to use here, in words; None where a daemon answers."""
        if not shutil.which("docker", path=self.machine.get("PATH")):
            return "there is no docker client on the PATH"
        with anyio.move_on_after(ANSWER_WITHIN):
            answer = await self.capture("version", "--format", "{{.Server.Version}}")
            return None if answer.exit_code == 0 else no_answer(answer.stderr)
        return f"the Docker daemon did not answer within {ANSWER_WITHIN:g} s"

    async def build(self, wanted: Build, sink: Sink) -> int:
        """Build an image with BuildKit; the exit code."""
        buildx = await self.capture("buildx", "version")
        if buildx.exit_code:
            if wanted.secrets:
                raise EngineError(
                    "secrets of a build need buildx, and the docker client has none",
                    remedy="install docker-buildx, or use --engine dagger",
                )
            # Its client takes a tenth of a second to import.
            from heroci_action.engines.host.buildkit import build  # noqa: PLC0415

            return await build(wanted, sink, host=self.machine.get("DOCKER_HOST"))
        options = [
            *(("--target", wanted.target) if wanted.target else ()),
            *(("--no-cache",) if wanted.fresh else ()),
        ]
        for key, value in wanted.arguments.items():
            options += ["--build-arg", f"{key}={value}"]
        for name in wanted.secrets:
            options += ["--secret", f"id={name},env={name}"]
        named = ("--label", wanted.label, "-t", wanted.tag, "-f", str(wanted.dockerfile))
        return await self.execute(
            "build", "--progress", "plain", *named, *options, str(wanted.context), sink=sink
        )

    async def own_container(self) -> str | None:
        """The id of the container that HeroCI itself runs in, where this daemon knows it."""
        if not Path("/.dockerenv").exists():
            return None
        found = await self.capture(
            "inspect", "--format", "{{.Id}}", Path("/etc/hostname").read_text().strip()
        )
        return found.stdout.strip() if found.exit_code == 0 else None
