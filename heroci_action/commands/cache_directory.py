"""The directory of everything that HeroCI keeps between runs on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_cache_path


def cache_directory(machine: Mapping[str, str]) -> Path:
    """Return HEROCI_CACHE_DIR, or else the user's cache directory of this platform."""
    own = machine.get("HEROCI_CACHE_DIR")
    return Path(own) if own else user_cache_path("heroci")


def below(root: Path, directory: Path) -> tuple[str, ...]:
    """Return the directory relative to the root of the repository, if it is inside."""
    path, root = directory.resolve(), root.resolve()
    return (path.relative_to(root).as_posix(),) if path.is_relative_to(root) else ()
