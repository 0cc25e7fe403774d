"""Recognize the format of a file by its content, and read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from heroci_action.plan.report_kinds import JUNIT
from heroci_action.readers import read_sources
from heroci_action.readers.base import BrokenReportError, Readings, Source
from heroci_action.readers.coverage import unreadable
from heroci_action.readers.format import HEAD_SIZE, Category, Head, xml_root
from heroci_action.readers.registry import BY_KIND, FORMATS, recognize
from heroci_action.readers.unsupported import recognize_unsupported
from heroci_action.repository.paths import PathResolver

# https://maven.apache.org/surefire/maven-failsafe-plugin: the usual glob matches it too.
_FAILSAFE_SUMMARY = xml_root("failsafe-summary")
# A linter without findings prints nothing, but writes a document in these formats.
_NEVER_EMPTY = re.compile(r"\.(?:json|sarif|xml)(?:\.gz)?$", re.IGNORECASE)
_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)


def read_recognized(source: Source, tree: PathResolver) -> tuple[Category, Readings]:
    """Read a file by its content, and return its category.

    The kind of the source is the expected one. A file of an unknown format is a problem, a file without tests is a
    warning.
    """
    expected = BY_KIND[source.kind].category
    try:
        start = _start(source)
    except BrokenReportError as broken:
        return expected, _problem(source, expected, str(broken))
    found = recognize(start)
    if _FAILSAFE_SUMMARY(Head.of(start)):
        return expected, Readings(
            warnings=(f"{source.path}: a summary of Failsafe, without tests",)
        )
    if found is None:
        category, reason = _unknown(start, expected, source.path)
        if reason:
            return category, _problem(source, category, reason)
    actual = replace(source, kind=found.kind) if found else source
    readings = read_sources([actual], tree=tree)
    if actual.kind == JUNIT and not _says_anything(readings):
        readings = replace(readings, warnings=(f"{source.path}: contains no test",))
    return BY_KIND[actual.kind].category, readings


def _says_anything(readings: Readings) -> bool:
    return bool(readings.tests or readings.passed or readings.warnings or readings.problems)


def _unknown(start: bytes, expected: Category, path: str) -> tuple[Category, str]:
    """Return why a file cannot be read; no reason if its reader finds out, or if a linter printed nothing."""
    other = recognize_unsupported(start)
    if other:
        return other.category, str(other)
    if _HTML.match(start):
        return expected, "this is an HTML page, as a failed download leaves it"
    if not start.strip():
        is_broken = expected is Category.COVERAGE or _NEVER_EMPTY.search(path)
        return expected, "it is empty" if is_broken else ""
    if expected is Category.TESTS:
        return expected, ""
    titles = [one.title for one in FORMATS if one.category is expected]
    return expected, f"unknown format; HeroCI reads {_enumerate(titles)}"


def _enumerate(titles: Iterable[str]) -> str:
    *first, last = titles
    return f"{', '.join(first)} and {last}"


def _problem(source: Source, category: Category, reason: str) -> Readings:
    if category is Category.COVERAGE:
        return unreadable(source, reason)
    return Readings(problems=(f"{source.path}: {reason}",))


def _start(source: Source) -> bytes:
    """Return the first bytes, uncompressed, even of a damaged file. Raises BrokenReportError."""
    start = b""
    try:
        for chunk in source.chunks():
            start += chunk
            if len(start) >= HEAD_SIZE:
                break
    except BrokenReportError:
        if not start:
            raise
    return start
