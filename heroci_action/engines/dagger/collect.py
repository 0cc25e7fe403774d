"""Read report files from containers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import dagger

from heroci_action.engines.base import ReportFile
from heroci_action.engines.dagger.connection import Connection


async def collect_files(
    connection: Connection,
    containers: Iterable[dagger.Container],
    *,
    kind: str,
    pattern: PurePosixPath,
) -> list[ReportFile]:
    """Return the files that match an absolute path or glob in any of the containers."""
    return [
        ReportFile(kind=kind, path=path, content=content)
        for container in containers
        for path, content in await _read(connection, container, pattern)
    ]


async def _read(
    connection: Connection, container: dagger.Container, pattern: PurePosixPath
) -> list[tuple[str, bytes]]:
    top, rest = _split(pattern)
    with tempfile.TemporaryDirectory(prefix="heroci-") as scratch:
        try:
            found = container.directory(str(top)).filter(include=[str(rest)])
            await connection.ask(found.export(scratch))
        except dagger.QueryError:
            # There is no such directory.
            return []
        return [
            (str(top / file.relative_to(scratch).as_posix()), file.read_bytes())
            for file in sorted(Path(scratch).glob(str(rest)))
            if _is_own_file(file, Path(scratch))
        ]


def _is_own_file(file: Path, scratch: Path) -> bool:
    """Return whether this is a file of the container; the target of a link could be a file of this machine."""
    return file.is_file() and file.resolve().is_relative_to(scratch.resolve())


def _split(path: PurePosixPath) -> tuple[PurePosixPath, PurePosixPath]:
    """Return the directory before the first wildcard, and the rest."""
    parts = path.parts[:-1]
    fixed = next(
        (index for index, part in enumerate(parts) if any(sign in part for sign in "*?[")),
        len(parts),
    )
    top = PurePosixPath(*path.parts[:fixed])
    return top, path.relative_to(top)
