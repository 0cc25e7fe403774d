"""mypy, in its default format, with or without columns."""

from __future__ import annotations

import re
from dataclasses import replace

from heroci_action.readers.base import Readings, Source, each
from heroci_action.readers.format import Category, Format, LintTool, text_matching
from heroci_action.readers.lint_lines import check_total, matches
from heroci_action.readers.locations import Finding, to_readings
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Severity

_FINDING = re.compile(
    r"^(?P<path>[^\n:]+):(?:(?P<line>\d+):)?(?:(?P<column>\d+):)?(?:(?P<end_line>\d+):\d+:)?"
    r" (?P<level>error|warning|note): (?P<text>.*?)(?:  \[(?P<rule>[a-z0-9-]+)\])?$",
    re.MULTILINE,
)
_TOTAL = re.compile(r"^Found (?P<total>\d{1,9}) errors? in ", re.MULTILINE)


def read_mypy(source: Source, tree: PathResolver) -> Readings:
    """Read lines such as `a.py:1: error: Incompatible types  [assignment]`; a note belongs to the finding before it."""
    findings: list[Finding] = []
    for parts, finding in matches(_FINDING, source):
        if parts["level"] != "note":
            severity = Severity.WARNING if parts["level"] == "warning" else Severity.ERROR
            findings.append(replace(finding, severity=severity))
        elif findings and str(findings[-1].place) == str(finding.place):
            message = f"{findings[-1].message}\n{finding.message}"
            findings[-1] = replace(findings[-1], message=message)
    return check_total(to_readings(findings, source, tree), source, _TOTAL)


FORMAT = Format(
    kind="mypy",
    title="mypy",
    category=Category.LINT,
    recognize=text_matching(_FINDING, r"^Success: no issues found"),
    read=each(read_mypy),
    tool=LintTool(
        name="mypy",
        distribution="mypy",
        default_spec="mypy<=2.4.1",
        command=("mypy", "--no-pretty", "--no-color-output", "--show-column-numbers", "."),
        files=("mypy.ini", ".mypy.ini"),
        sections=frozenset({"mypy"}),
        hooks=frozenset({"mypy"}),
        cache_variable="MYPY_CACHE_DIR",
        only_by_name=True,
        python_matters=True,
        python_option="--python-version",
        config_option="--config-file",
    ),
)
