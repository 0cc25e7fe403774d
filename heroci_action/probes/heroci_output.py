"""Keep the output of a test, while it is still printed."""

from __future__ import annotations

from typing import Any, List

from heroci_record import (  # type: ignore[import-not-found,unused-ignore]
    TEXT_LIMIT,
    cut_middle,
)

KEPT_PIECES = 1000
"""Pieces of output that are kept before they are joined."""


class Output:
    """The head and the tail of a test's output."""

    def __init__(self) -> None:
        self._pieces: List[str] = []
        self._size = 0
        self._left_out = 0

    def add(self, text: str) -> None:
        """Append a piece, and drop the middle when there is too much."""
        self._pieces.append(text)
        self._size += len(text)
        if len(self._pieces) > KEPT_PIECES or self._size > 2 * TEXT_LIMIT:
            self._join()

    def _join(self) -> None:
        text = "".join(self._pieces)
        half = TEXT_LIMIT // 2
        if len(text) > 2 * TEXT_LIMIT:
            self._left_out += len(text) - 2 * half
            text = text[:half] + text[-half:]
        self._pieces, self._size = [text], len(text)

    def text(self, limit: int) -> str:
        """Return the text up to the limit, with a note about what was cut."""
        return cut_middle("".join(self._pieces), limit, left_out=self._left_out)


class Tee:
    """A stream that also keeps the output."""

    def __init__(self, stream: Any, kept: Output) -> None:
        self._heroci_stream = stream
        self._heroci_kept = kept

    def write(self, text: Any) -> Any:
        """Write to the stream, and keep the text."""
        if isinstance(text, str):
            self._heroci_kept.add(text)
        return self._heroci_stream.write(text)

    def writelines(self, lines: Any) -> None:
        """Write each of the lines."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._heroci_stream, name)
