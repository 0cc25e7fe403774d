"""The names of cache volumes, and how they are mounted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import dagger

from heroci_action.engines.dagger.connection import Connection

SHARED = ("apt-cache", "apt-lists", "pip-cache", "uv-cache")
"""The volumes that all projects share."""

# The sharing mode is part of a volume's identity: the same name with another mode is another, empty volume.
_LOCKED = ("apt-cache", "apt-lists")


async def mount(
    connection: Connection, container: dagger.Container, path: str, *, name: str, owner: str = ""
) -> dagger.Container:
    """Return the container with a volume mounted at `path`; `owner` is the user that writes to it."""
    locked = name in _LOCKED
    mode = dagger.CacheSharingMode.LOCKED if locked else dagger.CacheSharingMode.SHARED
    full_name = volume_name(name)
    volume = await connection.once(full_name, connection.client.cache_volume(full_name))
    return container.with_mounted_cache(path, volume, sharing=mode, owner=owner)


def volume_name(name: str) -> str:
    """Return the name of a volume in the engine."""
    return f"heroci-{name}"


def project_volumes(project: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the volumes of a project's own caches, one for each path."""
    return tuple(dict.fromkeys(_project_volume(project, path) for path in paths))


def _project_volume(project: str, path: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9]+", "-", f"{project}-{path}").strip("-")
    return f"{readable}-{hashlib.sha256(f'{project} {path}'.encode()).hexdigest()[:8]}"
