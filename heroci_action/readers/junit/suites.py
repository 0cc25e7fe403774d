"""A suite of a JUnit document while it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.readers.junit.outcomes import describe_failed_suite
from heroci_action.text import count

_PYTEST = frozenset({"pytest", "pytest tests"})  # _pytest/junitxml.py: suite and root
_QT = frozenset({"QtVersion", "QTestVersion"})
_FILE = frozenset({"test.fileName", "file", "filename", "filepath"})  # web-test-runner and others
_LEFT_OUT = ("skipped", "ignored", "disabled")
_COUNT = re.compile(r"\s*\+?([0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.0*)?\s*")

Key = tuple[str | None, str | None]
"""The class and the name of a test."""

ClassKey = tuple[str, str]
"""The name and the file of a class, as the attributes of a case state them."""


@dataclass(slots=True, kw_only=True)
class Suite:
    """The totals that a suite declares, and the failures that its cases show.

    `file` is the file of its tests; `sibling_file` the file of the last suite in it, if that was empty: Cypress names
    a file only on such a suite, which precedes the suites of the file. `failed` are failed tests that may run again,
    by their positions among the tests of the document, where this suite begins at `first_test` and `first_row`;
    `classes` are the numbers of its classes by their names and files. `failed_by` is the attribute that states that it
    failed. `outputs` are printed by its tests, if the report does not state by which test.
    """

    name: str = ""
    file: str = ""
    by_pytest: bool = False
    tests: int | None = None
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    failed_by: str = ""
    errors_are_warnings: bool = False
    cases: int = 0
    is_empty: bool = True
    shown: int = 0
    twice: int = 0
    sibling_file: str = ""
    first_row: int = 0
    first_test: int = 0
    failed: dict[Key, int] = field(default_factory=dict)
    classes: dict[ClassKey, int] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, attributes: Mapping[str, str], parent: Suite | None = None) -> Suite:
        """Read the attributes of a suite; it may inherit the file of the parent, or of an empty suite before it."""
        name = attributes.get("name", "")
        inherited = (parent.sibling_file or parent.file) if parent else ""
        return cls(
            name=name,
            file=attributes.get("file") or attributes.get("filepath") or inherited,
            by_pytest=name in _PYTEST or bool(parent and parent.by_pytest),
            tests=_count(attributes.get("tests")),
            failures=_count(attributes.get("failures") or attributes.get("failed")) or 0,
            errors=_count(attributes.get("errors")) or 0,
            skipped=sum(_count(attributes.get(name)) or 0 for name in _LEFT_OUT),
            failed_by=describe_failed_suite(attributes),
        )

    def read_property(self, name: str, value: str) -> None:
        """Note a property if it is about the tests."""
        if name in _QT:
            self.errors_are_warnings = True
        elif name in _FILE and not self.file:
            self.file = value

    def close(self, parent: Suite | None) -> str | None:
        """Add the suite to its parent; return how its attributes contradict its cases, if they do."""
        is_empty = self.is_empty and not self.cases
        if parent:
            parent.shown += max(self.shown, self.failures + self.errors)
            parent.is_empty = parent.is_empty and is_empty
            parent.sibling_file = self.file if is_empty else ""
        contradiction = self._contradiction(is_empty=is_empty)
        return f"suite {self.name!r} {contradiction}" if contradiction else None

    def _contradiction(self, *, is_empty: bool) -> str | None:
        declared = self.failures + (0 if self.errors_are_warnings else self.errors)
        if declared > self.shown:
            shown = f"{self.shown:,}" if self.shown else "none"
            return f"declares {count(declared, 'failure')}, but its test cases show {shown}"
        if self.shown:
            return None
        if self.failed_by:
            return f"states {self.failed_by}, but its test cases show no failure"
        missing = (self.tests or 0) - self.skipped
        if missing > 0 and is_empty:
            return f"declares {count(missing, 'test')}, but contains none"
        return None

    @property
    def has_reruns(self) -> bool:
        """Return whether pytest counted fewer tests than there are cases.

        pytest-rerunfailures leaves each run that is followed by another one as a case without an outcome, which pytest
        does not count. It does count the runs on several interpreters that `pytest-xdist --dist=each` makes, which look
        the same. A test that failed twice, at last in its teardown, has two cases as well.
        """
        return self.by_pytest and self.tests is not None and self.tests < self.cases - self.twice


def _count(text: str | None) -> int | None:
    """Read a total, however it is formatted: `3`, `+3`, `3.0` or `1,234`."""
    match = _COUNT.fullmatch(text) if text else None
    return int(match[1].replace(",", "")) if match else None
