"""The report files that a step produces."""

from __future__ import annotations

from dataclasses import dataclass

# The formats of HeroCI's own stages; `readers.registry` has them all.
JUNIT = "junit"
DJANGO_RECORD = "django-record"
DATABASE_RECORD = "database-record"
TEST_CONTEXTS = "test-contexts"
"""What each test executed: no report, but kept for `heroci run --affected`."""
COVERAGE_JSON = "coverage-json"
RECORDS = frozenset({DJANGO_RECORD, DATABASE_RECORD, TEST_CONTEXTS})
"""What HeroCI's probes write: the project's limit on report files does not apply to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A file or glob that a step produces, or its standard output if `path` is None.

    `kind` is the name of a format. A path is relative to the working directory; `{reports}` in it, in commands and in
    environments is the stage's scratch directory for report files. If the report is `required`, a step without a file
    that matches has not passed.
    """

    kind: str
    path: str | None = None
    required: bool = False
