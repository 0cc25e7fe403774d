"""Reads coverage: coverage.py's JSON, Cobertura and JaCoCo XML, LCOV."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from heroci_action.readers.base import BrokenReportError, Readings, Source
from heroci_action.readers.xml import parse
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Coverage, FileCoverage

_WHOLE = re.compile(r"[0-9]{1,18}")
_CONDITIONS = re.compile(r"\((?P<taken>\d{1,9})/(?P<total>\d{1,9})\)")


def read_coverage_json(source: Source, tree: PathResolver) -> Readings:
    """The files that coverage.py measured; those outside of the repository are left out."""
    try:
        measured = json.loads(source.text)["files"]
        files = [_from_json(path, entry, tree) for path, entry in measured.items()]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise BrokenReportError(f"no JSON report of coverage.py ({error})") from error
    return Readings(coverage=_coverage(file for file in files if file))


def _from_json(path: str, entry: Mapping[str, Any], tree: PathResolver) -> FileCoverage | None:
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


def _coverage(files: Iterable[FileCoverage]) -> Coverage:
    return Coverage(files=tuple(sorted(files, key=lambda file: file.path)))


@dataclass(slots=True)
class _File:
    """What is known of one file; a report may tell of it in several places, and a line ran if it ran in one."""

    hits: dict[int, int] = field(default_factory=dict)
    branches: dict[int, tuple[int, int]] = field(default_factory=dict)

    def line(self, number: int, hits: int) -> None:
        self.hits[number] = max(hits, self.hits.get(number, 0))

    def branch(self, number: int, taken: int, total: int) -> None:
        if total:
            self.branches[number] = max((taken, total), self.branches.get(number, (0, 0)))

    def record(self, path: str) -> FileCoverage:
        return FileCoverage(
            path=path,
            covered=tuple(sorted(number for number, hits in self.hits.items() if hits)),
            missing=tuple(sorted(number for number, hits in self.hits.items() if not hits)),
            covered_branches=sum(taken for taken, _ in self.branches.values()),
            missing_branches=sum(total - taken for taken, total in self.branches.values()),
            branches=tuple((line, *self.branches[line]) for line in sorted(self.branches)),
        )


@dataclass(slots=True)
class _Cobertura:
    """Collects the lines of one document, as coverage.py, coverlet, gcovr and istanbul write them."""

    tree: PathResolver
    files: dict[str, _File] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    file: _File | None = None
    pieces: list[str] | None = None
    root: str | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name != "coverage":
                raise BrokenReportError(f"its root is <{name}>")
        if name == "source":
            self.pieces = []
        elif name == "class":
            self.file = self.files.setdefault(attributes.get("filename", ""), _File())
        elif name == "line" and self.file is not None:
            self._line(self.file, attributes)

    def _line(self, file: _File, attributes: Mapping[str, str]) -> None:
        """Lines stand under their class, and again under its methods: the same number is the same line."""
        number, hits = _number(attributes, "number"), _number(attributes, "hits")
        file.line(number, hits)
        conditions = _CONDITIONS.search(attributes.get("condition-coverage", ""))
        if conditions:
            file.branch(number, int(conditions["taken"]), int(conditions["total"]))

    def text(self, text: str) -> None:
        if self.pieces is not None:
            self.pieces.append(text)

    def end(self, name: str) -> None:
        if name == "source":
            self.sources.append("".join(self.pieces or ()).strip())
            self.pieces = None
        elif name == "class":
            self.file = None

    def readings(self, *, complete: bool) -> Readings:
        """Half a report would be a wrong percentage, so it is none."""
        if not complete:
            return Readings()
        located = (
            (_locate(name, self.sources, self.tree), file) for name, file in self.files.items()
        )
        return Readings(coverage=_coverage(_merged(located)))


def _number(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name, "")
    if not _WHOLE.fullmatch(text):
        raise BrokenReportError(f"a line whose {name} is {text!r}")
    return int(text)


def read_cobertura(source: Source, tree: PathResolver) -> Readings:
    """The files of a Cobertura report; a file name is meant from one of the report's sources."""
    return parse(source, lambda: _Cobertura(tree))


def _locate(name: str, sources: Iterable[str], tree: PathResolver) -> str | None:
    candidates = [tree.locate(f"{base}/{name}") for base in sources if base] + [tree.locate(name)]
    known = [candidate for candidate in candidates if candidate in tree.tracked]
    return next(iter(known), next((one for one in candidates if one), None))


