from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import psutil
import pytest

from heroci_action.engines.dagger.engine import DaggerEngine
from heroci_action.engines.dagger.preflight import CLI, RUNNER_HOST
from heroci_action.engines.settings import EngineSettings
from heroci_action.plan.stages import Plan

STAND_IN = Path(__file__).with_name("stand_in.py")
ADDRESS = "kube-pod://stand-in"


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """An environment in which the stand-in is the CLI, and no other engine can be found."""
    program = tmp_path / "dagger"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    program.chmod(0o755)
    return {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        CLI: str(program),
        RUNNER_HOST: ADDRESS,
        "STAND_IN_FAULT": "none",
    }


@pytest.fixture
def docker(machine: dict[str, str], tmp_path: Path) -> Callable[[str], None]:
    """Replace Docker's client by a script; the engine is then looked for in the local Docker."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()

    def replace(script: str) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    machine["PATH"] = f"{program.parent}:{os.defpath}"
    machine[RUNNER_HOST] = ""
    return replace


def engine(
    machine: Mapping[str, str], notify: Callable[[str], None] = lambda _: None
) -> DaggerEngine:
    root = Path(machine["HOME"])
    return DaggerEngine(
        settings=EngineSettings(root=root, cache=root / "cache", machine=machine, notify=notify)
    )


async def open_for(machine: Mapping[str, str], seconds: float = 0.0) -> None:
    """Open a session and keep it open for some time."""
    async with engine(machine).open(Plan(project="p")):
        await anyio.sleep(seconds)


def leftovers(machine: Mapping[str, str]) -> list[str]:
    """Return the command lines of the running processes that have this environment."""
    return [
        " ".join(process.info["cmdline"] or ())
        for process in psutil.process_iter(["cmdline", "environ"])
        if (process.info["environ"] or {}).get("HOME") == machine["HOME"]
    ]
