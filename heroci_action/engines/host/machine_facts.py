"""What this machine contributes to the result of a stage: its system, and the versions of Python and PostgreSQL."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping

from heroci_action.engines.host.postgres_binaries import choose, find_binaries
from heroci_action.engines.host.pyenv import find_interpreters, version_of
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan

_VERSION = "import platform; print(platform.python_version())"


def machine_facts(plan: Plan, machine: Mapping[str, str]) -> Mapping[str, str]:
    """Return the facts by name; an empty version means that the engine has to download it."""
    path = machine.get("PATH", os.defpath)
    facts = {
        "machine": platform.machine(),
        "system": _system(),
        "python": _python(plan.environment.python or "", path, machine),
        "locale": " ".join(machine.get(name, "") for name in ("LANG", "LC_ALL", "TZ")),
    }
    postgres = plan.services.get("postgres")
    if postgres is not None:
        facts["postgres"] = _postgres(postgres.version, path)
    return facts


def _system() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return platform.platform()
    return f"{release.get('ID', '')} {release.get('VERSION_ID', '')}"


def _python(version: str, path: str, machine: Mapping[str, str]) -> str:
    """Return the full version of the newest Python that fits, from pyenv or from the PATH."""
    installed = find_interpreters(version, machine) if version else []
    if installed:
        return version_of(installed[0])
    program = shutil.which(f"python{version}", path=path)
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, "-c", _VERSION], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _postgres(version: str | None, path: str) -> str:
    try:
        return str(choose(find_binaries(path), version))
    except EngineError:
        return ""
