"""Finds the Python that a project asks for: by uv, under pyenv's versions, else downloaded by uv."""

from __future__ import annotations

from pathlib import Path

from heroci_action.engines.host.process import Program, capture
from heroci_action.engines.host.uv import Uv
from heroci_action.engines.host.workspace import Workspace
from heroci_action.errors import UsageError

SUPPORTED = ("3.13", "3.12", "3.14", "3.11", "3.10")  # in the order of preference


async def find(version: str, uv: Uv, workspace: Workspace) -> Path:
    """The interpreter of this version ("3.13" or "3.13.2").

    Raises UsageError, with the versions that are here, where it is not here and cannot be had.
    """
    path = await find_here(version, uv, workspace) or await _download(version, uv, workspace)
    if path is None:
        here = ", ".join(await available(uv, workspace)) or "none"
        raise UsageError(
            f"Python {version} is not on this machine and could not be downloaded",
            remedy=f"install it, or set `python` to a version that is here: {here}",
        )
    return path


async def available(uv: Uv, workspace: Workspace) -> tuple[str, ...]:
    """The supported versions that are on this machine, best first."""
    return tuple([version for version in SUPPORTED if await find_here(version, uv, workspace)])


async def find_here(version: str, uv: Uv, workspace: Workspace) -> Path | None:
    """The interpreter of this version where it is on this machine."""
    found = await uv.capture("python", "find", "--no-python-downloads", "--no-project", version)
    if found.exit_code == 0:
        return Path(found.stdout.strip())
    for path in _pyenv_versions(workspace, version):
        if await _works(path, workspace):
            return path
    return None


async def _download(version: str, uv: Uv, workspace: Workspace) -> Path | None:
    installed = await uv.capture("python", "install", "--quiet", version)
    return await find_here(version, uv, workspace) if installed.exit_code == 0 else None


def _pyenv_versions(workspace: Workspace, version: str) -> list[Path]:
    """The interpreters of pyenv of this version, newest first: its shims answer for another version than they say."""
    home = workspace.machine.get("HOME", "/root")
    root = Path(workspace.machine.get("PYENV_ROOT", f"{home}/.pyenv"), "versions")
    pattern = version if version.count(".") > 1 else f"{version}.*"
    return sorted(root.glob(f"{pattern}/bin/python"), key=_version_key, reverse=True)


def _version_key(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parts[-3].split(".") if part.isdigit())


async def version_of(python: Path, workspace: Workspace) -> str:
    """The full version of an interpreter, such as "3.13.2"."""
    script = "import platform; print(platform.python_version())"
    program = Program(
        arguments=(str(python), "-c", script), env=workspace.environment(), directory=Path("/")
    )
    return (await capture(program)).stdout.strip()


async def _works(path: Path, workspace: Workspace) -> bool:
    program = Program(
        arguments=(str(path), "-c", "import venv"), env=workspace.environment(), directory=Path("/")
    )
    return (await capture(program)).exit_code == 0
