"""The project's source as containers see it: what a checkout would hold, and nothing secret that lies beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import anyio
import dagger

from heroci_action.engines.dagger.engine import CONTAINER_ROOT

ROOT = CONTAINER_ROOT
GIT_WITHIN = 60.0  # seconds
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


async def source_directory(
    client: dagger.Client, root: Path, *, exclude: tuple[str, ...], machine: Mapping[str, str]
) -> dagger.Directory:
    """The source, uploaded once; unchanged files are not sent again."""
    patterns = [*NEVER, *map(_escaped, exclude), *await _untracked(root, machine)]
    return await client.host().directory(str(root), exclude=patterns).sync()


async def _untracked(root: Path, machine: Mapping[str, str]) -> list[str]:
    """What git ignores, and what it does not know and might be secret; without git, all that might be secret."""
    ignored = await _git(
        root, machine, "--others", "--ignored", "--exclude-standard", "--directory"
    )
    others = await _git(root, machine, "--others", "--exclude-standard")
    if ignored is None or others is None:
        return [f"**/{pattern}" for pattern in ONLY_TRACKED]
    return [_escaped(path.rstrip("/")) for path in (*ignored, *_secret(others))]


async def version_from_git(root: Path, machine: Mapping[str, str]) -> str:
    """The version that the last tag names, for what asks git about it while the project is built without `.git`."""
    described = await _ask_git(root, machine, "describe", "--tags", "--abbrev=0")
    found = _VERSION.search((described or b"").decode(errors="replace"))
    return found[0] if found else NO_VERSION


def _secret(paths: list[str]) -> Iterator[str]:
    return (path for path in paths if any(Path(path).match(pattern) for pattern in ONLY_TRACKED))


async def _git(root: Path, machine: Mapping[str, str], *options: str) -> list[str] | None:
    """Paths from `git ls-files` relative to the root; None where this is no checkout or there is no git."""
    listed = await _ask_git(root, machine, "ls-files", "-z", *options)
    if listed is None:
        return None
    return [path for path in listed.decode(errors="surrogateescape").split("\0") if path]


async def _ask_git(root: Path, machine: Mapping[str, str], *arguments: str) -> bytes | None:
    """What git prints; None where it fails or is not there."""
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), *arguments]
    try:
        with anyio.fail_after(GIT_WITHIN):
            done = await anyio.run_process(command, env=machine, check=False)
    except (OSError, TimeoutError):
        return None
    return done.stdout if done.returncode == 0 else None


def _escaped(path: str) -> str:
    """The path as a pattern that matches nothing else (Go's filepath.Match)."""
    return _SPECIAL.sub(r"\\\1", path)
