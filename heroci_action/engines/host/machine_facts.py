"""What this machine contributes to the result of a stage: its system, and the versions of Python and PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from heroci_action.engines.docker import identify_images
from heroci_action.engines.host.mariadb import PROGRAMS
from heroci_action.engines.host.postgres_binaries import choose_for
from heroci_action.engines.host.pyenv import find_interpreters, version_of
from heroci_action.engines.known_services import MARIADB, MYSQL, POSTGRES, REDIS, known_service
from heroci_action.engines.requirements import resolver_settings
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan, Service, Stage

_LOCAL_TIME = Path("/etc/localtime")
_SERVERS = {REDIS.name: ("redis-server",), MYSQL.name: PROGRAMS[:1], MARIADB.name: PROGRAMS[:1]}
_VERSION = "import platform; print(platform.python_version())"


def machine_facts(plan: Plan, machine: Mapping[str, str]) -> Mapping[str, str]:
    """Return the facts by name; an empty version means that the engine has to download it."""
    path = machine.get("PATH", os.defpath)
    stages = [stage for stage in plan.stages if not stage.skip]
    services = _used_services(plan, stages)
    images = {*(each.image for each in services), *(stage.image for stage in stages)}
    return {
        "machine": platform.machine(),
        "system": _system(),
        # Tests of permissions have other results for root.
        "user": "root" if os.geteuid() == 0 else "",
        "python": _python(plan.environment.python or "", path, machine),
        "locale": " ".join(machine.get(name, "") for name in ("LANG", "LC_ALL", "TZ")),
        "time zone": _time_zone(),
        "packages": json.dumps(resolver_settings(machine), sort_keys=True),
        "images": json.dumps(identify_images(list(filter(None, images)), machine), sort_keys=True),
        **{f"service {each.name}": _server(each, path) for each in services if not each.command},
    }


def _used_services(plan: Plan, stages: Iterable[Stage]) -> list[Service]:
    used = {name for stage in stages for name in stage.services}
    return [plan.services[name] for name in sorted(used)]


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
    return _output_of(program, "-c", _VERSION) if program else ""


def _server(service: Service, path: str) -> str:
    """Return the version of the program that serves it without an image."""
    known = known_service(service)
    if known is None:
        return ""
    if known is POSTGRES:
        try:
            binaries = choose_for(service, path)
        except EngineError:
            return ""
        return f"{binaries} {_output_of(str(binaries.directory / 'postgres'), '--version')}"
    programs = (shutil.which(name, path=path) for name in _SERVERS.get(known.name, ()))
    return "".join(_output_of(program, "--version") for program in programs if program)


def _output_of(*command: str) -> str:
    """Return what a command prints, empty if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _time_zone() -> str:
    try:
        return hashlib.sha256(_LOCAL_TIME.read_bytes()).hexdigest()
    except OSError:
        return ""
