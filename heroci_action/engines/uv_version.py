"""The version of uv, the same in containers and on the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

TOOLS_LOCK = "HEROCI_HOST_TOOLS"
"""Names the lock file of what the action's image leaves to be fetched; it is set in that image alone."""

_PIN = re.compile(r"^uv==([^\s;]+)", re.MULTILINE)


def uv_version(machine: Mapping[str, str]) -> str:
    """That of uv here, or of the one that would be fetched. Raises PackageNotFoundError where there is neither."""
    try:
        return metadata.version("uv")
    except metadata.PackageNotFoundError:
        lock = machine.get(TOOLS_LOCK)
        pin = _PIN.search(Path(lock).read_text(encoding="utf-8")) if lock else None
        if pin is None:
            raise
        return pin[1]
