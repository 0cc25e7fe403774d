"""Tells from the first bytes of a report what it is."""

from __future__ import annotations

import re

from heroci_action.plan.report_kinds import ReportKind
from heroci_action.readers.lines import FLAKE8, MYPY, PYLINT, RUFF
from heroci_action.text import without_ansi

SNIFFED = 1 << 16  # bytes at the start that are looked at

_ROOTS = {
    "testsuites": ReportKind.JUNIT,
    "testsuite": ReportKind.JUNIT,
    "coverage": ReportKind.COBERTURA,
    "report": ReportKind.JACOCO,
    "checkstyle": ReportKind.CHECKSTYLE,
}
_ROOT = re.compile(r"<(?:\w+:)?([A-Za-z][\w.-]*)[\s/>]")
_ASIDE = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL)

# Lines that a tool writes and no other; the order decides where two could have written it.
_TEXTS = (
    (ReportKind.LCOV, re.compile(r"^(?:TN:.*\n)?SF:", re.MULTILINE)),
    (
        ReportKind.ISORT,
        re.compile(r"^ERROR: .+ Imports are incorrectly sorted|^--- .+:before\t", re.MULTILINE),
    ),
    (
        ReportKind.BLACK,
        re.compile(r"^would reformat |^error: cannot format |^--- .+\n\+\+\+ ", re.MULTILINE),
    ),
    (ReportKind.RUFF_FORMAT, re.compile(r"^Would reformat: ", re.MULTILINE)),
    (ReportKind.PYLINT, PYLINT),
    (ReportKind.FLAKE8, FLAKE8),
    (ReportKind.MYPY, MYPY),
    (ReportKind.RUFF, RUFF),
    # Good news.
    (ReportKind.RUFF, re.compile(r"^All checks passed!", re.MULTILINE)),
    (ReportKind.MYPY, re.compile(r"^Success: no issues found", re.MULTILINE)),
    (ReportKind.PYLINT, re.compile(r"^Your code has been rated at ", re.MULTILINE)),
    (ReportKind.BLACK, re.compile(r"^\d+ files? would be left unchanged", re.MULTILINE)),
    (ReportKind.RUFF_FORMAT, re.compile(r"^\d+ files? already formatted", re.MULTILINE)),
)


def kind_of(start: bytes) -> ReportKind | None:
    """The format of a report by its unpacked first bytes; None for one that is not known."""
    wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = start[:SNIFFED].decode("utf-16" if wide else "utf-8-sig", errors="replace").lstrip()
    if text.startswith("<"):
        root = _ROOT.match(_ASIDE.sub("", text).lstrip())
        return _ROOTS.get(root[1]) if root else None
    if text.startswith("{"):
        return ReportKind.SARIF if re.search(r'"runs"\s*:', text) else ReportKind.COVERAGE_JSON
    if text.startswith("["):
        return ReportKind.RUFF
    plain = without_ansi(text).replace("\r\n", "\n")
    return next((kind for kind, pattern in _TEXTS if pattern.search(plain)), None)
