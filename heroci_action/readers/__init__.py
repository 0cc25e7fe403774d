"""Report files become records: bytes in, test cases, coverage and diagnostics out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from heroci_action.engines.base import ReportFile
from heroci_action.options import LARGEST_FILE
from heroci_action.plan.report_kinds import ReportKind
from heroci_action.readers.base import Reader, Readings, Source, each, joined
from heroci_action.readers.checkstyle import read_checkstyle
from heroci_action.readers.coverage import (
    read_cobertura,
    read_coverage_json,
    read_jacoco,
    read_lcov,
)
from heroci_action.readers.diffs import read_diff
from heroci_action.readers.junit import read_junit
from heroci_action.readers.lines import read_flake8, read_mypy, read_pylint, read_ruff
from heroci_action.readers.records import read_records
from heroci_action.readers.sarif import read_sarif
from heroci_action.repository.paths import PathResolver

__all__ = ["READERS", "PathResolver", "Readings", "Source", "read", "read_sources"]

READERS: Mapping[ReportKind, Reader] = {
    ReportKind.JUNIT: each(read_junit),
    ReportKind.DJANGO: read_records,
    ReportKind.DATABASE: read_records,
    ReportKind.COVERAGE_JSON: each(read_coverage_json),
    ReportKind.COBERTURA: each(read_cobertura),
    ReportKind.LCOV: each(read_lcov),
    ReportKind.JACOCO: each(read_jacoco),
    ReportKind.BLACK: each(read_diff),
    ReportKind.ISORT: each(read_diff),
    ReportKind.RUFF_FORMAT: each(read_diff),
    ReportKind.FLAKE8: each(read_flake8),
    ReportKind.RUFF: each(read_ruff),
    ReportKind.MYPY: each(read_mypy),
    ReportKind.PYLINT: each(read_pylint),
    ReportKind.SARIF: each(read_sarif),
    ReportKind.CHECKSTYLE: each(read_checkstyle),
}


def read(
    files: Iterable[ReportFile],
    *,
    tree: PathResolver,
    printed: Iterable[Source] = (),
    limit: int = LARGEST_FILE,
) -> Readings:
    """Everything that the reports of one step say; `printed` are those that it wrote to its standard output.

    A file of more than `limit` bytes, unpacked, is refused; what our own probes record is not a report of a tool's.
    A test that the probes have recorded and that a JUnit file tells of as well counts once, as the probes saw it.
    """
    sources = [
        Source(kind=file.kind, path=file.path, content=file.content, limit=limit) for file in files
    ]
    return read_sources([*sources, *printed], tree=tree)


def read_sources(sources: Iterable[Source], *, tree: PathResolver) -> Readings:
    """The same for sources that lie anywhere."""
    groups: dict[Reader, list[Source]] = {}
    for source in sources:
        groups.setdefault(READERS[source.kind], []).append(source)
    parts = {reader: reader(group, tree) for reader, group in groups.items()}
    recorded = {test.id for test in parts[read_records].tests} if read_records in parts else set()
    return joined(
        part if reader is read_records else _without(part, recorded)
        for reader, part in parts.items()
    )


def _without(part: Readings, recorded: set[str]) -> Readings:
    return replace(part, tests=tuple(test for test in part.tests if test.id not in recorded))
