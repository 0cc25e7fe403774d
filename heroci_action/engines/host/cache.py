"""What the host engine keeps on this machine between runs: environments and directories, by project."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from heroci_action.engines.host.locks import lock_at_once

DIRECTORIES = "directories"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that is kept: where, and how many bytes it takes."""

    path: Path
    size: int


def project_directory(cache: Path, root: Path) -> Path:
    """Where all that belongs to the repository at `root` is kept."""
    return cache / hashlib.sha256(str(root).encode()).hexdigest()[:12]


def kept_directory(cache: Path, root: Path, name: str) -> Path:
    """A directory of this repository's that lasts, made where it is not there."""
    key = hashlib.sha256(name.encode()).hexdigest()[:12]
    path = project_directory(cache, root) / DIRECTORIES / key
    path.mkdir(parents=True, exist_ok=True)
    return path


def everything(cache: Path) -> tuple[Kept, ...]:
    """All that is kept of all repositories, the largest first."""
    found = [Kept(path=path, size=_size(path)) for path in _things(cache)]
    return tuple(sorted(found, key=lambda kept: -kept.size))


def remove(kept: Kept) -> bool:
    """Remove it, unless a run is using it; whether it is gone."""
    with ExitStack() as stack:
        lock = kept.path.with_suffix(".lock")
        if lock.exists() and not stack.enter_context(lock_at_once(lock)):
            return False
        shutil.rmtree(kept.path, ignore_errors=True)
        return not kept.path.exists()


def _things(cache: Path) -> Iterator[Path]:
    for project in sorted(cache.glob("*/")):
        yield from (path for path in project.glob("*/") if path.name != DIRECTORIES)
        yield from project.glob(f"{DIRECTORIES}/*/")


def _size(path: Path) -> int:
    """What the files take, each once; a link is not followed."""
    seen: dict[tuple[int, int], int] = {}
    for file in path.rglob("*"):
        status = file.lstat()
        seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())
