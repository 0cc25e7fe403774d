"""The project's source in the engine: the files of a checkout, without secrets that git does not track."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
import dagger

from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.execution import first_line
from heroci_action.engines.dagger.patterns import escape, exclude_patterns
from heroci_action.errors import EngineError
from heroci_action.repository.git import GitError, git, list_files

# Useless in a container, whether the project has a .gitignore or not.
NEVER = (".git", "**/__pycache__", "**/.venv", "**/node_modules", "**/.tox", "**/.nox")
# Secrets and databases, which are sent only if git tracks them.
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
# Bytes; the engine's limit for the header of a request is 1 MiB.
LONGEST_PATTERNS = 500_000
NO_VERSION = "0.0.0"
_VERSION = re.compile(r"\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?")

Answer = TypeVar("Answer")


async def upload_source(
    connection: Connection, root: Path, *, exclude: tuple[str, ...], machine: Mapping[str, str]
) -> dagger.Directory:
    """Upload the source; unchanged files are not sent again. Raises EngineError if a file cannot be read."""
    patterns = [*NEVER, *map(escape, exclude), *await _untracked(root, machine)]
    _check_size(patterns)
    directory = connection.client.host().directory(str(root), exclude=patterns)
    try:
        return await connection.evaluate(directory)
    except dagger.QueryError as error:
        raise EngineError(
            f"the source could not be sent to the engine: {first_line(error)}",
            remedy="make sure that every file of the project can be read",
        ) from error


def _check_size(patterns: Collection[str]) -> None:
    if sum(map(len, patterns)) > LONGEST_PATTERNS:
        raise EngineError(
            f"the source could not be sent to the engine: git ignores {len(patterns):,} files one by one",
            remedy="move them to a directory that git ignores as a whole",
        )


async def _untracked(root: Path, machine: Mapping[str, str]) -> list[str]:
    """Return patterns for ignored files and for untracked secrets; without git, for everything that may be secret."""
    others = "--others", "--exclude-standard"
    try:
        ignored = await _in_thread(
            list_files, root, *others, "--ignored", "--directory", env=machine
        )
        new = await _in_thread(list_files, root, *others, env=machine)
        tracked = await _in_thread(list_files, root, "--cached", env=machine)
    except GitError:
        return [f"**/{pattern}" for pattern in ONLY_TRACKED]
    secret = set(_secret(new))
    return list(exclude_patterns([*ignored, *secret], {*tracked, *new} - secret))


async def version_from_git(root: Path, machine: Mapping[str, str]) -> str:
    """Return the version of the latest tag, for builds that ask git for it: the container has no `.git`."""
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
