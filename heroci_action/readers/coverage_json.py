"""The JSON report of coverage.py."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from heroci_action.plan.report_kinds import COVERAGE_JSON
from heroci_action.readers.base import BrokenReportError, Readings, Source
from heroci_action.readers.coverage import MeasuredFile, each_coverage, to_readings
from heroci_action.readers.format import Category, Format, json_object
from heroci_action.repository.paths import PathResolver
from heroci_action.results.branches import Branches


def read_coverage_json(source: Source, tree: PathResolver) -> Readings:
    """Read the files that coverage.py measured. Raises BrokenReportError."""
    try:
        entries = json.loads(source.text)["files"].items()
        files = {str(name): _read_file(entry) for name, entry in entries}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BrokenReportError(f"it is not a JSON report of coverage.py ({error})") from error
    return to_readings(files, source, tree)


def _read_file(entry: Mapping[str, Any]) -> MeasuredFile:
    missing, executed = _lines(entry["missing_lines"]), _lines(entry["executed_lines"])
    file = MeasuredFile(lines=dict.fromkeys(missing, False) | dict.fromkeys(executed, True))
    taken = _targets(entry.get("executed_branches", ()))
    missed = _targets(entry.get("missing_branches", ()))
    for line in taken | missed:
        total = len(taken[line]) + len(missed[line])
        file.branch(line, Branches.of(len(taken[line]), total, missed[line]))
    if not file.branches:
        file.other_branches = _counted(entry.get("summary") or {})
    return file


def _counted(summary: Mapping[str, Any]) -> Branches:
    """Return the number of branches, which is all that coverage.py wrote before version 7."""
    covered = int(summary.get("covered_branches", 0))
    return Branches(covered, covered + int(summary.get("missing_branches", 0)))


def _lines(numbers: object) -> list[int]:
    if not isinstance(numbers, list):
        raise TypeError(f"lines that are no list: {numbers!r:.40}")
    return [number for number in numbers if isinstance(number, int) and number > 0]


def _targets(arcs: Iterable[tuple[Any, Any]]) -> defaultdict[int, list[str]]:
    """Return the targets of branches by their lines, as coverage.py's XML report names them."""
    targets: defaultdict[int, list[str]] = defaultdict(list)
    for line, target in arcs:
        if isinstance(line, int) and isinstance(target, int):
            targets[line].append("exit" if target <= 0 else str(target))
    return targets


FORMAT = Format(
    kind=COVERAGE_JSON,
    title="coverage.py's JSON",
    category=Category.COVERAGE,
    recognize=json_object(r'"files"\s*:\s*\{', r'"(?:executed|missing)_lines"\s*:'),
    read=each_coverage(read_coverage_json),
)
