"""`coverage.xml` and `coverage.json`: coverage in the two formats that most tools read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

from heroci_action.results.coverage import Coverage, FileCoverage
from heroci_action.results.records import Result
from heroci_action.text import legal_xml

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JSON_FORMAT = 3  # coverage.py, coverage/jsonreport.py, FORMAT_VERSION


def render_xml(result: Result) -> bytes | None:
    """Return Cobertura XML as coverage-04.dtd defines it; None if nothing was measured.

    A package is a directory, a class is a file. Rates are 0 to 1; the only source is the root of the repository.
    """
    if result.coverage is None or not result.coverage.files:
        return None
    files = _sorted(result.coverage)
    root = ET.Element("coverage", _rates(files) | _totals(files))
    root.set("version", legal_xml(f"heroci {result.heroci_version}".strip()))
    root.set("timestamp", str(int(_started(result).timestamp() * 1000)))
    ET.SubElement(ET.SubElement(root, "sources"), "source").text = "."
    packages = ET.SubElement(root, "packages")
    for name, group in groupby(files, key=_package):
        packages.append(_package_element(name, tuple(group)))
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _sorted(coverage: Coverage) -> tuple[FileCoverage, ...]:
    return tuple(sorted(coverage.files, key=lambda file: (_package(file), file.path)))


def _package(file: FileCoverage) -> str:
    return ".".join(PurePosixPath(file.path).parent.parts) or "."


def _package_element(name: str, files: tuple[FileCoverage, ...]) -> ET.Element:
    element = ET.Element("package", {"name": legal_xml(name)} | _rates(files))
    classes = ET.SubElement(element, "classes")
    for file in files:
        classes.append(_class_element(file))
    return element


def _class_element(file: FileCoverage) -> ET.Element:
    path = legal_xml(file.path)
    names = {"name": PurePosixPath(path).name, "filename": path}
    element = ET.Element("class", names | _rates((file,)))
    ET.SubElement(element, "methods")
    lines = ET.SubElement(element, "lines")
    branches = {line: (taken, total) for line, taken, total in file.branches}
    hits = dict.fromkeys(file.missing, 0) | dict.fromkeys(file.covered, 1)
    for line in sorted(hits):
        attributes = {"number": str(line), "hits": str(hits[line])}
        ET.SubElement(lines, "line", attributes | _condition(branches.get(line)))
    return element


def _condition(branches: tuple[int, int] | None) -> dict[str, str]:
    if branches is None:
        return {}
    taken, total = branches
    percent = round(100 * taken / total) if total else 100
    return {"branch": "true", "condition-coverage": f"{percent}% ({taken}/{total})"}


def _rates(files: Sequence[FileCoverage]) -> dict[str, str]:
    covered, valid, taken, branches = _numbers(files)
    return {
        "line-rate": _rate(covered, valid),
        "branch-rate": _rate(taken, branches),
        "complexity": "0",  # required by the DTD
    }


def _rate(part: int, whole: int) -> str:
    """Return the rate with four digits; an empty file is fully covered, as in coverage.py."""
    return f"{part / whole:.4g}" if whole else "1"


def _totals(files: Sequence[FileCoverage]) -> dict[str, str]:
    covered, valid, taken, branches = _numbers(files)
    return {
        "lines-covered": str(covered),
        "lines-valid": str(valid),
        "branches-covered": str(taken),
        "branches-valid": str(branches),
    }


def _numbers(files: Iterable[FileCoverage]) -> tuple[int, int, int, int]:
    """Return the numbers of covered lines, lines, covered branches, and branches."""
    covered = valid = taken = branches = 0
    for file in files:
        covered += len(file.covered)
        valid += len(file.covered) + len(file.missing)
        taken += file.covered_branches
        branches += file.covered_branches + file.missing_branches
    return covered, valid, taken, branches


def _started(result: Result) -> datetime:
    """Return the start of the run, or the epoch if it is unknown: both formats require a time."""
    try:
        started = datetime.fromisoformat(result.started_at)
    except ValueError:
        return EPOCH
    return started if started.tzinfo else started.replace(tzinfo=UTC)


def render_json(result: Result) -> bytes | None:
    """Return the JSON report of coverage.py; None if nothing was measured.

    Branches are only counted, because the result does not contain their destinations.
    """
    if result.coverage is None or not result.coverage.files:
        return None
    files = sorted(result.coverage.files, key=lambda file: file.path)
    branches = any(file.covered_branches or file.missing_branches for file in files)
    document = {
        "meta": {
            "format": JSON_FORMAT,
            "version": f"heroci {result.heroci_version}".strip(),
            "timestamp": _started(result).isoformat(),
            "branch_coverage": branches,
            "show_contexts": False,
        },
        "files": {file.path: _file_record(file, branches=branches) for file in files},
        "totals": _summary(files, branches=branches),
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _file_record(file: FileCoverage, *, branches: bool) -> dict[str, Any]:
    return {
        "executed_lines": sorted(file.covered),
        "summary": _summary((file,), branches=branches),
        "missing_lines": sorted(file.missing),
        "excluded_lines": [],
    }


def _summary(files: Sequence[FileCoverage], *, branches: bool) -> dict[str, int | float | str]:
    covered, valid, taken, all_branches = _numbers(files)
    measured = valid + all_branches
    percent = 100 * (covered + taken) / measured if measured else 100.0
    summary: dict[str, int | float | str] = {
        "covered_lines": covered,
        "num_statements": valid,
        "percent_covered": percent,
        "percent_covered_display": _display(percent),
        "missing_lines": valid - covered,
        "excluded_lines": 0,
    }
    if branches:
        summary |= {
            "num_branches": all_branches,
            "num_partial_branches": sum(_partial(file) for file in files),
            "covered_branches": taken,
            "missing_branches": all_branches - taken,
        }
    return summary


def _partial(file: FileCoverage) -> int:
    """Count the covered lines with a branch that was not taken."""
    ran = set(file.covered)
    return sum(line in ran and taken < total for line, taken, total in file.branches)


def _display(percent: float) -> str:
    """Return whole percents; 0 and 100 only if they are exact, as in coverage.py."""
    if 0 < percent < 1:
        return "1"
    if 99 < percent < 100:  # noqa: PLR2004  percent
        return "99"
    return str(round(percent))
