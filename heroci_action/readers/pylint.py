"""Pylint, in its default format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from heroci_action.readers.base import Readings, Source, each
from heroci_action.readers.format import Category, Format, LintTool, text_matching
from heroci_action.readers.lint_lines import PLACE, matches
from heroci_action.readers.locations import Finding, to_readings
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Severity

_FINDING = re.compile(PLACE + r" (?P<code>[CRWEFI])(?P<rule>\d{4}): (?P<text>.*)$", re.MULTILINE)
_ERROR_CODES = "EF"  # error and fatal; refactor, convention, warning and information are warnings


def read_pylint(source: Source, tree: PathResolver) -> Readings:
    """Read lines such as `a.py:1:0: C0114: Missing module docstring (missing-module-docstring)`."""
    found = (_graded(parts, finding) for parts, finding in matches(_FINDING, source))
    return to_readings(found, source, tree)


def _graded(parts: Mapping[str, str], finding: Finding) -> Finding:
    severity = Severity.ERROR if parts["code"] in _ERROR_CODES else Severity.WARNING
    return replace(finding, rule=f"{parts['code']}{parts['rule']}", severity=severity)


FORMAT = Format(
    kind="pylint",
    title="Pylint",
    category=Category.LINT,
    recognize=text_matching(_FINDING, r"^Your code has been rated at "),
    read=each(read_pylint),
    tool=LintTool(
        name="pylint",
        distribution="pylint",
        default_spec="pylint<=4.1.4",
        command=("pylint", "--output-format=text", "--recursive=y", "."),
        files=("pylintrc", ".pylintrc", "pylintrc.toml", ".pylintrc.toml"),
        sections=frozenset({"pylint", "pylint.MAIN", "pylint.MASTER", "pylint.FORMAT"}),
        hooks=frozenset({"pylint"}),
        only_by_name=True,
        python_matters=True,
        config_option="--rcfile",
    ),
)
