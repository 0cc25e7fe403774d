"""The names of cache volumes: what is HeroCI's in an engine is told by them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

SHARED = ("apt-cache", "apt-lists", "pip-cache", "uv-cache")
"""Those that all projects share."""


def volume_name(name: str) -> str:
    """Return the name of a volume in the engine."""
    return f"heroci-{name}"


def project_volumes(project: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The volumes of a project's own caches, one for each path."""
    return tuple(dict.fromkeys(_project_volume(project, path) for path in paths))


def _project_volume(project: str, path: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9]+", "-", f"{project}-{path}").strip("-")
    return f"{readable}-{hashlib.sha256(f'{project} {path}'.encode()).hexdigest()[:8]}"
