"""Reads linters that write a line per finding: Flake8, Ruff, mypy, Pylint."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from heroci_action.readers.base import BrokenReportError, Readings, Source
from heroci_action.readers.locations import Place, diagnostic, positive
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Diagnostic, Severity
from heroci_action.text import without_ansi

_PLACE = r"^(?P<path>[^\n]+?):(?P<line>\d+):(?:(?P<column>\d+):)?"
FLAKE8 = re.compile(_PLACE + r" (?P<rule>[A-Z]+[0-9]+) (?P<text>.*)$", re.MULTILINE)
PYLINT = re.compile(_PLACE + r" (?P<code>[CRWEFI])(?P<rule>\d{4}): (?P<text>.*)$", re.MULTILINE)
RUFF = re.compile(
    _PLACE
    + r" (?P<rule>[A-Z]+[0-9]+|invalid-syntax|SyntaxError|[a-z]+(?:-[a-z]+)+):? (?:\[\*\] )?(?P<text>.*)$"
    r"|^(?P<rule2>[A-Z]+[0-9]+|[a-z]+(?:-[a-z]+)+):? (?:\[\*\] )?(?P<text2>.*)\n"
    r" *--> (?P<path2>[^\n]+?):(?P<line2>\d+):(?P<column2>\d+)$",
    re.MULTILINE,
)
MYPY = re.compile(
    r"^(?P<path>[^\n:]+):(?:(?P<line>\d+):)?(?:(?P<column>\d+):)?(?:(?P<end_line>\d+):\d+:)?"
    r" (?P<level>error|warning|note): (?P<text>.*?)(?:  \[(?P<rule>[a-z0-9-]+)\])?$",
    re.MULTILINE,
)


def read_flake8(source: Source, tree: PathResolver) -> Readings:
    """Flake8's default format."""
    return _read(FLAKE8, source, tree)


def read_pylint(source: Source, tree: PathResolver) -> Readings:
    """Pylint's default format; what it does not call an error or fatal is a warning."""

    def as_told(parts: Mapping[str, str], finding: Diagnostic) -> Diagnostic:
        severe = parts["code"] in "EF"
        severity = Severity.ERROR if severe else Severity.WARNING
        return replace(finding, rule=f"{parts['code']}{parts['rule']}", severity=severity)

    return _read(PYLINT, source, tree, as_told)


def read_mypy(source: Source, tree: PathResolver) -> Readings:
    """Lines of mypy, with or without columns; a note belongs to the finding before it."""
    findings: list[Diagnostic] = []
    for parts, finding in _matches(MYPY, source, tree):
        if parts["level"] == "note":
            if findings and (findings[-1].file, findings[-1].line) == (finding.file, finding.line):
                findings[-1] = replace(
                    findings[-1], message=f"{findings[-1].message}\n{finding.message}"
                )
        else:
            severity = Severity.WARNING if parts["level"] == "warning" else Severity.ERROR
            findings.append(replace(finding, severity=severity))
    return Readings(diagnostics=tuple(findings))


def read_ruff(source: Source, tree: PathResolver) -> Readings:
    """`ruff check`, as JSON or in one of its two formats for people."""
    if source.text.lstrip().startswith("["):
        return Readings(diagnostics=tuple(_from_json(source, tree)))
    return _read(RUFF, source, tree)


def _from_json(source: Source, tree: PathResolver) -> Iterator[Diagnostic]:
    try:
        entries: list[Mapping[str, Any]] = json.loads(source.text)
        for entry in entries:
            place = Place(
                path=str(entry["filename"]),
                line=positive(entry["location"]["row"]),
                end_line=positive(entry["end_location"]["row"]),
                column=positive(entry["location"]["column"]),
            )
            rule = entry.get("code")
            yield diagnostic(
                place,
                str(entry["message"]),
                tool=str(source.kind),
                tree=tree,
                rule=rule and str(rule),
            )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenReportError(f"no JSON of ruff ({error})") from error


def _read(
    pattern: re.Pattern[str],
    source: Source,
    tree: PathResolver,
    finish: Callable[[Mapping[str, str], Diagnostic], Diagnostic] = lambda _, finding: finding,
) -> Readings:
    found = _matches(pattern, source, tree)
    return Readings(diagnostics=tuple(finish(parts, finding) for parts, finding in found))


def _matches(
    pattern: re.Pattern[str], source: Source, tree: PathResolver
) -> Iterator[tuple[Mapping[str, str], Diagnostic]]:
    for match in pattern.finditer(without_ansi(source.text).replace("\r\n", "\n")):
        parts = {key.rstrip("2"): value for key, value in match.groupdict().items() if value}
        yield parts, diagnostic(
            Place.of(parts),
            parts.get("text", ""),
            tool=str(source.kind),
            tree=tree,
            rule=parts.get("rule"),
        )
