"""Turn report files into records: bytes in; test cases, coverage and diagnostics out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from heroci_action.engines.base import ReportFile
from heroci_action.options import LARGEST_FILE
from heroci_action.readers.base import Reader, Readings, Source, merge_readings
from heroci_action.readers.records import read_records
from heroci_action.readers.registry import BY_KIND
from heroci_action.repository.paths import PathResolver
from heroci_action.results.packed import unpack

__all__ = ["PathResolver", "Readings", "Source", "read", "read_sources"]


def read(
    files: Iterable[ReportFile],
    *,
    tree: PathResolver,
    printed: Iterable[Source] = (),
    limit: int = LARGEST_FILE,
    assume_reruns: bool = False,
) -> Readings:
    """Read all reports of one step; `printed` are those on its standard output. No test is packed.

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
            assume_reruns=assume_reruns,
        )
        for file in files
    ]
    parts = _read_by_format([*sources, *printed], tree)
    record = parts.get(read_records)
    return merge_readings(
        part if part is record else _unrecorded(_expanded(part), record) for part in parts.values()
    )


def read_sources(sources: Iterable[Source], *, tree: PathResolver) -> Readings:
    """Read reports; tests that passed are packed."""
    return merge_readings(_read_by_format(sources, tree).values())


def _read_by_format(sources: Iterable[Source], tree: PathResolver) -> dict[Reader, Readings]:
    groups: dict[Reader, list[Source]] = {}
    for source in sources:
        groups.setdefault(BY_KIND[source.kind].read, []).append(source)
    return {reader: reader(group, tree) for reader, group in groups.items()}


def _expanded(part: Readings) -> Readings:
    return replace(
        part, tests=(*part.tests, *chain.from_iterable(map(unpack, part.passed))), passed=()
    )


def _unrecorded(part: Readings, record: Readings | None) -> Readings:
    """Return the readings without the tests that the probes recorded: all of them, if the record is intact."""
    if record is None:
        return part
    if record.run is not None and record.run.intact:
        return replace(part, tests=())
    recorded = {test.id for test in record.tests}
    return replace(part, tests=tuple(test for test in part.tests if test.id not in recorded))
