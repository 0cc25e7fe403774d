"""Reads coverage: coverage.py's JSON and Cobertura XML."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from heroci_action.readers.base import BrokenReportError, Readings, Source, Tree
from heroci_action.readers.xml import parse
from heroci_action.results import Coverage, FileCoverage

_CONDITIONS = re.compile(r"\((?P<taken>\d{1,9})/(?P<total>\d{1,9})\)")


def read_coverage_json(source: Source, tree: Tree) -> Readings:
    """The files that coverage.py measured; those outside of the repository are left out."""
    try:
        measured = json.loads(source.content)["files"]
        files = [_from_json(path, entry, tree) for path, entry in measured.items()]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise BrokenReportError(f"no JSON report of coverage.py ({error})") from error
    return Readings(coverage=_coverage(file for file in files if file))


def _from_json(path: str, entry: Mapping[str, Any], tree: Tree) -> FileCoverage | None:
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
    """A class of a Cobertura report; several may lie in one file."""

    hits: dict[int, int] = field(default_factory=dict)
    branches: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(slots=True)
class _Cobertura:
    """Collects the lines of one document."""

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
        try:
            number, hits = int(attributes["number"]), int(attributes["hits"])
        except (KeyError, ValueError) as error:
            raise BrokenReportError(f"a line without {error}") from error
        file.hits[number] = max(hits, file.hits.get(number, 0))
        conditions = _CONDITIONS.search(attributes.get("condition-coverage", ""))
        if conditions:
            file.branches[number] = (int(conditions["taken"]), int(conditions["total"]))

    def text(self, text: str) -> None:
        if self.pieces is not None:
            self.pieces.append(text)

    def end(self, name: str) -> None:
        if name == "source":
            self.sources.append("".join(self.pieces or ()).strip())
            self.pieces = None
        elif name == "class":
            self.file = None


def read_cobertura(source: Source, tree: Tree) -> Readings:
    """The files of a Cobertura report; a file name is meant from one of the report's sources."""
    handler = _Cobertura()
    parse(source, handler)
    located = ((_locate(name, handler.sources, tree), file) for name, file in handler.files.items())
    return Readings(coverage=_coverage(_file(path, file) for path, file in located if path))


def _locate(name: str, sources: Iterable[str], tree: Tree) -> str | None:
    candidates = [tree.locate(f"{base}/{name}") for base in sources if base] + [tree.locate(name)]
    known = [candidate for candidate in candidates if candidate in tree.tracked]
    return next(iter(known), next((one for one in candidates if one), None))


def _file(path: str, file: _File) -> FileCoverage:
    return FileCoverage(
        path=path,
        covered=tuple(sorted(number for number, hits in file.hits.items() if hits)),
        missing=tuple(sorted(number for number, hits in file.hits.items() if not hits)),
        covered_branches=sum(taken for taken, _ in file.branches.values()),
        missing_branches=sum(total - taken for taken, total in file.branches.values()),
        branches=tuple((line, *file.branches[line]) for line in sorted(file.branches)),
    )
