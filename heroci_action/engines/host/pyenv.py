"""Find the interpreters that pyenv installed; its shims on the PATH fail for versions other than its current one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def find_interpreters(version: str, machine: Mapping[str, str]) -> list[Path]:
    """Return pyenv's interpreters of this version ("3.13" or "3.13.2"), the newest first."""
    root = machine.get("PYENV_ROOT") or Path(machine.get("HOME", "/root"), ".pyenv")
    pattern = version if version.count(".") > 1 else f"{version}.*"
    try:
        found = Path(root, "versions").glob(f"{pattern}/bin/python")
        return sorted(found, key=_numbers, reverse=True)
    except OSError:
        # HOME still names another user's directory after `su` or `sudo -E`.
        return []


def version_of(interpreter: Path) -> str:
    """Return the version that pyenv's directory of an interpreter names."""
    return interpreter.parts[-3]


def _numbers(interpreter: Path) -> tuple[int, ...]:
    parts = version_of(interpreter).split(".")
    return tuple(int(part) for part in parts if part.isdigit())
