"""Output that is kept until someone receives it."""

from __future__ import annotations

from heroci_action.engines.base import Sink, Stream


class Relay:
    """A sink that keeps lines until another sink is connected."""

    def __init__(self) -> None:
        self._kept: list[tuple[Stream, str]] = []
        self._sink: Sink | None = None

    def __call__(self, stream: Stream, line: str) -> None:
        """Pass a line on, or keep it."""
        if self._sink:
            self._sink(stream, line)
        else:
            self._kept.append((stream, line))

    def connect(self, sink: Sink) -> None:
        """Send the lines that were kept, and all later ones, to the first sink that is connected."""
        if self._sink is None:
            self._sink = sink
            for stream, line in self._kept:
                sink(stream, line)
