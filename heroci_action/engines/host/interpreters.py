"""Find the Python that a project requires: among pyenv's versions or by uv, which downloads it if necessary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heroci_action.engines.host.pyenv import find_interpreters
from heroci_action.engines.host.uv import Uv
from heroci_action.engines.process import Program, capture
from heroci_action.errors import UsageError
from heroci_action.plan.stages import SUPPORTED_PYTHONS

# Debian's Python may lack the modules for environments (python3-venv), so they are checked at the same time.
_PROBE = "import ensurepip, platform, venv; print(platform.python_version())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python on this machine and its full version, such as "3.13.2"."""

    path: Path
    version: str


async def find(version: str, uv: Uv) -> Interpreter:
    """Return the interpreter of this version ("3.13" or "3.13.2").

    Raises UsageError with the installed versions if it is neither installed nor downloadable.
    """
    found = await find_installed(version, uv) or await _download(version, uv)
    if found is None:
        installed = ", ".join(await available(uv)) or "none"
        raise UsageError(
            f"Python {version} is not installed and could not be downloaded",
            remedy=f"install it, or set `python` to an installed version: {installed}",
        )
    return found


async def available(uv: Uv) -> tuple[str, ...]:
    """Return the supported versions that are installed, best first."""
    return tuple([version for version in SUPPORTED_PYTHONS if await find_installed(version, uv)])


async def find_installed(version: str, uv: Uv) -> Interpreter | None:
    """Return the interpreter of this version if it is installed."""
    for path in find_interpreters(version, uv.workspace.machine):
        found = await _inspect(path, uv)
        if found:
            return found
    answer = await uv.capture("python", "find", "--no-python-downloads", "--no-project", version)
    return await _inspect(Path(answer.stdout.strip()), uv) if answer.exit_code == 0 else None


async def _download(version: str, uv: Uv) -> Interpreter | None:
    installed = await uv.capture("python", "install", "--quiet", version)
    return await find_installed(version, uv) if installed.exit_code == 0 else None


async def _inspect(path: Path, uv: Uv) -> Interpreter | None:
    program = Program(
        arguments=(str(path), "-c", _PROBE), env=uv.workspace.environment(), directory=Path("/")
    )
    answer = await capture(program)
    return Interpreter(path=path, version=answer.stdout.strip()) if answer.exit_code == 0 else None
