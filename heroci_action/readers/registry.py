"""The formats that HeroCI reads."""

from __future__ import annotations

from collections.abc import Mapping

from heroci_action.readers import (
    black,
    checkstyle,
    cobertura,
    coverage_json,
    flake8,
    isort,
    jacoco,
    junit,
    lcov,
    mypy,
    pylint,
    records,
    ruff,
    ruff_format,
    sarif,
)
from heroci_action.readers.format import Format, Head, LintTool

# The first format that recognizes a file reads it; lint tools run in this order, too.
FORMATS: tuple[Format, ...] = (
    junit.FORMAT,
    cobertura.FORMAT,
    jacoco.FORMAT,
    lcov.FORMAT,
    checkstyle.FORMAT,
    sarif.FORMAT,
    coverage_json.FORMAT,
    black.FORMAT,
    isort.FORMAT,
    flake8.FORMAT,
    pylint.FORMAT,
    mypy.FORMAT,
    ruff.FORMAT,
    ruff_format.FORMAT,
    records.DJANGO,
    records.DATABASE,
)
BY_KIND: Mapping[str, Format] = {one.kind: one for one in FORMATS}
LINT_TOOLS: Mapping[str, LintTool] = {one.kind: one.tool for one in FORMATS if one.tool}
# Programs that rewrite files and have no mode that only checks, so that they run on copies of the files.
REWRITERS = frozenset(
    {
        "absolufy-imports",
        "add-trailing-comma",
        "django-upgrade",
        "pyupgrade",
        "reorder-python-imports",
        "setup-cfg-fmt",
        "yesqa",
    }
)


def recognize(start: bytes) -> Format | None:
    """Return the format of a file by its first bytes, after unpacking; None if it is unknown."""
    head = Head.of(start)
    return next((one for one in FORMATS if one.recognize and one.recognize(head)), None)
