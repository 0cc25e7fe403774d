"""Print how many tests have run, for people who wait; see the package's docstring for the environment variable."""

from __future__ import annotations

import os
import time

INTERVAL = 0.25
"""Seconds between two lines."""


class Progress:
    """The tests of this process and its workers: planned, run and failed.

    The lines go to a copy of a file descriptor, because test runners replace and capture the standard streams. It is
    the stream that the runner itself does not use, so that no line of dots is torn.
    """

    def __init__(self, descriptor: int) -> None:
        self._pid = os.getpid()
        self._planned = self._ran = self._failed = 0
        self._printed = 0.0
        try:
            self._descriptor = os.dup(descriptor) if os.environ.get("HEROCI_PROGRESS") else -1
        except OSError:  # the caller has closed the stream
            self._descriptor = -1

    def plan(self, tests: int) -> None:
        """Take the number of tests that will run."""
        self._planned = tests
        self._print()

    def plan_more(self, tests: int) -> None:
        """Take the number of tests that will run in addition."""
        self.plan(self._planned + tests)

    def end_test(self) -> None:
        """Count a test that has ended."""
        self._ran += 1
        if time.monotonic() - self._printed >= INTERVAL or self._ran == self._planned:
            self._print()

    def add_failure(self) -> None:
        """Count a failure."""
        self._failed += 1

    def _print(self) -> None:
        if self._descriptor < 0 or self._pid != os.getpid():
            return
        self._printed = time.monotonic()
        line = "heroci-progress: {}/{} {}\n".format(self._ran, self._planned, self._failed)
        try:
            os.write(self._descriptor, line.encode("ascii"))
        except OSError:  # the reader has gone
            self._descriptor = -1
