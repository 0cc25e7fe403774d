"""Check the Debian packages that a project declares, and install missing ones if allowed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.debian import AptMessages, warn_of_missing
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.process import Program, capture, execute
from heroci_action.errors import EngineError
from heroci_action.plan.actions import InstallSystemPackages

_PROGRAMS = {"nodejs": "node"}  # the programs of packages with other names


async def install_system_packages(
    action: InstallSystemPackages, workspace: Workspace, *, sink: Sink, may_install: bool
) -> StepOutcome:
    """Make sure that the packages are installed.

    Raises EngineError if a required package is missing and must not be installed.
    """
    packages = action.packages
    if not shutil.which("dpkg-query", path=workspace.path):
        warning = f"not a Debian system, so these packages were not checked: {', '.join(packages)}"
        return StepOutcome(exit_code=0, warnings=(warning,))
    missing = await _missing(packages, workspace)
    if not missing:
        sink(Stream.STDOUT, "All system packages are installed.")
        return StepOutcome(exit_code=0, cached=True)
    if may_install and os.geteuid() == 0:
        return await _install(missing, workspace, sink, required=action.required)
    cause = f"system packages are missing: {', '.join(missing)}"
    remedy = f"run `apt-get install {' '.join(missing)}`, or HeroCI as root with --install-system-packages"
    if not action.required:
        warning = f"{cause}; if a step needs them, {remedy}"
        return StepOutcome(exit_code=0, warnings=(warning,))
    raise EngineError(cause, remedy=remedy)


async def _missing(packages: tuple[str, ...], workspace: Workspace) -> tuple[str, ...]:
    """Return the packages that are neither installed nor provided by another one, as some provide npm.

    A program may also come from elsewhere, as Node does with nvm.
    """
    template = "${db:Status-Abbrev}\t${Package}, ${Provides}\n"
    arguments = ("dpkg-query", "--show", "--showformat", template)
    found = await capture(_program(arguments, workspace))
    rows = (line.partition("\t") for line in found.stdout.splitlines())
    names = (name for status, _, text in rows if status.strip() == "ii" for name in text.split(","))
    installed = {name.partition("(")[0].strip() for name in names}
    absent = (package for package in packages if package not in installed)
    return tuple(name for name in absent if not _find_program(name, workspace))


def _find_program(package: str, workspace: Workspace) -> str | None:
    """Return the path of the program that has the name of a package."""
    return shutil.which(_PROGRAMS.get(package, package), path=workspace.path)


async def _install(
    packages: tuple[str, ...], workspace: Workspace, sink: Sink, *, required: bool
) -> StepOutcome:
    """Install the packages; unless they are required, warn of packages that cannot be installed."""
    messages, installed = AptMessages(sink), packages
    code = await _apt(packages, workspace, messages)
    if code and not required and (known := messages.known(packages)):
        installed = known
        code = await _apt(known, workspace, sink)
    if code and not required:
        return StepOutcome(exit_code=0, warnings=warn_of_missing(packages))
    warnings = warn_of_missing(packages, installed)
    facts = {} if code else {"installed": ", ".join(installed)}
    return StepOutcome(exit_code=code, facts=facts, warnings=warnings)


async def _apt(packages: tuple[str, ...], workspace: Workspace, sink: Sink) -> int:
    """Return the exit code of apt-get."""
    update = ("apt-get", "update", "-q")
    install = ("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages)
    updated = await execute(_program(update, workspace), sink)
    return updated or await execute(_program(install, workspace), sink)


def _program(arguments: tuple[str, ...], workspace: Workspace) -> Program:
    env = workspace.environment(DEBIAN_FRONTEND="noninteractive")
    return Program(arguments=arguments, env=env, directory=Path("/"))
