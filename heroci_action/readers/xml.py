"""Streams XML through expat: constant memory, no entities of the document's own, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from xml.parsers import expat

from heroci_action.readers.base import BrokenReportError, Source

CHUNK = 1 << 16  # bytes


class Handler(Protocol):
    """Is told of the elements of a document in their order."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins; `name` comes without its namespace."""
        ...

    def text(self, text: str) -> None:
        """A piece of text, not always all of it at once."""
        ...

    def end(self, name: str) -> None:
        """An element ends."""
        ...


def parse(source: Source, handler: Handler) -> None:
    """Tell the handler of the whole document. Raises BrokenReportError where it is none, or defines entities."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: handler.start(_local(name), attributes)
    parser.EndElementHandler = lambda name: handler.end(_local(name))
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse_definitions
    if not source.content.strip():
        raise BrokenReportError("it is empty")
    try:
        for start in range(0, len(source.content), CHUNK):
            parser.Parse(source.content[start : start + CHUNK], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise BrokenReportError(str(error)) from error


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse_definitions(
    _name: str, _system: str | None, _public: str | None, has_internal_subset: int
) -> None:
    """A reference to a DTD is harmless, because nobody fetches it; definitions could be bombs."""
    if has_internal_subset:
        raise BrokenReportError("it defines entities of its own, which is not read")
