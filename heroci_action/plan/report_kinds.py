"""The kinds of report file that a step may produce."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReportKind(StrEnum):
    """The formats that the readers know."""

    JUNIT = "junit"
    DJANGO = "django-record"  # what the probes write: tests, and the databases they used
    DATABASE = "database-record"  # the same, for the databases beside a JUnit report
    COVERAGE_JSON = "coverage-json"
    COBERTURA = "cobertura"
    LCOV = "lcov"
    JACOCO = "jacoco"
    BLACK = "black"
    ISORT = "isort"
    FLAKE8 = "flake8"
    RUFF = "ruff"
    RUFF_FORMAT = "ruff-format"
    MYPY = "mypy"
    PYLINT = "pylint"
    SARIF = "sarif"
    CHECKSTYLE = "checkstyle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a step leaves behind: a file or glob, or its standard output where `path` is None.

    A path is relative to the working directory; `{reports}` in it, in commands and in environments is the stage's own
    scratch directory for report files.
    """

    kind: ReportKind
    path: str | None = None
