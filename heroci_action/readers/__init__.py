"""Turn report files into records: bytes in; test cases, coverage and diagnostics out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from heroci_action.engines.base import ReportFile
from heroci_action.options import LARGEST_FILE
from heroci_action.readers.base import Reader, Readings, Source, joined
from heroci_action.readers.records import read_records
from heroci_action.readers.registry import BY_KIND
from heroci_action.repository.paths import PathResolver

__all__ = ["PathResolver", "Readings", "Source", "read", "read_sources"]


def read(
    files: Iterable[ReportFile],
    *,
    tree: PathResolver,
    printed: Iterable[Source] = (),
    limit: int = LARGEST_FILE,
) -> Readings:
    """Read all reports of one step; `printed` are those on its standard output.

    A file of more than `limit` bytes, unpacked, is refused. A test in a JUnit file that the probes recorded as well
    counts once, as the probes saw it.
    """
    sources = [
        Source(
            kind=file.kind,
            path=file.path,
            content=file.content,
            opened=file.opened,
            problem=file.problem,
            limit=limit,
        )
        for file in files
    ]
    return read_sources([*sources, *printed], tree=tree)


def read_sources(sources: Iterable[Source], *, tree: PathResolver) -> Readings:
    """Read reports from any place."""
    groups: dict[Reader, list[Source]] = {}
    for source in sources:
        groups.setdefault(BY_KIND[source.kind].read, []).append(source)
    parts = {reader: reader(group, tree) for reader, group in groups.items()}
    record = parts.get(read_records)
    if record is None:
        return joined(parts.values())
    return joined(part if part is record else _unrecorded(part, record) for part in parts.values())


def _unrecorded(part: Readings, record: Readings) -> Readings:
    """Return the readings without the tests that the probes recorded: all of them, if the record is intact."""
    if record.run is not None and record.run.intact:
        return replace(part, tests=())
    recorded = {test.id for test in record.tests}
    return replace(part, tests=tuple(test for test in part.tests if test.id not in recorded))