def _merged(located: Iterable[tuple[str | None, _File]]) -> Iterator[FileCoverage]:
    """Two names of a report may be one file here; what lies outside of the repository is left out."""
    files: dict[str, _File] = {}
    for path, file in located:
        if path is None:
            continue
        whole = files.setdefault(path, _File())
        for number, hits in file.hits.items():
            whole.line(number, hits)
        for number, (taken, total) in file.branches.items():
            whole.branch(number, taken, total)
    for path, file in files.items():
        yield file.record(path)


@dataclass(slots=True)
class _Jacoco:
    """Collects the source files of a JaCoCo report: `<package name="com/acme"><sourcefile name="Cart.java">`.

    `ci`, `mi`, `cb` and `mb` are covered and missed instructions and branches of a line (its report.dtd).
    """

    tree: PathResolver
    files: dict[str, _File] = field(default_factory=dict)
    package: str = ""
    file: _File | None = None
    root: str | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name != "report":
                raise BrokenReportError(f"its root is <{name}>")
        if name == "package":
            self.package = attributes.get("name", "")
        elif name == "sourcefile":
            path = "/".join(part for part in (self.package, attributes.get("name", "")) if part)
            self.file = self.files.setdefault(path, _File())
        elif name == "line" and self.file is not None:
            number = _number(attributes, "nr")
            self.file.line(number, _number(attributes, "ci"))
            taken = _number({"cb": "0", **attributes}, "cb")
            self.file.branch(number, taken, taken + _number({"mb": "0", **attributes}, "mb"))

    def text(self, text: str) -> None:
        """Only attributes say something."""

    def end(self, name: str) -> None:
        if name == "sourcefile":
            self.file = None

    def readings(self, *, complete: bool) -> Readings:
        """Half a report would be a wrong percentage, so it is none."""
        if not complete:
            return Readings()
        located = ((self._locate(path), file) for path, file in self.files.items())
        return Readings(coverage=_coverage(_merged(located)))

    def _locate(self, path: str) -> str | None:
        """JaCoCo knows packages, not source folders: the one tracked file whose path ends so."""
        name = path.rpartition("/")[2]
        return self.tree.named(name, path.rpartition(".")[0]) or self.tree.locate(path)


def read_jacoco(source: Source, tree: PathResolver) -> Readings:
    """The source files of a JaCoCo XML report."""
    return parse(source, lambda: _Jacoco(tree))


def read_lcov(source: Source, tree: PathResolver) -> Readings:
    """The records of an LCOV tracefile (man geninfo), which lcov, istanbul, grcov and many more write."""
    tracefile = _Lcov()
    for number, row in enumerate(source.text.splitlines(), start=1):
        try:
            tracefile.take(row.strip())
        except (ValueError, OverflowError) as error:
            raise BrokenReportError(f"line {number} is {row[:80]!r}") from error
    if not tracefile.files:
        raise BrokenReportError("it has no record of a file")
    if tracefile.file is not None:
        raise BrokenReportError("its last record has no end")
    located = ((tree.locate(path), file) for path, file in tracefile.files.items())
    return Readings(coverage=_coverage(_merged(located)))


@dataclass(slots=True)
class _Lcov:
    """The records of a tracefile; `file` is the one whose end has not come."""

    files: dict[str, _File] = field(default_factory=dict)
    file: _File | None = None
    branches: dict[int, list[bool]] = field(default_factory=dict)

    def take(self, row: str) -> None:
        """Take one line. Raises ValueError or OverflowError where it is none."""
        key, _, value = row.partition(":")
        if key == "SF":
            self.file, self.branches = self.files.setdefault(value, _File()), {}
        elif self.file is None:
            return
        elif key == "DA":
            line, hits = value.split(",")[:2]
            self.file.line(int(line), max(int(float(hits)), 0))
        elif key == "BRDA":
            line, rest = value.split(",", 1)
            taken = rest.rpartition(",")[2]
            self.branches.setdefault(int(line), []).append(taken not in ("-", "0"))
        elif key == "end_of_record":
            for number, taken_ones in self.branches.items():
                self.file.branch(number, sum(taken_ones), len(taken_ones))
            self.file = None
