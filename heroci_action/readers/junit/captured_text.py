"""The text of elements, as a parser reports it in pieces."""

from __future__ import annotations

from xml.parsers import expat

from heroci_action.results.bounds import MAX_TEXT
from heroci_action.text import cut_middle

MAX_ELEMENT = MAX_TEXT - 4_096  # characters of an element, so that one alone is rarely cut twice


class CapturedText:
    """Captures text from a parser between `start` and `take`."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        self._pieces: list[str] = []
        self._left_out = 0

    def start(self) -> None:
        """Capture the text that follows."""
        self._pieces = []
        self._left_out = 0
        self._parser.CharacterDataHandler = self._pieces.append

    def take(self) -> str:
        """Return the text, and capture no more."""
        self._parser.CharacterDataHandler = None
        text = "".join(self._pieces)
        self._pieces = []
        return cut_middle(text, MAX_ELEMENT, left_out=self._left_out)

    def trim(self) -> None:
        """Drop the middle of a very long text, so that it takes no more memory."""
        if len(self._pieces) > 1 and sum(map(len, self._pieces)) > 2 * MAX_ELEMENT:
            text = "".join(self._pieces)
            half = MAX_ELEMENT // 2
            self._left_out += len(text) - 2 * half
            self._pieces[:] = [text[:half], text[-half:]]
