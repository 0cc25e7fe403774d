"""The project's source as containers see it: what a checkout would hold, and nothing secret that lies beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
import dagger

from heroci_action.engines.dagger.engine import CONTAINER_ROOT
from heroci_action.repository.git import GitError, git, list_files

ROOT = CONTAINER_ROOT
# Nobody needs these in a container, whether or not the project has a .gitignore.
NEVER = (".git", "**/__pycache__", "**/.venv", "**/node_modules", "**/.tox", "**/.nox")
# Secrets and databases: only where the project itself has published them with git.
ONLY_TRACKED = (
    ".env",
    ".env.*",
    "*.env",
    "*.sqlite3",
    "*.sqlite",
    "*.db",
    "*.pem",
    "*.key",
    "id_rsa",
    "id_ed25519",
)
NO_VERSION = "0.0.0"
_VERSION = re.compile(r"\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?")
_SPECIAL = re.compile(r"([\\*?\[\]!^])")

Answer = TypeVar("Answer")


async def source_directory(
    client: dagger.Client, root: Path, *, exclude: tuple[str, ...], machine: Mapping[str, str]
) -> dagger.Directory:
    """The source, uploaded once; unchanged files are not sent again."""
    patterns = [*NEVER, *map(_escaped, exclude), *await _untracked(root, machine)]
    return await client.host().directory(str(root), exclude=patterns).sync()


async def _untracked(root: Path, machine: Mapping[str, str]) -> list[str]:
    """List ignored files, and new files that may be secret; without git, patterns for all that may be secret."""
    try:
        ignored = await _in_thread(
            list_files,
            root,
            "--others",
            "--ignored",
            "--exclude-standard",
            "--directory",
            env=machine,
        )
        others = await _in_thread(list_files, root, "--others", "--exclude-standard", env=machine)
    except GitError:
        return [f"**/{pattern}" for pattern in ONLY_TRACKED]
    return [_escaped(path.rstrip("/")) for path in (*ignored, *_secret(others))]


async def version_from_git(root: Path, machine: Mapping[str, str]) -> str:
    """Return the version in the latest tag, for builds that ask git for it: the container has no `.git`."""
    try:
        described = await _in_thread(git, root, "describe", "--tags", "--abbrev=0", env=machine)
    except GitError:
        return NO_VERSION
    found = _VERSION.search(described)
    return found[0] if found else NO_VERSION


async def _in_thread(
    function: Callable[..., Answer], *arguments: object, env: Mapping[str, str]
) -> Answer:
    call = partial(function, *arguments, env=env)
    return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)


def _secret(paths: Iterable[str]) -> Iterator[str]:
    return (path for path in paths if any(Path(path).match(pattern) for pattern in ONLY_TRACKED))


def _escaped(path: str) -> str:
    """The path as a pattern that matches nothing else (Go's filepath.Match)."""
    return _SPECIAL.sub(r"\\\1", path)
