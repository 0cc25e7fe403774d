"""Turn report files into records: bytes in; test cases, coverage and diagnostics out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    parts = tuple(_read_by_format([*sources, *printed], tree))
    record = next((part for reader, part in parts if reader is read_records), None)
    return merge_readings(
        part if part is record else _unrecorded(_expanded(part), record) for _, part in parts
    )


def read_sources(sources: Iterable[Source], *, tree: PathResolver) -> Readings:
    """Read reports; tests that passed are packed."""
    return merge_readings(part for _, part in _read_by_format(sources, tree))


def _read_by_format(
    sources: Iterable[Source], tree: PathResolver
) -> Iterator[tuple[Reader, Readings]]:
    """Yield the readings of the reports that have a reader and the prefixes of their paths in common."""
    groups: dict[tuple[Reader, PathResolver], list[Source]] = {}
    for source in sources:
        reader = BY_KIND[source.kind].read
        # The records of the probes belong together, and their paths need no prefix.
        resolver = tree if reader is read_records else tree.for_report(source.path)
        groups.setdefault((reader, resolver), []).append(source)
    for (reader, resolver), group in groups.items():
        yield reader, reader(group, resolver)


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
