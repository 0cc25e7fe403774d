"""Read apt-get's messages about packages that it does not know."""

from __future__ import annotations

import re
from collections.abc import Iterable

from heroci_action.engines.base import Sink, Stream
from heroci_action.text import some

_UNKNOWN = re.compile(
    r"E: (?:Unable to locate package (\S+)|Package '([^']+)' has no installation candidate)"
)


class AptMessages:
    """A sink that remembers the packages that apt-get does not know: from another release or distribution."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.unknown: list[str] = []

    def __call__(self, stream: Stream, line: str) -> None:
        """Pass a line on."""
        self._sink(stream, line)
        if match := _UNKNOWN.match(line):
            self.unknown.append(match[1] or match[2])

    def known(self, packages: Iterable[str]) -> tuple[str, ...]:
        """Return the packages without the unknown ones, of which a version or an architecture may be wanted."""
        return tuple(name for name in packages if re.split(r"[=:/]", name)[0] not in self.unknown)


def warn_of_missing(packages: Iterable[str], installed: Iterable[str] = ()) -> tuple[str, ...]:
    """Return a warning that names the packages that are not installed, if there are any."""
    missing = [name for name in packages if name not in installed]
    text = f"system packages could not be installed: {some(missing, limit=10)}"
    return (text,) if missing else ()
