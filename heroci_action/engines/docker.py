"""The Docker client: the only module that runs `docker`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio

from heroci_action.engines.base import Sink
from heroci_action.engines.job_environment import without_job_variables
from heroci_action.engines.process import Captured, Program, capture, execute
from heroci_action.errors import EngineError

LABEL = "heroci.run"
"""Label of every container, network and image that a run creates; its value is the id of the run."""

ANSWER_WITHIN = 10.0  # seconds
_DENIED = "permission denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """An image to build; paths are absolute, `secrets` are variables of the caller that the build sees as files."""

    dockerfile: Path
    context: Path
    tag: str
    target: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    fresh: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The options of `docker build`."""
        return (
            *("-t", self.tag, "-f", str(self.dockerfile)),
            *(("--target", self.target) if self.target else ()),
            *(("--no-cache",) if self.fresh else ()),
            *(word for item in self.arguments.items() for word in ("--build-arg", "=".join(item))),
            *(word for name in self.secrets for word in ("--secret", f"id={name},env={name}")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Docker:
    """The docker client with the caller's own settings, because it is not a step of the project.

    `run` is the id that everything is labelled with, `scratch` a directory that is removed after the run.
    """

    machine: Mapping[str, str]
    directory: Path = Path("/")
    run: str = ""
    scratch: Path = Path()

    @property
    def label(self) -> str:
        """The value of `--label` by which the reaper finds leftovers."""
        return f"{LABEL}={self.run}"

    async def execute(self, *arguments: str, sink: Sink) -> int:
        """Run docker, send its output to the sink, and return its exit code."""
        return await execute(self.program(*arguments), sink)

    async def capture(self, *arguments: str) -> Captured:
        """Run docker and return its output."""
        return await capture(self.program(*arguments))

    def program(self, *arguments: str) -> Program:
        """Return a call of docker."""
        return Program(
            arguments=("docker", *arguments),
            env=without_job_variables(self.machine),
            directory=self.directory,
        )

    async def problem(self) -> EngineError | None:
        """Return the reason why Docker cannot be used, None if a daemon responds."""
        if not shutil.which("docker", path=self.machine.get("PATH")):
            return EngineError("there is no docker client on the PATH", remedy="install Docker")
        try:
            with anyio.fail_after(ANSWER_WITHIN):
                answer = await self.capture("version", "--format", "{{.Server.Version}}")
        except TimeoutError:
            cause = f"the Docker daemon did not respond within {ANSWER_WITHIN:g} s"
            return EngineError(cause, remedy="restart Docker")
        except EngineError as error:
            return error
        return _no_daemon(answer.stderr) if answer.exit_code else None

    async def inspect(self, kind: str, template: str, name: str) -> str | None:
        """Return a property of an image or container, None if it does not exist."""
        found = await self.capture(kind, "inspect", "--format", template, name)
        return found.stdout.strip() if found.exit_code == 0 else None

    async def build(self, wanted: Build, sink: Sink) -> int:
        """Build an image with BuildKit and return the exit code of the build."""
        named = ("--progress", "plain", "--label", self.label)
        program = self.program("build", *named, *wanted.options, str(wanted.context))
        secrets = {name: self.machine[name] for name in wanted.secrets if name in self.machine}
        # Without it, a client older than 23.0 builds with the old builder, which knows no `RUN --mount`.
        env = {**program.env, **secrets, "DOCKER_BUILDKIT": "1"}
        return await execute(replace(program, env=env), sink)

    async def own_container(self) -> str | None:
        """Return the id of the container that HeroCI itself runs in, None if this daemon does not know it."""
        if not Path("/.dockerenv").exists():
            return None
        name = Path("/etc/hostname").read_text(encoding="utf-8").strip()
        return await self.inspect("container", "{{.Id}}", name)


def identify_images(names: Collection[str], machine: Mapping[str, str]) -> dict[str, str]:
    """Return the ids of the images that are on this machine, by name."""
    if not names:
        return {}
    template = "{{range .RepoTags}}{{.}} {{end}}{{range .RepoDigests}}{{.}} {{end}}{{.Id}}"
    try:
        done = subprocess.run(
            ["docker", "image", "inspect", "--format", template, *sorted(names)],
            env=without_job_variables(machine),
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_WITHIN,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    # Docker prints an empty line if it has none of the images.
    known = (line.split() for line in done.stdout.splitlines() if line)
    return {name: identifier for *found, identifier in known for name in found}


def _no_daemon(stderr: str) -> EngineError:
    text = " ".join(stderr.split())
    if _DENIED in text:
        return EngineError(
            "this user is not allowed to use the Docker daemon's socket",
            remedy="add the user to the group 'docker' and log in again",
        )
    if "Cannot connect" in text or "failed to connect" in text:
        return EngineError("no Docker daemon is running", remedy="start Docker")
    return EngineError(
        f"the Docker daemon does not respond: {text[:200] or 'docker printed nothing'}",
        remedy="see `docker info`",
    )
