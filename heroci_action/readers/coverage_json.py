"""The JSON report of coverage.py."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from heroci_action.plan.report_kinds import COVERAGE_JSON
from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.format import Category, Format, json_object
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Coverage, FileCoverage


def read_coverage_json(source: Source, tree: PathResolver) -> Readings:
    """Read the files that coverage.py measured. Raises BrokenReportError."""
    try:
        measured = json.loads(source.text)["files"]
        files = [_read_file(path, entry, tree) for path, entry in measured.items()]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise BrokenReportError(f"it is not a JSON report of coverage.py ({error})") from error
    found = sorted((file for file in files if file), key=lambda file: file.path)
    return Readings(coverage=Coverage(files=tuple(found)))


def _read_file(path: str, entry: Mapping[str, Any], tree: PathResolver) -> FileCoverage | None:
    located = tree.locate(path)
    if located is None:
        return None
    taken = Counter(int(line) for line, _ in entry.get("executed_branches", ()))
    missed = Counter(int(line) for line, _ in entry.get("missing_branches", ()))
    summary = entry["summary"]
    return FileCoverage(
        path=located,
        covered=_lines(entry["executed_lines"]),
        missing=_lines(entry["missing_lines"]),
        covered_branches=int(summary.get("covered_branches", 0)),
        missing_branches=int(summary.get("missing_branches", 0)),
        branches=tuple(
            (line, taken[line], taken[line] + missed[line]) for line in sorted(taken | missed)
        ),
    )


def _lines(numbers: Iterable[Any]) -> tuple[int, ...]:
    return tuple(sorted(int(number) for number in numbers))


FORMAT = Format(
    kind=COVERAGE_JSON,
    title="coverage.py's JSON",
    category=Category.COVERAGE,
    recognize=json_object(r'"files"\s*:\s*\{', r'"(?:executed|missing)_lines"\s*:'),
    read=each(read_coverage_json),
)
