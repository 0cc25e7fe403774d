"""Split output into lines."""

from __future__ import annotations

import codecs
import re

LONGEST_LINE = 64 * 1024
"""Characters; a longer line arrives in pieces of exactly this length, and the last piece is shorter, possibly empty.

A piece of this length therefore means that the line continues.
"""
LINE_END = re.compile(r"\r\n|\n|\r")


class LineSplitter:
    """Decodes a stream and returns its lines; a carriage return ends one too, so progress bars do not pile up."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self._continues = False

    def feed(self, content: bytes) -> list[str]:
        """Return the lines that are now complete."""
        text = self._rest + self._decoder.decode(content)
        # A carriage return at the end may be the first half of a line end.
        held = "\r" if text.endswith("\r") else ""
        *lines, rest = LINE_END.split(text.removesuffix("\r"))
        pieces = [piece for line in lines for piece in _pieces(line)]
        *full, rest = _pieces(rest)
        if lines or full:
            self._continues = bool(full)
        self._rest = rest + held
        return pieces + full

    def end(self) -> list[str]:
        """Return the last line, if it has no line end."""
        rest = (self._rest + self._decoder.decode(b"", final=True)).removesuffix("\r")
        return [rest] if rest or self._continues else []


def _pieces(line: str) -> list[str]:
    return [line[start : start + LONGEST_LINE] for start in range(0, len(line) + 1, LONGEST_LINE)]
