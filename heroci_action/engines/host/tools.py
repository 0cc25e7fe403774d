"""Install the programs that the host engine needs and the action's image leaves out: uv, PostgreSQL and buildx.

Most runs of the action use Dagger or only report, so the image does without them. They are removed with the container
when the run ends.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from heroci_action.engines.base import Sink
from heroci_action.engines.docker import Docker
from heroci_action.engines.job_environment import without_job_variables
from heroci_action.engines.process import Program, execute
from heroci_action.engines.requirements import TOOLS_LOCK
from heroci_action.errors import EngineError

_PIP_OPTIONS = (
    "--disable-pip-version-check",
    "--root-user-action=ignore",
    "--quiet",
    "--no-deps",
    "--no-cache-dir",
    "--require-hashes",
)


async def fetch_tools(machine: Mapping[str, str], sink: Sink) -> None:
    """Install uv and PostgreSQL into HeroCI's own environment unless they are installed. Raises EngineError.

    The base image's pip does it, with the caller's settings, because the environment has no pip.
    """
    lock = machine.get(TOOLS_LOCK)
    if not lock or importlib.util.find_spec("uv"):
        return
    base_python = str(Path(sys.executable).resolve())
    pip = (base_python, "-m", "pip", "--python", sys.executable, "install")
    program = Program(
        arguments=(*pip, *_PIP_OPTIONS, "-r", lock),
        env=without_job_variables(machine),
        directory=Path("/"),
    )
    if await execute(program, sink):
        raise EngineError(
            "uv and PostgreSQL, which the host engine needs, could not be installed",
            remedy="see the lines above; make the package index reachable, or use --engine dagger",
        )
    importlib.invalidate_caches()


async def fetch_buildx(docker: Docker, sink: Sink) -> None:
    """Install buildx, the builder of the docker client, if this is the action's image and lacks it. Raises EngineError.

    Anywhere else, the client itself explains what to do about a missing builder.
    """
    if TOOLS_LOCK not in docker.machine or os.geteuid() != 0:
        return
    if (await docker.capture("buildx", "version")).exit_code == 0:
        return
    for arguments in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-qq", "-y", "--no-install-recommends", "docker-buildx"),
    ):
        env = {**without_job_variables(docker.machine), "DEBIAN_FRONTEND": "noninteractive"}
        if await execute(Program(arguments=arguments, env=env, directory=Path("/")), sink):
            raise EngineError(
                "docker-buildx, which builds images, could not be installed",
                remedy="see the lines above; make Debian's mirror reachable, or use --engine dagger",
            )
