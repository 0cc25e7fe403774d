"""The output of a running step."""

from __future__ import annotations

import re
from collections import deque

from heroci_action.engines.base import Printed, Stream
from heroci_action.observers.base import Observer, Progress
from heroci_action.plan.stages import Step

TAIL_LINES = 200
TAIL_LINE_LENGTH = 2_000
PRINTED_LIMIT = 64 * 1024 * 1024
"""Characters of output that are kept for a report on standard output."""

PROGRESS = "heroci-progress: "
_PROGRESS = re.compile(rf"{PROGRESS}(\d{{1,9}})/(\d{{1,9}}) (\d{{1,9}})$")


class Output:
    """A sink that forwards lines to the observer and keeps their end, or all if a report is read from them."""

    def __init__(self, stage: str, step: Step, observer: Observer) -> None:
        self._names = (stage, step.name)
        self._observer = observer
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._keep = any(report.path is None for report in step.reports)
        self._lines: dict[Stream, list[str]] = {stream: [] for stream in Stream}
        self._size = 0

    def __call__(self, stream: Stream, line: str) -> None:
        """Take one line; messages of the probes about the progress are not output of the step."""
        if PROGRESS in line:
            match = _PROGRESS.search(line)
            if match:
                self._observer.tests_progressed(*self._names, _progress(match))
                line = line[: match.start()]
                if not line:
                    return
        self._tail.append(line[:TAIL_LINE_LENGTH])
        if self._keep and self._size < PRINTED_LIMIT:
            self._size += len(line) + 1
            self._lines[stream].append(line)
        self._observer.output(*self._names, stream, line)

    @property
    def tail(self) -> str:
        """The last lines of both streams in the order of their arrival."""
        return "\n".join(self._tail)

    @property
    def printed(self) -> Printed:
        """The output for reports that are read from it."""
        return Printed(
            stdout="\n".join(self._lines[Stream.STDOUT]),
            stderr="\n".join(self._lines[Stream.STDERR]),
        )


def _progress(match: re.Match[str]) -> Progress:
    ran, total, failed = map(int, match.groups())
    return Progress(ran=ran, total=max(ran, total), failed=failed)
