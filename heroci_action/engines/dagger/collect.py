"""Copy report files from containers to this machine, unless they are too large or older than the run."""

from __future__ import annotations

import posixpath
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import dagger

from heroci_action.engines.base import EARLIER_REPORT, ReportFile
from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.execution import refused
from heroci_action.engines.dagger.places import REPORTS, ROOT
from heroci_action.engines.dagger.sdk import file_sizes
from heroci_action.plan.report_kinds import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Collects report files in `scratch`.

    Files of more bytes than `limit_of` returns for their kind are not copied.
    """

    connection: Connection
    scratch: Path
    limit_of: Callable[[str], int]

    async def collect(
        self,
        containers: Iterable[dagger.Container],
        reports: Iterable[Report],
        *,
        before: dagger.Container,
    ) -> tuple[ReportFile, ...]:
        """Return the files that match the absolute paths of the reports, in any of the containers.

        `before` is the container as it was before the first step of the run. Files that have not been written since
        are returned with this as their problem, and only if there are no others and the report is required.
        """
        groups: dict[tuple[str, int], list[Report]] = defaultdict(list)
        for report in reports:
            top, rest = _split(PurePosixPath(posixpath.normpath(report.path or "")))
            groups[top, self.limit_of(report.kind)].append(replace(report, path=rest))
        files: dict[Report, list[ReportFile]] = defaultdict(list)
        for container in containers:
            for (top, limit), group in groups.items():
                found = await self._collect_below(container, top, group, limit=limit, before=before)
                for report, file in found:
                    files[report].append(file)
        return tuple(file for report, found in files.items() for file in _current(report, found))

    async def _collect_below(
        self,
        container: dagger.Container,
        top: str,
        group: list[Report],
        *,
        limit: int,
        before: dagger.Container,
    ) -> list[tuple[Report, ReportFile]]:
        include = [report.path or "" for report in group]
        try:
            found = await self.connection.identify(container.directory(top).filter(include=include))
            sizes = await self._sizes(found)
        except dagger.QueryError:
            # There is no such directory.
            return []
        earlier = await self._find_earlier(found, sizes, before=before, top=top, include=include)
        large = {path: size for path, size in sizes.items() if size > limit and path not in earlier}
        left_out = [f"/{path}" for path in (*earlier, *large)]
        target = Path(tempfile.mkdtemp(dir=self.scratch))
        if len(left_out) < len(sizes):
            wanted = found.filter(exclude=left_out) if left_out else found
            await self.connection.ask(wanted.export(str(target)))
        problems = dict.fromkeys(earlier, EARLIER_REPORT)
        problems |= {path: f"it is too large: {size:,} bytes" for path, size in large.items()}
        return [
            (report, _report(report.kind, file, top, target=target, problems=problems))
            for report in group
            for file in _files(target, report.path or "", problems)
        ]

    async def _find_earlier(
        self,
        found: dagger.Directory,
        paths: Collection[str],
        *,
        before: dagger.Container,
        top: str,
        include: list[str],
    ) -> list[str]:
        """Return the paths below `top` that existed before and have not been written since."""
        # This directory is empty before each stage.
        if top == REPORTS or not paths:
            return []
        try:
            if not await self.connection.ask(before.exists(top)):
                return []
            old = before.directory(top).filter(include=include)
            # A file counts as changed if its time has, even if its content is the same.
            written = set(await self.connection.ask(old.diff(found).glob("**")))
        except dagger.QueryError as error:
            raise refused(error) from error
        return [path for path in paths if path not in written]

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


def _current(report: Report, files: list[ReportFile]) -> Iterator[ReportFile]:
    """Yield the files of this run; if a required report has no others, yield the files of an earlier run."""
    written = [file for file in files if file.problem != EARLIER_REPORT]
    if written or not report.required:
        yield from written
    else:
        yield from {file.path: file for file in files}.values()


def _files(target: Path, pattern: str, left_out: Iterable[str]) -> Iterable[Path]:
    """Return the files that match, with an empty one for each that was not copied.

    A link is left out if it leads out of the directory, because its target could be a file of this machine.
    """
    for path in left_out:
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


def _report(
    kind: str, file: Path, top: str, *, target: Path, problems: Mapping[str, str]
) -> ReportFile:
    relative = _relative(file, target)
    path = str(PurePosixPath(top, relative))
    if relative in problems:
        return ReportFile(kind=kind, path=path, problem=problems[relative])
    return ReportFile(kind=kind, path=path, opened=lambda: file.open("rb"))


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
