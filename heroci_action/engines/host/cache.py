"""The host engine's cache on this machine: environments, and directories that stages keep between runs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from heroci_action.engines.host.locks import try_lock
from heroci_action.engines.settings import CacheRequest
from heroci_action.text import count, size

ENVIRONMENTS = "environments"
DIRECTORIES = "directories"
SHARED = "shared"
"""The environments that depend on no checkout: clones of a repository use the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A directory in the cache and its size in bytes."""

    path: Path
    size: int


def project_directory(cache: Path, root: Path) -> Path:
    """Return the directory for everything that belongs to the repository at `root`."""
    return cache / ENVIRONMENTS / hashlib.sha256(os.fsencode(root)).hexdigest()[:12]


def kept_directory(cache: Path, root: Path, name: str) -> Path:
    """Create and return a directory of this repository that is kept between runs."""
    key = hashlib.sha256(name.encode()).hexdigest()[:12]
    path = project_directory(cache, root) / DIRECTORIES / key
    path.mkdir(parents=True, exist_ok=True)
    return path


async def show(request: CacheRequest) -> AsyncIterator[str]:
    """Yield one line per entry, the largest first."""
    entries = find_entries(request.cache)
    yield f"host engine, in {request.cache / ENVIRONMENTS}: {_total(entries)}"
    for entry in entries:
        yield f"  {size(entry.size):>10}  {_name(request, entry)}"


async def prune(request: CacheRequest) -> AsyncIterator[str]:
    """Remove every entry that no run is using."""
    entries = find_entries(request.cache)
    removed = tuple(entry for entry in entries if remove(entry))
    yield f"host engine: removed {_total(removed)}"
    for entry in entries:
        if entry not in removed:
            yield f"  kept {_name(request, entry)}, which a run is using"


def find_entries(cache: Path) -> tuple[Entry, ...]:
    """Return the entries of all repositories, the largest first."""
    found = [Entry(path=path, size=_size(path)) for path in _paths(cache / ENVIRONMENTS)]
    return tuple(sorted(found, key=lambda entry: -entry.size))


def remove(entry: Entry) -> bool:
    """Remove the entry unless a run is using it; return whether it was removed."""
    with ExitStack() as stack:
        lock = entry.path.with_suffix(".lock")
        if lock.exists() and not stack.enter_context(try_lock(lock)):
            return False
        return remove_directory(entry.path)


def remove_directory(path: Path) -> bool:
    """Remove a directory under a lock; return whether it is gone.

    Nothing finds a part of it under its name if this is interrupted: a run would take it for complete.
    """
    rest = path.with_suffix(".removed")
    shutil.rmtree(rest, ignore_errors=True)
    with suppress(OSError):
        path.rename(rest)
    shutil.rmtree(rest, ignore_errors=True)
    return not (path.exists() or rest.exists())


def _paths(environments: Path) -> Iterator[Path]:
    for project in sorted(environments.glob("*/")):
        yield from (path for path in project.glob("*/") if path.name != DIRECTORIES)
        yield from project.glob(f"{DIRECTORIES}/*/")


def _size(path: Path) -> int:
    """Return the disk space of the files, each counted once; links are not followed.

    Files that other runs remove meanwhile do not count.
    """
    seen: dict[tuple[int, int], int] = {}
    for directory, directories, files in os.walk(path):
        for name in (*directories, *files):
            with suppress(FileNotFoundError):
                status = Path(directory, name).lstat()
                seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())


def _total(entries: tuple[Entry, ...]) -> str:
    number = f"{len(entries)} entries" if len(entries) != 1 else count(1, "entry")
    return f"{number}, {size(sum(entry.size for entry in entries))}"


def _name(request: CacheRequest, entry: Entry) -> str:
    return str(entry.path.relative_to(request.cache / ENVIRONMENTS))
