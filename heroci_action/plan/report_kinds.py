"""The kinds of report file that a step may produce."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReportKind(StrEnum):
    """The formats that HeroCI reads."""

    JUNIT = "junit"
    # Written by the probes: tests and the databases they used.
    DJANGO = "django-record"
    # The same for a run whose tests are also in a JUnit file.
    DATABASE = "database-record"
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
    """A report that a step produces: a file, a glob, or the standard output if `path` is None.

    A path is relative to the working directory. In paths, commands and environments, `{reports}` is the stage's scratch
    directory for report files.
    """

    kind: ReportKind
    path: str | None = None
