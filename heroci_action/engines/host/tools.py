"""The programs that the host engine itself needs, uv and PostgreSQL, where they are left to be fetched.

The action's image does without them, since most of its runs do: Dagger brings its own, and reports need none.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from heroci_action.engines.base import Sink
from heroci_action.engines.host.process import Program, execute
from heroci_action.engines.uv_version import TOOLS_LOCK
from heroci_action.errors import EngineError


async def fetch_tools(machine: Mapping[str, str], sink: Sink) -> None:
    """Install them into HeroCI's own environment, unless they are there. Raises EngineError.

    The base image's pip does it, with the caller's settings. Nothing of it is kept: the container is gone with the run.
    """
    lock = machine.get(TOOLS_LOCK)
    if not lock or importlib.util.find_spec("uv"):
        return
    base = str(Path(sys.executable).resolve())  # the environment has no pip of its own
    pip = (base, "-m", "pip", "--python", sys.executable)
    options = (
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--quiet",
        "--no-deps",
        "--no-cache-dir",
    )
    arguments = (
        *pip,
        "install",
        *options,
        "--require-hashes",
        "-r",
        lock,
    )
    program = Program(arguments=arguments, env=machine, directory=Path("/"))
    if await execute(program, sink):
        raise EngineError(
            "uv and PostgreSQL, which the host engine needs, could not be fetched",
            remedy="see the lines above; let the package index be reached, or use --engine dagger",
        )
    importlib.invalidate_caches()
