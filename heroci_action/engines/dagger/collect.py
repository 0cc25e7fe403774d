"""Copy report files from containers to this machine, unless they are too large."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import dagger

from heroci_action.engines.base import ReportFile
from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.places import REPORTS, ROOT
from heroci_action.engines.dagger.sdk import file_sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Collects report files in `scratch`.

    Files of more bytes than `limit_of` returns for their kind are not copied.
    """

    connection: Connection
    scratch: Path
    limit_of: Callable[[str], int]

    async def collect(
        self, containers: Iterable[dagger.Container], patterns: Iterable[tuple[str, str]]
    ) -> tuple[ReportFile, ...]:
        """Return the files that match the patterns, each with the kind of its report, in any of the containers."""
        groups: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for kind, pattern in patterns:
            top, rest = _split(PurePosixPath(posixpath.normpath(pattern)))
            groups.setdefault((top, self.limit_of(kind)), []).append((kind, rest))
        files: list[ReportFile] = []
        for container in containers:
            for (top, limit), group in groups.items():
                files += await self._collect_below(container, top, group, limit=limit)
        return tuple(files)

    async def _collect_below(
        self, container: dagger.Container, top: str, group: list[tuple[str, str]], *, limit: int
    ) -> list[ReportFile]:
        include = [rest for _, rest in group]
        try:
            found = await self.connection.identify(container.directory(top).filter(include=include))
            sizes = await self._sizes(found)
        except dagger.QueryError:
            # There is no such directory.
            return []
        large = {path: size for path, size in sizes.items() if size > limit}
        target = Path(tempfile.mkdtemp(dir=self.scratch))
        if len(large) < len(sizes):
            wanted = found.filter(exclude=[f"/{path}" for path in large]) if large else found
            await self.connection.ask(wanted.export(str(target)))
        return [
            _report(kind, file, top, target=target, size=large.get(_relative(file, target)))
            for kind, pattern in group
            for file in _files(target, pattern, large)
        ]

    async def _sizes(self, directory: dagger.Directory) -> Mapping[str, int]:
        """Return the sizes of all files; a link without a target has none."""
        entries = await self.connection.ask(directory.glob("**"))
        paths = [path for path in entries if not path.endswith("/")]
        try:
            return await self.connection.ask(file_sizes(directory, paths))
        except dagger.QueryError:
            sizes: dict[str, int] = {}
            for path in paths:
                with suppress(dagger.QueryError):
                    sizes |= await self.connection.ask(file_sizes(directory, [path]))
            return sizes


def _files(target: Path, pattern: str, large: Iterable[str]) -> Iterable[Path]:
    """Return the files that match, with an empty one for each that is too large.

    A link is left out if it leads out of the directory, because its target could be a file of this machine.
    """
    for path in large:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).touch()
    root = target.resolve()
    return (
        file
        for file in sorted(target.glob(pattern))
        if file.is_file() and file.resolve().is_relative_to(root)
    )


def _relative(file: Path, target: Path) -> str:
    return file.relative_to(target).as_posix()


def _report(kind: str, file: Path, top: str, *, target: Path, size: int | None) -> ReportFile:
    path = str(PurePosixPath(top, _relative(file, target)))
    if size is None:
        return ReportFile(kind=kind, path=path, opened=lambda: file.open("rb"))
    return ReportFile(kind=kind, path=path, problem=f"it is too large: {size:,} bytes")


def _split(path: PurePosixPath) -> tuple[str, str]:
    """Return a directory, if possible an existing one, and the rest of the pattern."""
    for known in (REPORTS, ROOT):
        if path.is_relative_to(known):
            return known, str(path.relative_to(known))
    parts = path.parts[:-1]
    fixed = next(
        (index for index, part in enumerate(parts) if any(sign in part for sign in "*?[")),
        len(parts),
    )
    top = PurePosixPath(*path.parts[:fixed])
    return str(top), str(path.relative_to(top))
