"""The records of measured coverage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCoverage:
    """The lines of one file that ran and that did not, and its branches if they were measured.

    `branches` are a line, how many of its branches were taken, and how many there are; `missed_branches` are a line and
    the names of the branches that were not taken. A report that only counts branches leaves both empty.
    """

    path: str
    covered: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    covered_branches: int = 0
    missing_branches: int = 0
    branches: tuple[tuple[int, int, int], ...] = ()
    missed_branches: tuple[tuple[int, tuple[str, ...]], ...] = ()

    @property
    def measured(self) -> int:
        """Statements and branches together, as coverage.py counts its percentage."""
        return len(self.covered) + len(self.missing) + self.covered_branches + self.missing_branches

    @property
    def ran(self) -> int:
        """The part of `measured` that ran."""
        return len(self.covered) + self.covered_branches


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedFile:
    """A measured file that fits no file of the repository; `path` is as reported, the numbers as in FileCoverage."""

    path: str
    measured: int
    ran: int


def _percent(files: Iterable[FileCoverage | UnmatchedFile]) -> float | None:
    measured = ran = 0
    for file in files:
        measured += file.measured
        ran += file.ran
    return _share(ran, measured - ran)


def _share(ran: int, missing: int) -> float | None:
    """Return the percentage that ran; None if nothing was measured."""
    return 100 * ran / (ran + missing) if ran + missing else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the project's code the tests ran.

    `unmatched` are measured files that fit no file of the repository and count nowhere. `unreadable` are the coverage
    reports that could not be read.
    """

    files: tuple[FileCoverage, ...] = ()
    unmatched: tuple[UnmatchedFile, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def percent(self) -> float | None:
        """Covered statements and branches, 0 to 100; None if nothing was measured."""
        return _percent(self.files)

    @property
    def line_percent(self) -> float | None:
        """Covered lines, 0 to 100; None if none was measured."""
        ran = sum(len(file.covered) for file in self.files)
        return _share(ran, sum(len(file.missing) for file in self.files))

    @property
    def branch_percent(self) -> float | None:
        """Covered branches, 0 to 100; None if none was measured."""
        ran = sum(file.covered_branches for file in self.files)
        return _share(ran, sum(file.missing_branches for file in self.files))

    @property
    def percent_with_unmatched(self) -> float:
        """The same with the files that are not in the repository; 0 if nothing was measured."""
        return _percent((*self.files, *self.unmatched)) or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLines:
    """The coverage of the lines that changed since `base`, a commit; files without measured changes are left out.

    `unknown` are changed files that no report contains although it measures their language: their lines are missing.
    `problem` says why it is not known which lines changed.
    """

    base: str
    files: tuple[FileCoverage, ...] = ()
    unknown: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def percent(self) -> float | None:
        """Covered changed lines, 0 to 100; None if no changed line was measured."""
        return _percent(self.files)
